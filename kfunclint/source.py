"""The post-image of a series: one per file, every line knowing which patch brought it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from kfunclint.patch import FileDiff, Hunk, Patch


@dataclass(frozen=True, slots=True)
class Line:
    """A line in view. `patch` (n of n/m) and `mail_line` say who added it; both None: it was there before.
    `heading` is the @@ heading of a hunk that begins here."""

    text: str
    patch: int | None = None
    mail_line: int | None = None
    heading: str = ""

    @property
    def added(self) -> bool:
        return self.patch is not None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Lines in view without a gap; `start` is the 1-based number of the first one in the post-image."""

    start: int
    lines: tuple[Line, ...]

    @property
    def heading(self) -> str:
        """The @@ heading of the hunk that opens the stretch."""
        return self.lines[0].heading

    @property
    def text(self) -> str:
        return "\n".join(line.text for line in self.lines) + "\n"


@dataclass(frozen=True, slots=True)
class Source:
    """The post-image of one file at the end of the series, as far as its hunks show it.

    `whole`: all of it is in view, as one stretch from line 1 to the end of the file.
    """

    path: str
    stretches: tuple[Stretch, ...]
    whole: bool = False

    def line(self, number: int) -> Line | None:
        """Line `number` (1-based) of the post-image, or None where no hunk shows it."""
        above = bisect_right(self.stretches, number, key=lambda stretch: stretch.start)
        if above == 0:
            return None
        stretch = self.stretches[above - 1]
        return stretch.lines[number - stretch.start] if number < stretch.start + len(stretch.lines) else None


def build(patches: Iterable[Patch]) -> tuple[Source, ...]:
    """Apply the patches of a series in order and give each file's lines in view, files in order of appearance."""
    images: dict[str, dict[int, Line]] = {}
    for patch in patches:
        number = patch.mail.number
        for file in patch.files:
            _apply(images, file, number)
    return tuple(Source(path, tuple(_stretches(image))) for path, image in images.items() if image)


def _apply(images: dict[str, dict[int, Line]], file: FileDiff, patch: int) -> None:
    before: dict[int, Line] = {}
    if file.old_path is not None and file.kind != "new":
        before = images.get(file.old_path, {})
        if file.kind in ("renamed", "deleted"):
            images.pop(file.old_path, None)
    if file.new_path is not None and file.kind != "deleted":
        images[file.new_path] = _after(before, file.hunks, patch)


def _after(before: dict[int, Line], hunks: tuple[Hunk, ...], patch: int) -> dict[int, Line]:
    """The lines in view after the hunks, where `before` were in view."""
    after = dict(_moved(before, hunks))
    for hunk in hunks:
        for diff_line in hunk.lines:
            if diff_line.new is None:
                continue
            old = before.get(diff_line.old) if diff_line.old is not None else None
            if diff_line.sign == "+":
                line = Line(diff_line.text, patch, diff_line.mail_line)
            elif old is not None and old.text == diff_line.text:
                line = old
            else:
                line = Line(diff_line.text)
            after[diff_line.new] = line
        if (first := after.get(hunk.new_start)) and hunk.heading and not first.heading:
            after[hunk.new_start] = replace(first, heading=hunk.heading)
    return dict(sorted(after.items()))


def _moved(before: dict[int, Line], hunks: tuple[Hunk, ...]) -> Iterator[tuple[int, Line]]:
    """The lines that stand outside of all hunks, at the numbers to which the hunks above moved them."""
    ordered = sorted(hunks, key=lambda hunk: hunk.old_start)
    shift, at = 0, 0
    for number, line in sorted(before.items()):
        while at < len(ordered) and _end(ordered[at]) <= number:
            shift += ordered[at].new_count - ordered[at].old_count
            at += 1
        if at == len(ordered) or number < _first(ordered[at]):
            yield number + shift, line


def _first(hunk: Hunk) -> int:
    # "-5,0" means behind line 5: such a hunk covers no old line and begins at 6
    return hunk.old_start if hunk.old_count else hunk.old_start + 1


def _end(hunk: Hunk) -> int:
    return _first(hunk) + hunk.old_count


def _stretches(image: dict[int, Line]) -> Iterator[Stretch]:
    run: list[Line] = []
    start = 0
    for number, line in image.items():
        if run and number != start + len(run):
            yield Stretch(start, tuple(run))
            run = []
        if not run:
            start = number
        run.append(line)
    if run:
        yield Stretch(start, tuple(run))
