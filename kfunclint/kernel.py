"""Which kernel a series is aimed at, and what that kernel knows."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache

from kfunclint.content import table


@dataclass(frozen=True, slots=True, order=True)
class Release:
    """A mainline release, "6.12"; they compare in order."""

    major: int
    minor: int

    @classmethod
    def parse(cls, text: str) -> Release:
        """Read "6.12", "v6.12", "6.12.117" or "6.12-rc3". Raises ValueError."""
        match = re.fullmatch(r"v?(\d{1,3})\.(\d{1,3})(?:\.\d{1,5}|-rc\d{1,2})?", text)
        if not match:
            raise ValueError(f"{text!r} is not a kernel release such as 6.12")
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


@dataclass(frozen=True, slots=True)
class FlagRow:
    """A row of rules/tables/flags.toml: the first and the last release that define the flag (None: still there), and
    the commits that brought it and took it out, "" where they are not known."""

    name: str
    bit: int | None
    since: Release
    until: Release | None
    commit: str
    removed: str
    meaning: str
    source: str


@dataclass(frozen=True, slots=True)
class Kernel:
    """The kernel a review answers for: `release`, and `why` that one, as words for people ("given with --kernel").

    `misspellings` are those of the scripts/spelling.txt of its tree, wrong to right; empty where there is no tree.
    """

    release: Release
    why: str
    flags: Mapping[str, FlagRow]
    misspellings: Mapping[str, str] = field(default_factory=dict)

    def has_flag(self, name: str) -> bool:
        """Does the include/linux/btf.h of this kernel define the flag?"""
        row = self.flags.get(name)
        return row is not None and row.since <= self.release and (row.until is None or self.release <= row.until)


def known(release: Release, why: str) -> Kernel:
    """What the tables say of a release."""
    return Kernel(release, why, _flags())


@cache
def _flags() -> Mapping[str, FlagRow]:
    return {
        name: FlagRow(
            name=name,
            bit=row.get("bit"),
            since=Release.parse(row["since"]),
            until=Release.parse(row["until"]) if "until" in row else None,
            commit=row.get("commit", ""),
            removed=row.get("removed", ""),
            meaning=row["meaning"],
            source=row["source"],
        )
        for name, row in table("flags").items()
    }


@cache
def _releases() -> list[tuple[date, Release]]:
    """Every mainline release with the day of its tag, oldest first."""
    return sorted((row["date"], Release.parse(name)) for name, row in table("releases")["release"].items())


def target(*, asked: str | None, tags: Iterable[str], dates: Iterable[str], context_flags: Collection[str]) -> Kernel:
    """The kernel a series is aimed at.

    In this order: `asked` for with --kernel; a stable release among the `tags` of the subject; the kernel that was in
    development on the latest of the `dates` (as in Date fields), or else the newest. The last two must be able to
    define the `context_flags`, those in lines that were there before: they are moved to the nearest release that does.
    Raises ValueError for an `asked` that is no release.
    """
    if asked is not None:
        return known(Release.parse(asked), "given with --kernel")
    for tag in tags:
        if (release := _stable(tag)) is not None:
            return known(release, f"the subject says {tag}")
    days = [day for day in map(_day, dates) if day is not None]
    if days:
        release, why = _in_development(max(days)), f"in development on {max(days):%-d %b %Y}"
    else:
        release, why = _releases()[-1][1], "the newest known, as the mail has no date"
    return _bounded(release, why, context_flags)


def _stable(tag: str) -> Release | None:
    match = re.fullmatch(r"(?:linux-)?(\d{1,2}\.\d{1,3})(?:\.y|\.\d{1,4})?", tag, re.IGNORECASE)
    return Release.parse(match[1]) if match else None


def _day(text: str) -> date | None:
    from email.utils import parsedate  # costs 5 ms, and only a mail with a date needs it

    try:
        fields = parsedate(text)
        return date(*fields[:3]) if fields else None
    except (ValueError, OverflowError, IndexError, TypeError):
        return None


def _in_development(day: date) -> Release:
    """The first release to come out after a day; behind the table, its newest."""
    return next((release for tagged, release in _releases() if day < tagged), _releases()[-1][1])


def _bounded(release: Release, why: str, context_flags: Collection[str]) -> Kernel:
    rows = [row for name in sorted(context_flags) if (row := _flags().get(name)) is not None]
    for row in sorted(rows, key=lambda row: row.since):
        if release < row.since:
            release, why = row.since, f"its context uses {row.name}, which came with {row.since}"
    for row in rows:
        if row.until is not None and row.until < release:
            release, why = row.until, f"its context uses {row.name}, which went after {row.until}"
    return known(release, why)
