"""Mainline releases and their days."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import NamedTuple

from kfunclint.resources import table


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


class Releases(NamedTuple):
    """The releases from `since` to `until`, both inclusive; None: no bound on that side."""

    since: Release | None
    until: Release | None

    def hold(self, release: Release) -> bool:
        """Is it one of them?"""
        return (self.since is None or self.since <= release) and (self.until is None or release <= self.until)


@cache
def releases() -> list[tuple[date, Release]]:
    """Every mainline release with the day of its tag, oldest first."""
    return sorted((row["date"], Release.parse(name)) for name, row in table("releases")["release"].items())


def is_tagged(release: Release) -> bool:
    """Is it out, as far as the table knows: does a row without `estimated` name it?"""
    row = table("releases")["release"].get(str(release))
    return row is not None and not row.get("estimated", False)
