"""Tells people what is being done, on standard error, when it takes longer than a second."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

Step = Callable[[str], None]
"""Is told what is being done, in a few words."""

_PATIENCE = 1.0  # seconds until the first word
_PAUSE = 0.1  # seconds between two
_CLEAR = "\r\x1b[K"
_WIDTH = 76


@contextmanager
def shown(stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> Iterator[Step]:
    """Gives a function that takes what is being done now, in a few words, and clears the line at the end.

    Nothing is written before a second has passed, nor to a stream (default: standard error) that is no terminal.
    `clock` gives seconds.
    """
    out = stream or sys.stderr
    if not out.isatty():
        yield lambda what: None
        return
    due = clock() + _PATIENCE
    written = False

    def step(what: str) -> None:
        nonlocal due, written
        if clock() >= due:
            due, written = clock() + _PAUSE, True
            text = "".join(char if char.isprintable() else "?" for char in what)
            out.write(f"{_CLEAR}{text[:_WIDTH]}")
            out.flush()

    try:
        yield step
    finally:
        if written:
            out.write(_CLEAR)
            out.flush()
