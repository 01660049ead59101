"""Which kernel a series is aimed at, and what that kernel knows."""

from __future__ import annotations

from collections.abc import Mapping

from kfunclint.kernel.flags import FlagRow, flag_rows
from kfunclint.kernel.release import Release, Target
from kfunclint.kernel.vocabulary import Vocabulary
from kfunclint.value import Value


class Kernel(Value):
    """The kernel a review answers for; `tree` where there is one that is of its time.

    `guessed`: nobody named it and there is no tree. `gone` are the flags and suffixes that its developers have taken
    out for sure though their release may have it, `series_flags` those that the series itself defines. `builds_on`:
    the series may build on another one, which brings what is not there yet.
    """

    target: Target
    flags: Mapping[str, FlagRow]
    tree: Vocabulary | None = None
    guessed: bool = False
    gone: frozenset[str] = frozenset()
    series_flags: frozenset[str] = frozenset()
    builds_on: bool = False

    @property
    def release(self) -> Release:
        """That of the target."""
        return self.target.release

    @property
    def settled(self) -> Release:
        """That of the target: what came with it, or before, is there, and what went is not."""
        return self.target.settled

    @property
    def newest(self) -> Release:
        """That of the target: nothing that came later is there."""
        return self.target.newest

    @property
    def misspellings(self) -> Mapping[str, str]:
        """The right word by the wrong one, of the scripts/spelling.txt of its tree; empty where there is no tree."""
        return self.tree.spelling if self.tree is not None else {}

    def has_flag(self, name: str) -> bool:
        """Does the include/linux/btf.h of this kernel, or the series, define the flag, or may it do so? A tree is asked
        first."""
        if name in self.series_flags:
            return True
        if self.tree is not None and self.tree.flags:
            return name in self.tree.flags
        row = self.flags.get(name)
        return row is not None and name not in self.gone and self.target.meets(row.releases)

    def has_macro(self, name: str) -> bool | None:
        """Does its include/linux/btf.h or btf_ids.h define the macro? None without a tree."""
        return name in self.tree.macros if self.tree is not None and self.tree.macros else None


def kernel_of_release(release: Release, why: str, tree: Vocabulary | None = None) -> Kernel:
    """What the tables say of a release, and a tree of itself."""
    return Kernel(Target.exactly(release, why), flag_rows(), tree)
