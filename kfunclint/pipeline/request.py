"""What is asked of a review."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

Version = int | Literal["newest", "all"]
"""Of every family of rerolls that version, the newest complete one, or all."""


class Fixes(NamedTuple):
    """Which fixes to prove: those of titles and `messages` too, and those that are `unsure`, one of several ways."""

    messages: bool
    unsure: bool


class Request(NamedTuple):
    """What to review of an inbox, and beside what. Rules, levels, the kernel's release and a tree may be in settings.

    `since` is an earlier version to compare with: its number in the inbox, or a file. `each_patch` adds what is wrong
    behind one patch and repaired by a later one; `deep` reads the types of all kfuncs from the headers of the tree.

    `caged`: series are reviewed in children of this process, which can read little, write nothing, and end in time;
    `budget` are the seconds of all processors that all series together may take then (None: 20 for every MiB of mail
    that is begun, more with a tree, and a tenth for every series).

    `only_kfuncs`: series in whose diffs no kfunc is spoken of are left out.

    `fixes`: find out which fixes hold, None for not at all; Review.mending says.

    The tree is `tree`; or else the one around the working directory, the one of the settings, or the `repository` that
    the inbox was made of, if that is one; `no_tree`: none of them.
    """

    version: Version = "newest"
    since: int | str | None = None
    each_patch: bool = False
    deep: bool = False
    only_kfuncs: bool = False
    tree: Path | None = None
    no_tree: bool = False
    caged: bool = True
    budget: float | None = None
    repository: Path | None = None
    fixes: Fixes | None = None
