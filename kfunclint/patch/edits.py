"""Edits, made in memory: in a line, and in the files of a series."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kfunclint.finding import Edit, Origin
from kfunclint.patch.postimage import Line, PostImage, VisibleRange
from kfunclint.value import replace


def in_line(text: str, edits: Iterable[Edit]) -> str:
    """A line with the edits made in it, which must not overlap; it holds line breaks if they do."""
    for edit in sorted(edits, key=lambda edit: edit.at.column, reverse=True):
        text = text[: edit.at.column - 1] + edit.text + text[edit.at.end_column - 1 :]
    return text


def overlap(one: Edit, other: Edit) -> bool:
    """Can only one of two edits be made? Also of two that insert at one place, as each may count on what follows."""
    if (one.at.path, one.at.patch, one.at.line) != (other.at.path, other.at.patch, other.at.line):
        return False
    crosses = one.at.column < other.at.end_column and other.at.column < one.at.end_column
    return crosses or one.at.column == other.at.column


def edited(images: Iterable[PostImage], edits: Iterable[tuple[Edit, Origin]]) -> tuple[PostImage, ...]:
    """The post-images with the edits of files made in them.

    The edits must not overlap; those of lines out of view are left out. A line that is changed or put in counts as
    added: by who added the line, or else by the line of the mail that stands beside the edit.
    """
    by_line: dict[tuple[str | None, int], list[tuple[Edit, Origin]]] = {}
    for edit, origin in edits:
        by_line.setdefault((edit.at.path, edit.at.line), []).append((edit, origin))
    return tuple(_image(image, by_line) for image in images)


def edited_lines(old: Line, edits: Iterable[Edit]) -> list[str]:
    """What becomes of a line of a file: its texts, none if it goes. The first of a hunk stays, as it has a heading."""
    edits = list(edits)
    text = in_line(old.text, edits)
    goes = not text.strip() and not old.heading and any(edit.with_line for edit in edits)
    return [] if goes else text.split("\n")


def _image(image: PostImage, by_line: dict[tuple[str | None, int], list[tuple[Edit, Origin]]]) -> PostImage:
    ranges: list[VisibleRange] = []
    shift = 0
    for visible in image.ranges:
        lines = [
            line
            for number, old in enumerate(visible.lines, visible.start)
            for line in _lines(old, by_line.get((image.path, number), []))
        ]
        ranges.append(VisibleRange(visible.start + shift, tuple(lines)))
        shift += len(lines) - len(visible.lines)
    return replace(image, ranges=tuple(ranges))


def _lines(old: Line, edits: list[tuple[Edit, Origin]]) -> Iterator[Line]:
    """What becomes of a line: its heading stays with the first one."""
    if not edits:
        yield old
        return
    origin = edits[0][1]
    heading = old.heading
    for text in edited_lines(old, (edit for edit, _ in edits)):
        yield Line(text, old.patch or origin.patch, old.mail_line or origin.mail_line, heading)
        heading = ""
