"""The KF_ flags, release by release."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from kfunclint.kernel.release import Release
from kfunclint.resources import table


@dataclass(frozen=True, slots=True)
class FlagRow:
    """A row of rules/tables/flags.toml: the first and the last release that define the flag (None: still there), and
    the commit that brought it, "" where it is not known."""

    name: str
    since: Release
    until: Release | None
    commit: str
    meaning: str
    source: str


@cache
def flag_rows() -> Mapping[str, FlagRow]:
    return {
        name: FlagRow(
            name=name,
            since=Release.parse(row["since"]),
            until=Release.parse(row["until"]) if "until" in row else None,
            commit=row.get("commit", ""),
            meaning=row["meaning"],
            source=row["source"],
        )
        for name, row in table("flags").items()
    }
