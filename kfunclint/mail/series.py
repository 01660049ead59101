"""Mails put together to series, series to families of rerolls, and the choice of the version to review."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from kfunclint.errors import InputError
from kfunclint.mail.message import Mail, Series, whole

# Similar titles are looked for among this many families of an author, so that the work stays linear.
_LOOK_BACK = 20


@dataclass
class _Group:
    """A series in the making: its mails by number, and the thread they stand in ("" for none)."""

    thread: str
    mails: dict[int, Mail] = field(default_factory=dict)
    senders: set[str] = field(default_factory=set)

    def add(self, mail: Mail) -> None:
        self.mails[mail.subject.number] = mail
        self.senders.add(address(mail))

    def holds_like(self, mail: Mail) -> bool:
        """Is there a mail of this number already that this one may replace: the same once more, or a resend?"""
        namesake = self.mails.get(mail.subject.number)
        if namesake is None or address(mail) not in self.senders:
            return False
        return namesake.subject.title == mail.subject.title or bool(self.thread and mail.subject.total > 1)


def group_mails(mails: Sequence[Mail]) -> tuple[Series, ...]:
    """Group mails to series, and number the families of their rerolls."""
    roots = _roots(mails)
    buckets: dict[tuple[object, ...], list[_Group]] = {}
    order: list[_Group] = []
    for mail in mails:
        thread = roots[id(mail)]
        tags = () if thread else tuple(sorted(tag.lower() for tag in mail.subject.tags))
        groups = buckets.setdefault((thread, mail.subject.version, mail.subject.total, tags), [])
        group = _group_of(groups, mail)
        if group is None:
            group = _Group(thread)
            groups.append(group)
            order.append(group)
        group.add(mail)
    return _number_families([(group.thread, _series(group)) for group in _join_batches(order)])


def _join_batches(groups: Sequence[_Group]) -> list[_Group]:
    """Join what was sent in several threads, such as a cover letter apart from its patches or a series in two batches:
    neighbours of one sender, version, total and tags that are whole only together."""
    batches: list[_Group] = []
    waiting: dict[tuple[object, ...], _Group] = {}
    for group in groups:
        mail = next(iter(group.mails.values()))
        key = (
            address(mail),
            mail.subject.version,
            mail.subject.total,
            tuple(sorted(tag.lower() for tag in mail.subject.tags)),
        )
        neighbour = waiting.pop(key, None)
        if (
            neighbour
            and not neighbour.mails.keys() & group.mails.keys()
            and whole({**neighbour.mails, **group.mails}, mail.subject.total)
        ):
            neighbour.mails.update(group.mails)
            continue
        batches.append(group)
        if not whole(group.mails, mail.subject.total) or 0 not in group.mails:
            waiting[key] = group
    return batches


def select_versions(series: Sequence[Series], version: int | None, every: bool) -> tuple[Series, ...]:
    """See inbox.select_series()."""
    if every:
        return tuple(series)
    if version is not None:
        of_version = tuple(candidate for candidate in series if candidate.version == version)
        if not of_version and series:
            versions = ", ".join(str(number) for number in sorted({candidate.version for candidate in series}))
            raise InputError(_opening_mail(series[0]).source.file, None, f"no version {version} in it, only {versions}")
        return of_version
    families: dict[int, list[Series]] = {}
    for candidate in series:
        families.setdefault(candidate.family, []).append(candidate)
    return tuple(
        next((candidate for candidate in reversed(family) if candidate.complete), family[-1])
        for family in families.values()
    )


def address(mail: Mail) -> str:
    """Who sent a mail, to tell people apart: the address, or the name where there is none."""
    sender = mail.headers.sender or mail.headers.author
    return sender.rpartition("<")[2].rstrip("> ").casefold()


_STEM = re.compile(r"(.+?)-\d{1,4}(-[^@]{1,200}@.{1,200})")


def _roots(mails: Sequence[Mail]) -> dict[int, str]:
    """The message-id that opens the thread of each mail (by id()). Where headers were dropped on the way, the part of
    the id that git gives to all mails of a series stands in for it; "" where there is neither."""
    parents = {mail.headers.message_id: _parent(mail) for mail in mails if mail.headers.message_id}
    linked = set(parents.values())
    roots: dict[str, str] = {}
    threads = {}
    for mail in mails:
        root = _root(_parent(mail) or mail.headers.message_id, parents, roots)
        is_alone = not _parent(mail) and root not in linked
        stem = _STEM.fullmatch(mail.headers.message_id) if is_alone else None
        threads[id(mail)] = (stem[1] + stem[2] if stem and mail.subject.total > 1 else "") if is_alone else root
    return threads


def _parent(mail: Mail) -> str:
    return mail.headers.references[0] if mail.headers.references else mail.headers.in_reply_to


def _root(start: str, parents: dict[str, str], roots: dict[str, str]) -> str:
    """Follow the parents up; a loop ends where it began."""
    passed, message_id = dict[str, None](), start
    while message_id not in roots and message_id not in passed and parents.get(message_id):
        passed[message_id] = None
        message_id = parents[message_id]
    root = roots.get(message_id, message_id)
    roots.update(dict.fromkeys(passed, root))
    return root


def _group_of(groups: Sequence[_Group], mail: Mail) -> _Group | None:
    """The group of the same thread, version and total that a mail belongs to."""
    sender = address(mail)
    recent = groups[-_LOOK_BACK:][::-1]
    for group in recent:
        if group.holds_like(mail):
            return group
    with_room = [group for group in recent if mail.subject.number not in group.mails]
    return next((group for group in with_room if sender in group.senders), with_room[0] if with_room else None)


_BASE = re.compile(r"^base-commit: ([0-9a-f]{7,64})[ \t]*$", re.M)
_PREREQUISITE = re.compile(r"^prerequisite-patch-id: ([0-9a-f]{7,64})[ \t]*$", re.M)


def _series(group: _Group) -> Series:
    mails = [mail for _, mail in sorted(group.mails.items())]
    cover = mails[0] if mails[0].subject.number == 0 else None
    patches = tuple(mails[1:] if cover else mails)
    trailing = [mail.body for mail in (*((cover,) if cover else ()), *patches[::-1])]
    bases = [match[1] for body in trailing if (match := _BASE.search(body))]
    prerequisites = dict.fromkeys(patch_id for body in trailing for patch_id in _PREREQUISITE.findall(body))
    first = mails[0]
    return Series(
        patches, cover, first.subject.version, first.subject.total, bases[0] if bases else "", tuple(prerequisites)
    )


def _opening_mail(series: Series) -> Mail:
    return series.cover or series.patches[0]


def _number_families(threads: Sequence[tuple[str, Series]]) -> tuple[Series, ...]:
    """Number the families of rerolls; families in order of appearance, their versions oldest first."""
    families: list[list[Series]] = []
    families_by_key: dict[str, list[int]] = {}
    for thread, version in threads:
        keys = _keys(thread, version)
        number = _family(version, families, [families_by_key.get(key, [])[-_LOOK_BACK:] for key in keys])
        if number == len(families):
            families.append([])
        families[number].append(replace(version, family=number))
        for key in filter(None, keys):
            if number not in families_by_key.setdefault(key, [])[-_LOOK_BACK:]:
                families_by_key[key].append(number)
    return tuple(version for family in families for version in sorted(family, key=age))


_CHANGE = re.compile(r"^change-id: (\S{1,200})[ \t]*$", re.M)


def _keys(thread: str, series: Series) -> tuple[str, str, str]:
    """What rerolls may share: b4's change-id with the author, the author, the thread; "" where there is none."""
    change = _CHANGE.search(_opening_mail(series).body)
    author = address(_opening_mail(series))
    same_change = f"change {change[1]} of {author}" if change else ""
    return same_change, f"author {author}" if author else "", f"thread {thread}" if thread else ""


