"""Mainline releases and their days."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import cache
from typing import NamedTuple

from kfunclint.resources import table


class Release(NamedTuple):
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


class Releases(NamedTuple):
    """The releases from `since` to `until`, both inclusive; None: no bound on that side."""

    since: Release | None
    until: Release | None

    def hold(self, release: Release) -> bool:
        """Is it one of them?"""
        return (self.since is None or self.since <= release) and (self.until is None or release <= self.until)


class Target(NamedTuple):
    """The release that a review answers for, and `why` that one, as words for people ("given with --kernel").

    Who sends a patch has a tree between two releases: everything that came with `settled` or went with it, and maybe
    something of what came or went since then, up to `newest`. The two are the `release` where that is known exactly.
    """

    release: Release
    why: str
    settled: Release
    newest: Release

    @classmethod
    def exactly(cls, release: Release, why: str) -> Target:
        """A release as it was made."""
        return cls(release, why, release, release)

    def is_within(self, bounds: Releases) -> bool:
        """Does what holds for these releases surely hold?"""
        return bounds.hold(self.settled) and bounds.hold(self.newest)

    def meets(self, bounds: Releases) -> bool:
        """May what these releases have be there?"""
        since, until = bounds
        return (since is None or since <= self.newest) and (until is None or self.settled <= until)


@cache
def releases() -> list[tuple[date, Release]]:
    """Every mainline release with the day of its tag, oldest first."""
    return sorted((row["date"], Release.parse(name)) for name, row in table("releases")["release"].items())


def is_tagged(release: Release) -> bool:
    """Is it out, as far as the table knows: does a row without `estimated` name it?"""
    row = table("releases")["release"].get(str(release))
    return row is not None and not row.get("estimated", False)


def newest_known() -> Release:
    """The last release of the table."""
    return releases()[-1][1]


def following(release: Release) -> Release:
    """The release behind one; behind the table, its newest."""
    return next((later for _, later in releases() if later > release), newest_known())


def preceding(release: Release) -> Release:
    """The release in front of one; in front of the table, its oldest."""
    return next((earlier for _, earlier in reversed(releases()) if earlier < release), releases()[0][1])


def in_development(day: date) -> Release:
    """The first release to come out after a day; behind the table, its newest."""
    return next((release for tagged, release in releases() if day < tagged), newest_known())


def has_rc(release: Release, day: date) -> bool:
    """Was its first release candidate out on a day, with all that the release was going to bring?"""
    begun = next((tagged for tagged, earlier in reversed(releases()) if earlier < release), date.min)
    return day - begun >= _MERGE_WINDOW


def named_release(text: str) -> Release:
    """The release that somebody names. Raises ValueError for what is none, and for one that the table does not have,
    with the nearest that it has."""
    release = Release.parse(text)
    known = [row for _, row in releases()]
    if release not in known:
        below = [row for row in known if row < release]
        raise ValueError(f"no release {text} is known, the nearest is {below[-1] if below else known[0]}")
    return release


def scheduled(text: str) -> Release | None:
    """The release that a branch is named for; None where that is none. The one behind the last of a major number is
    the first of the next: what was to be 6.20 came out as 7.0."""
    release = Release.parse(text)
    known = [row for _, row in releases()]
    before = Release(release.major, release.minor - 1)
    renumbered = following(before) if before in known and before != known[-1] else None
    return release if release in known else renumbered


_MERGE_WINDOW = timedelta(days=14)
