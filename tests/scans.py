"""One file as the scanner sees it."""

from __future__ import annotations

from kfunclint.extract.sets import Scan, scan
from kfunclint.patch.postimage import Line, Source, Stretch


def source(text: str, path: str = "a.c", start: int = 1) -> Source:
    return Source(path, (Stretch(start, tuple(Line(line) for line in text.rstrip("\n").split("\n"))),))


def one(text: str, start: int = 1) -> Scan:
    (found,) = scan([source(text, start=start)])
    return found
