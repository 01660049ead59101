"""The KF_ flags, release by release."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache

from kfunclint.kernel.release import Release, Releases
from kfunclint.resources import table
from kfunclint.value import Value


class FlagRow(Value):
    """A row of rules/tables/flags.toml: the first and the last release that define the flag (None: still there), the
    commit that brought it, "" where it is not known, and the day on which bpf-next lost it (None: not known)."""

    name: str
    since: Release
    until: Release | None
    commit: str
    removed_on: date | None
    meaning: str
    source: str

    @property
    def releases(self) -> Releases:
        """Those that define it."""
        return Releases(self.since, self.until)


@cache
def flag_rows() -> Mapping[str, FlagRow]:
    return {
        name: FlagRow(
            name=name,
            since=Release.parse(row["since"]),
            until=Release.parse(row["until"]) if "until" in row else None,
            commit=row.get("commit", ""),
            removed_on=row.get("removed_on"),
            meaning=row["meaning"],
            source=row["source"],
        )
        for name, row in table("flags").items()
    }
