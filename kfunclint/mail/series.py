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
        known = self.mails.get(mail.subject.number)
        if known is None or address(mail) not in self.senders:
            return False
        return known.subject.title == mail.subject.title or bool(self.thread and mail.subject.total > 1)


def grouped(mails: Sequence[Mail]) -> tuple[Series, ...]:
    """Group mails to series, and number the families of their rerolls."""
    roots = _roots(mails)
    buckets: dict[tuple[object, ...], list[_Group]] = {}
    order: list[_Group] = []
    for mail in mails:
        thread = roots[id(mail)]
        tags = () if thread else tuple(sorted(tag.lower() for tag in mail.subject.tags))
        groups = buckets.setdefault((thread, mail.subject.version, mail.subject.total, tags), [])
        group = _home(groups, mail)
        if group is None:
            group = _Group(thread)
            groups.append(group)
            order.append(group)
        group.add(mail)
    return _related([(group.thread, _series(group)) for group in _joined(order)])


def _joined(groups: Sequence[_Group]) -> list[_Group]:
    """Join what was sent in several threads, such as a cover letter apart from its patches or a series in two batches:
    neighbours of one sender, version, total and tags that are whole only together."""
    joined: list[_Group] = []
    waiting: dict[tuple[object, ...], _Group] = {}
    for group in groups:
        mail = next(iter(group.mails.values()))
        key = (
            address(mail),
            mail.subject.version,
            mail.subject.total,
            tuple(sorted(tag.lower() for tag in mail.subject.tags)),
        )
        other = waiting.pop(key, None)
        if (
            other
            and not other.mails.keys() & group.mails.keys()
            and whole({**other.mails, **group.mails}, mail.subject.total)
        ):
            other.mails.update(group.mails)
            continue
        joined.append(group)
        if not whole(group.mails, mail.subject.total) or 0 not in group.mails:
            waiting[key] = group
    return joined


def chosen(series: Sequence[Series], version: int | None, every: bool) -> tuple[Series, ...]:
    """See mail.select."""
    if every:
        return tuple(series)
    if version is not None:
        found = tuple(one for one in series if one.version == version)
        if not found and series:
            known = ", ".join(str(number) for number in sorted({one.version for one in series}))
            raise InputError(_first(series[0]).source.file, None, f"no version {version} in it, only {known}")
        return found
    families: dict[int, list[Series]] = {}
    for one in series:
        families.setdefault(one.family, []).append(one)
    return tuple(next((one for one in reversed(family) if one.complete), family[-1]) for family in families.values())


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
    found = {}
    for mail in mails:
        root = _root(_parent(mail) or mail.headers.message_id, parents, roots)
        alone = not _parent(mail) and root not in linked
        stem = _STEM.fullmatch(mail.headers.message_id) if alone else None
        found[id(mail)] = (stem[1] + stem[2] if stem and mail.subject.total > 1 else "") if alone else root
    return found


def _parent(mail: Mail) -> str:
    return mail.headers.references[0] if mail.headers.references else mail.headers.in_reply_to


def _root(start: str, parents: dict[str, str], known: dict[str, str]) -> str:
    """Follow the parents up; a loop ends where it began."""
    path, at = dict[str, None](), start
    while at not in known and at not in path and parents.get(at):
        path[at] = None
        at = parents[at]
    root = known.get(at, at)
    known.update(dict.fromkeys(path, root))
    return root


def _home(groups: Sequence[_Group], mail: Mail) -> _Group | None:
    """The group of the same thread, version and total that a mail belongs to."""
    sender = address(mail)
    recent = groups[-_LOOK_BACK:][::-1]
    for group in recent:
        if group.holds_like(mail):
            return group
    free = [group for group in recent if mail.subject.number not in group.mails]
    return next((group for group in free if sender in group.senders), free[0] if free else None)


_BASE = re.compile(r"^base-commit: ([0-9a-f]{7,64})[ \t]*$", re.M)
_PREREQUISITE = re.compile(r"^prerequisite-patch-id: ([0-9a-f]{7,64})[ \t]*$", re.M)


