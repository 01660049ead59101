"""The commands `kfunclint -V` and `kfunclint -V -v`: the version, and what holds a review here."""

from __future__ import annotations

import sys

from kfunclint import __version__
from kfunclint.clang import confine
from kfunclint.pipeline.outcome import CLEAN

_HAS = {True: "active", False: "not to be had here"}


def run() -> int:
    """Say the version and what is active; gives the exit status."""
    held = confine.tried()
    sys.stdout.write(
        f"kfunclint {__version__}\n"
        f"limits of time, memory and files: active\n"
        f"Landlock (no file but those of kfunclint and the tree, no port): {_HAS[held.landlock]}\n"
        f"seccomp (no socket, no process, nothing to write): {_HAS[held.seccomp]}\n"
    )
    return CLEAN
