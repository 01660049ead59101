"""Families of rerolls, rerolls of single patches, and the choice of the version to review."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from kfunclint.errors import InputError
from kfunclint.mail.message import Mail, Series, address
from kfunclint.mail.threads import Threads
from kfunclint.value import replace

# Similar titles are looked for among this many families of an author, so that the work stays linear.
_LOOK_BACK = 20
_HIGHEST = 64  # mails above one that are looked at


class PostedSeries(NamedTuple):
    """A series, and what names its thread ("" for none)."""

    thread: str
    series: Series


def families(posted: Sequence[PostedSeries], threads: Threads) -> tuple[Series, ...]:
    """Number the families of rerolls: families in order of appearance, their versions oldest first.

    A version that replaces only some patches of the one before is made whole by the others, as b4 does it.
    """
    members: list[list[Series]] = []
    numbers_by_key: dict[str, list[int]] = {}
    for thread, series in posted:
        keys = _keys(thread, series)
        number = _family(series, members, [numbers_by_key.get(key, [])[-_LOOK_BACK:] for key in keys])
        if number == len(members):
            members.append([])
        members[number].append(replace(series, family=number))
        for key in filter(None, keys):
            if number not in numbers_by_key.setdefault(key, [])[-_LOOK_BACK:]:
                numbers_by_key[key].append(number)
    ordered = (sorted(family, key=age) for family in members)
    return tuple(series for family in ordered for series in _told_apart(_made_whole(family, threads)))


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
    by_family: dict[int, list[Series]] = {}
    for candidate in series:
        by_family.setdefault(candidate.family, []).append(candidate)
    return tuple(family[_chosen(family)] for family in by_family.values())


def _chosen(family: Sequence[Series]) -> int:
    """The index of the newest version that is complete, or else of the newest."""
    complete = [at for at, series in enumerate(family) if series.complete]
    return complete[-1] if complete else len(family) - 1


def _told_apart(family: list[Series]) -> list[Series]:
    """The versions, the one that is chosen with the names of the newer ones, which are not complete."""
    chosen = _chosen(family)
    newer = tuple(str(series.version) for series in family[chosen + 1 :])
    return [replace(series, left_out=newer) if at == chosen else series for at, series in enumerate(family)]


def _made_whole(family: Sequence[Series], threads: Threads) -> list[Series]:
    """The versions, each that is a reroll of some patches with the others of the version before."""
    versions: list[Series] = []
    for series in family:
        versions.append(_with_rest(series, versions[-1], threads) if versions else series)
    return versions


def _with_rest(series: Series, before: Series, threads: Threads) -> Series:
    """The version, with the patches of the one before that it leaves as they are, if it replaces patches of that."""
    if series.cover or not before.patches or (series.complete and series.patches[0].subject.is_counted):
        return series
    replaced = [_replaced(patch, before, threads) for patch in series.patches]
    if None in replaced:
        return series
    by_number = {patch.subject.number: (patch, name) for patch, name in _with_revisions(before)}
    for number, (patch, name) in zip(replaced, _with_revisions(series), strict=True):
        subject = replace(patch.subject, number=number or 0, total=before.total)
        by_number[subject.number] = (patch if subject == patch.subject else replace(patch, subject=subject)), name
    pairs = [pair for _, pair in sorted(by_number.items())]
    return replace(
        series,
        patches=tuple(patch for patch, _ in pairs),
        revisions=tuple(name for _, name in pairs),
        cover=before.cover,
        total=before.total,
        base_commit=series.base_commit or before.base_commit,
        prerequisites=series.prerequisites or before.prerequisites,
    )


def _with_revisions(series: Series) -> Iterator[tuple[Mail, str]]:
    return zip(series.patches, series.revisions, strict=True)


def _replaced(patch: Mail, before: Series, threads: Threads) -> int | None:
    """The number of the patch that this one replaces, None for none: it stands below it in the thread, or below another
    mail of it under the same title. One without a number must have its title, too."""
    mails = {mail.subject.number: mail for mail in before.patches if address(mail) == address(patch)}
    titles = {mail.subject.title: mail.subject.number for mail in mails.values()}
    above, parent = patch, threads.parent(patch)
    for _ in range(_HIGHEST):
        if parent is None:
            break
        above, parent = parent, threads.parent(parent)
        number = above.subject.number
        if number not in mails or above.subject.total != before.total or not above.subject.is_counted:
            continue
        if patch.subject.is_counted and (number, before.total) == (patch.subject.number, patch.subject.total):
            return number
        if not patch.subject.is_counted and _are_alike(patch.subject.title, mails[number].subject.title):
            return number
    is_same = patch.subject.total == before.total and titles.get(patch.subject.title) == patch.subject.number
    return patch.subject.number if is_same and above is not patch else None


def _opening_mail(series: Series) -> Mail:
    return series.cover or series.patches[0]


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
