"""Lines of files in the place of others, as a diff that git applies on top of a series."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from kfunclint.patch.postimage import PostImage, VisibleRange
from kfunclint.value import Value

CONTEXT = 3
_PLAIN = re.compile(r"[\w.,+=~@:-]+(?:/[\w.,+=~@:-]+)*", re.ASCII)
_NO_TEXT = "\ufffd"  # stands for bytes that nobody can write again


class Replacement(Value):
    """A line and what comes in its place.

    With a path: a line of a file (1-based, in the post-image of the series) and any number of lines. Without one: a
    line of the message of `patch` (1-based in the body of its mail, 0 for the title) and one line. `patch` is the n of
    n/m of the patch that is to have it so.
    """

    path: str | None
    line: int
    old: str
    new: tuple[str, ...]
    patch: int


def is_writable(image: PostImage, line: int) -> bool:
    """Can a diff that git applies change that line (1-based)? Its file must have a plain name and its surroundings be
    text; with nothing in view behind it, git takes it for the last of the file."""
    visible = next((part for part in image.ranges if part.start <= line < part.start + len(part.lines)), None)
    if visible is None or not _PLAIN.fullmatch(image.path):
        return False
    around = visible.lines[max(0, line - visible.start - CONTEXT) : line - visible.start + CONTEXT + 1]
    is_last = line == visible.start + len(visible.lines) - 1
    return not any(_NO_TEXT in one.text for one in around) and not (
        is_last and not image.whole and not around[-1].added
    )


def unified(images: Iterable[PostImage], replacements: Iterable[Replacement]) -> str:
    """The replacements in files as one diff, "" for none. Those of a file must name lines that are in view."""
    by_path: dict[str | None, dict[int, Replacement]] = {}
    for replacement in replacements:
        by_path.setdefault(replacement.path, {})[replacement.line] = replacement
    return "".join(_file(image, by_path[image.path]) for image in images if image.path in by_path)


def _file(image: PostImage, changes: dict[int, Replacement]) -> str:
    text = f"diff --git a/{image.path} b/{image.path}\n--- a/{image.path}\n+++ b/{image.path}\n"
    shift = 0
    for visible in image.ranges:
        for first, last in _stretches(visible, changes):
            body = list(_hunk(visible, first, last, changes))
            old = sum(line[0] in " -" for line in body)
            new = sum(line[0] in " +" for line in body)
            text += f"@@ -{_span(first, old)} +{_span(first + shift, new)} @@\n"
            text += "".join(f"{line}\n" for line in body)
            shift += new - old
    return text


def _span(first: int, count: int) -> str:
    return f"{first if count else first - 1},{count}"


def _stretches(visible: VisibleRange, changes: dict[int, Replacement]) -> Iterator[tuple[int, int]]:
    """The first and the last line of every hunk."""
    end = visible.start + len(visible.lines) - 1
    lines = sorted(line for line in changes if visible.start <= line <= end)
    while lines:
        count = 1
        while count < len(lines) and lines[count] - lines[count - 1] <= 2 * CONTEXT:
            count += 1
        yield max(visible.start, lines[0] - CONTEXT), min(end, lines[count - 1] + CONTEXT)
        lines = lines[count:]


def _hunk(visible: VisibleRange, first: int, last: int, changes: dict[int, Replacement]) -> Iterator[str]:
    """The lines of a hunk with their signs; of lines in a row that go, all stand above what comes for them."""
    added: list[str] = []
    for number in range(first, last + 1):
        text = visible.lines[number - visible.start].text
        before, is_kept, after = _around(text, changes[number].new if number in changes else (text,))
        if is_kept:
            yield from (f"+{line}" for line in (*added, *before))
            yield f" {text}"
            added = list(after)
        else:
            yield f"-{text}"
            added += after
    yield from (f"+{line}" for line in added)


def _around(text: str, new: Sequence[str]) -> tuple[Sequence[str], bool, Sequence[str]]:
    """What comes before a line, whether it stays, and what comes behind it."""
    if text not in new:
        return (), False, new
    at = new.index(text)
    return new[:at], True, new[at + 1 :]
