"""One file as the scanner sees it."""

from __future__ import annotations

from kfunclint.extract.sets import LexicalScan, scan
from kfunclint.patch.postimage import Line, PostImage, VisibleRange


def source(text: str, path: str = "a.c", start: int = 1) -> PostImage:
    return PostImage(path, (VisibleRange(start, tuple(Line(line) for line in text.rstrip("\n").split("\n"))),))


def one(text: str, start: int = 1) -> LexicalScan:
    (found,) = scan([source(text, start=start)])
    return found