def _family(series: Series, families: Sequence[Sequence[Series]], candidates: Sequence[Sequence[int]]) -> int:
    """The family a series belongs to, or the number of a new one; candidates by change-id, author and thread."""
    by_change, by_author, by_thread = candidates
    if by_change:
        return by_change[-1]
    for number in (*by_author[::-1], *by_thread[::-1]):
        if any(is_reroll(series, member) for member in families[number][-_LOOK_BACK:]):
            return number
    for number in by_thread[::-1]:
        ages = {age(member) for member in families[number]}
        if number in by_author and age(series) not in ages and (series.total > 1) == (families[number][-1].total > 1):
            return number
    return len(families)


def age(series: Series) -> tuple[bool, int]:
    """Orders the versions of a family: RFCs come before what they ask comments for."""
    return not any(tag.lower() == "rfc" for tag in _opening_mail(series).subject.tags), series.version


def is_reroll(series: Series, other: Series) -> bool:
    """Are two series versions of one another by their titles, or the same version sent twice?"""
    if age(series) == age(other):
        return _titles(series) == _titles(other)
    titles, other_titles = _titles(series), _titles(other)
    numbers = sorted(titles.keys() & other_titles.keys())
    if numbers and _are_alike(titles[numbers[0]], other_titles[numbers[0]]):
        return True
    shared = len(set(titles.values()) & set(other_titles.values()))
    return shared > 0 and 2 * shared >= min(len(titles), len(other_titles))


def _titles(series: Series) -> dict[int, str]:
    return {
        mail.subject.number: mail.subject.title
        for mail in (*((series.cover,) if series.cover else ()), *series.patches)
    }


def _are_alike(title: str, other: str) -> bool:
    """Do two titles share three words of five, and an identifier where both have one?"""
    words, other_words = _words(title), _words(other)
    names, other_names = ({word for word in side if "_" in word} for side in (words, other_words))
    share_name = not (names and other_names) or bool(names & other_names)
    return 5 * len(words & other_words) >= 3 * len(words | other_words) > 0 and share_name


def _words(title: str) -> set[str]:
    return set(re.findall(r"\w+", title.casefold()))
