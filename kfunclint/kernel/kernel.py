"""Which kernel a series is aimed at, and what that kernel knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from kfunclint.kernel.flags import FlagRow, flag_rows
from kfunclint.kernel.release import Release, Releases
from kfunclint.kernel.vocabulary import Vocabulary


class Target(NamedTuple):
    """The release that a review answers for, and `why` that one, as words for people ("given with --kernel")."""

    release: Release
    why: str


@dataclass(frozen=True, slots=True)
class Kernel:
    """The kernel a review answers for: `release` and `why` are those of a Target; `tree` where there is one. `guessed`:
    nobody named it and there is no tree, so what the next releases brought may be there already. `series_flags` are
    those that the series itself defines.
    """

    release: Release
    why: str
    flags: Mapping[str, FlagRow]
    tree: Vocabulary | None = None
    guessed: bool = False
    series_flags: frozenset[str] = frozenset()

    @property
    def target(self) -> Target:
        """The kernel as a value that can be stored and sent: nothing of its tree is in it."""
        return Target(self.release, self.why)

    @property
    def misspellings(self) -> Mapping[str, str]:
        """The right word by the wrong one, of the scripts/spelling.txt of its tree; empty where there is no tree."""
        return self.tree.spelling if self.tree is not None else {}

    def has_flag(self, name: str) -> bool:
        """Does the include/linux/btf.h of this kernel, or the series, define the flag? A tree is asked first."""
        if name in self.series_flags:
            return True
        if self.tree is not None and self.tree.flags:
            return name in self.tree.flags
        row = self.flags.get(name)
        return row is not None and Releases(row.since, row.until).hold(self.release)

    def has_macro(self, name: str) -> bool | None:
        """Does its include/linux/btf.h or btf_ids.h define the macro? None without a tree."""
        return name in self.tree.macros if self.tree is not None and self.tree.macros else None


def kernel_of_release(release: Release, why: str, tree: Vocabulary | None = None) -> Kernel:
    """What the tables say of a release, and a tree of itself."""
    return Kernel(release, why, flag_rows(), tree)
