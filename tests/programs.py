"""How tests run real programs: without what the person who runs the tests has set up."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

BIN = Path(sys.executable).parent


def started(
    words: Sequence[str | Path],
    folder: Path,
    home: Path,
    *,
    more: Mapping[str, str] | None = None,
    merged: bool = False,
) -> subprocess.CompletedProcess[str]:
    """What a program did in a folder, for somebody with a home of their own; kfunclint is in the path.

    `merged`: what it says on standard error is part of its output. `more` are further variables.
    """
    environment = {
        "HOME": str(home),
        "PATH": f"{BIN}:{home}:{os.environ['PATH']}",
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    return subprocess.run(
        [str(word) for word in words],
        cwd=folder,
        env=environment | dict(more or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if merged else subprocess.PIPE,
        text=True,
        timeout=300,
        check=False,
    )
