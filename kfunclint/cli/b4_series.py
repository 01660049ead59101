"""The command `kfunclint b4-series`: what b4's review-series-check-cmd may call."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from kfunclint.clang import Parser
from kfunclint.cli import review
from kfunclint.cli.arguments import Arguments
from kfunclint.errors import InputError
from kfunclint.git.repository import HASH, Repository, around


def run(argv: Sequence[str], running: Parser | None = None) -> int:
    """Review the thread that b4 has of the series or else, where it has none yet, the cover letter on standard input;
    prints what b4 reads. Takes the options of a review and raises as that does."""
    _, options = parser().parse_known_args(argv)
    thread = _thread(os.environ.get("B4_TRACKING_FILE", ""))
    with tempfile.TemporaryFile() as file:
        if thread:
            file.write(thread)
            file.seek(0)
            os.dup2(file.fileno(), 0)
        return review.run(["--format", "b4-review", *options, "-"], running)


def parser() -> argparse.ArgumentParser:
    """The arguments that the command takes itself."""
    return Arguments(
        prog="kfunclint b4-series",
        description="Review a series for b4's review-series-check-cmd: the thread that b4 keeps. Takes the options of "
        "a review, too.",
    )


def _thread(tracking: str) -> bytes:
    """The mails that a file of b4 names: an object in the repository; b"" for none."""
    with contextlib.suppress(InputError, OSError, ValueError, KeyError, TypeError):
        blob = json.loads(Path(tracking).read_bytes())["series"]["thread-blob"]
        top = around(Path())
        if top is not None and HASH.fullmatch(blob):
            with closing(Repository(top)) as repository:
                return repository.blob(blob)
    return b""