def _series(group: _Group) -> Series:
    mails = [mail for _, mail in sorted(group.mails.items())]
    cover = mails[0] if mails[0].subject.number == 0 else None
    patches = tuple(mails[1:] if cover else mails)
    trailing = [mail.body for mail in (*((cover,) if cover else ()), *patches[::-1])]
    bases = [match[1] for body in trailing if (match := _BASE.search(body))]
    prerequisites = dict.fromkeys(one for body in trailing for one in _PREREQUISITE.findall(body))
    first = mails[0]
    return Series(
        patches, cover, first.subject.version, first.subject.total, bases[0] if bases else "", tuple(prerequisites)
    )


def _first(series: Series) -> Mail:
    return series.cover or series.patches[0]


def _related(found: Sequence[tuple[str, Series]]) -> tuple[Series, ...]:
    """Number the families of rerolls; families in order of appearance, their versions oldest first."""
    families: list[list[Series]] = []
    known: dict[str, list[int]] = {}
    for thread, one in found:
        keys = _keys(thread, one)
        number = _family(one, families, [known.get(key, [])[-_LOOK_BACK:] for key in keys])
        if number == len(families):
            families.append([])
        families[number].append(replace(one, family=number))
        for key in filter(None, keys):
            if number not in known.setdefault(key, [])[-_LOOK_BACK:]:
                known[key].append(number)
    return tuple(one for family in families for one in sorted(family, key=age))


_CHANGE = re.compile(r"^change-id: (\S{1,200})[ \t]*$", re.M)


def _keys(thread: str, one: Series) -> tuple[str, str, str]:
    """What rerolls may share: b4's change-id with the author, the author, the thread; "" where there is none."""
    change = _CHANGE.search(_first(one).body)
    author = address(_first(one))
    same_change = f"change {change[1]} of {author}" if change else ""
    return same_change, f"author {author}" if author else "", f"thread {thread}" if thread else ""


def _family(one: Series, families: Sequence[Sequence[Series]], candidates: Sequence[Sequence[int]]) -> int:
    """The family a series belongs to, or the number of a new one; candidates by change-id, author and thread."""
    by_change, by_author, by_thread = candidates
    if by_change:
        return by_change[-1]
    for number in (*by_author[::-1], *by_thread[::-1]):
        if any(is_reroll(one, other) for other in families[number][-_LOOK_BACK:]):
            return number
    for number in by_thread[::-1]:
        ages = {age(other) for other in families[number]}
        if number in by_author and age(one) not in ages and (one.total > 1) == (families[number][-1].total > 1):
            return number
    return len(families)


def age(one: Series) -> tuple[bool, int]:
    """Orders the versions of a family: RFCs come before what they ask comments for."""
    return not any(tag.lower() == "rfc" for tag in _first(one).subject.tags), one.version


def is_reroll(one: Series, other: Series) -> bool:
    """Are two series versions of one another by their titles, or the same version sent twice?"""
    if age(one) == age(other):
        return _titles(one) == _titles(other)
    mine, theirs = _titles(one), _titles(other)
    common = sorted(mine.keys() & theirs.keys())
    if common and _alike(mine[common[0]], theirs[common[0]]):
        return True
    same = len(set(mine.values()) & set(theirs.values()))
    return same > 0 and 2 * same >= min(len(mine), len(theirs))


def _titles(one: Series) -> dict[int, str]:
    return {mail.subject.number: mail.subject.title for mail in (*((one.cover,) if one.cover else ()), *one.patches)}


def _alike(one: str, other: str) -> bool:
    """Do two titles share three words of five, and an identifier where both have one?"""
    mine, theirs = (set(re.findall(r"\w+", title.casefold())) for title in (one, other))
    names = [{word for word in words if "_" in word} for words in (mine, theirs)]
    return 5 * len(mine & theirs) >= 3 * len(mine | theirs) > 0 and (not all(names) or bool(names[0] & names[1]))
