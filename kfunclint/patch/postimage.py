"""The post-image of a series: one per file, every line knowing which patch brought it."""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Generic, TypeVar

from kfunclint.patch.diff import DiffLine, FileChange, FileDiff, Hunk, Patch
from kfunclint.value import Value, replace

if TYPE_CHECKING:
    from kfunclint.tree.tree import Tree

T = TypeVar("T")


class Line(Value):
    """A line in view. `patch` (n of n/m) and `mail_line` say who added it; both None: it was there before.
    `heading` is the @@ heading of a hunk that begins here."""

    text: str
    patch: int | None = None
    mail_line: int | None = None
    heading: str = ""

    @property
    def added(self) -> bool:
        return self.patch is not None


class VisibleRange(Value):
    """Lines in view without a gap; `start` is the 1-based number of the first one in the post-image."""

    start: int
    lines: tuple[Line, ...]

    @property
    def heading(self) -> str:
        """The @@ heading of the hunk that opens the visible range."""
        return self.lines[0].heading

    @property
    def text(self) -> str:
        return "\n".join(line.text for line in self.lines) + "\n"


class PostImage(Value):
    """The post-image of one file at the end of the series: the `whole` file, or as far as its hunks show it."""

    path: str
    ranges: tuple[VisibleRange, ...]
    whole: bool = False

    def line(self, number: int) -> Line | None:
        """Line `number` (1-based) of the post-image, or None where no hunk shows it."""
        above = bisect_right(self.ranges, number, key=lambda visible: visible.start)
        if above == 0:
            return None
        visible = self.ranges[above - 1]
        return visible.lines[number - visible.start] if number < visible.start + len(visible.lines) else None

    def is_added(self, number: int) -> bool:
        """Does the series add line `number` (1-based)? Not one that no hunk shows."""
        line = self.line(number)
        return line is not None and line.added


class HunkPlacement(Value):
    """Where a hunk fits into a file: the 0-based index of its first line in the file as the hunks above it leave it,
    and how many lines of its context at the top and at the bottom do not fit and are left out."""

    at: int
    top: int
    bottom: int


class Base(Value):
    """The state of a kernel tree that a series applies to.

    `name` and `why` are words for people: "linux at 0123456789ab", "base-commit of the series". `files` are the whole
    files before the series, by path, each line an object of its own; `placements` has the place of every hunk of a
    file that is taken from the tree, by the number of the patch and the 0-based index of the file in it. `unapplied`
    are the files that are taken from their hunks alone, and why. `is_named`: the series itself names this state, as its
    base-commit or by the hashes of its files.
    """

    tree: Tree
    name: str
    why: str
    files: Mapping[str, tuple[Line, ...]]
    placements: Mapping[tuple[int, int], tuple[HunkPlacement, ...]]
    unapplied: Mapping[str, str]
    is_named: bool = False

    @property
    def used(self) -> bool:
        """Is any file taken from the tree?"""
        return bool(self.placements)


def apply_series(patches: Iterable[Patch], base: Base | None = None, upto: int | None = None) -> tuple[PostImage, ...]:
    """Apply the patches of a series in order and give each file's lines in view, files in order of appearance.

    With a base a file is whole, unless it is one that fell back. `upto`: apply that many patches only; a file that
    later ones change is then given, too, if it is whole.
    """
    images = _Images(base)
    for patch in islice(patches, upto):
        images.apply(patch)
    return images.sources()


def pre_images(patches: Sequence[Patch], base: Base | None = None) -> tuple[PostImage, ...]:
    """The files as they were before the series, under their old names; whole with a base, and else what the hunks show.

    `patch` and `mail_line` of a line say who takes it away.
    """
    images = _Images(base)
    removed = {id(line): by for patch in patches for line, by in images.apply(patch)}
    whole_files = []
    for path, lines in (base.files if base else {}).items():
        lines_before = [
            replace(line, patch=by[0], mail_line=by[1]) if (by := removed.get(id(line))) else line for line in lines
        ]
        whole_files.append(whole(path, lines_before))
    hunks = _Images(None)
    hunks.placements = base.placements if base else {}
    for patch in reversed(patches):
        hunks.undo_in_view(patch)
    return tuple(source for source in (*whole_files, *hunks.sources()) if source.ranges)


_Run = tuple[int, list[Line]]
"""The 1-based number of a line, and the lines in view from there on."""
_MOVED = ("renamed", "copied")


class PatchStep(Generic[T]):
    """The files that one patch leaves behind, while it is applied file by file.

    As for git, a rename or a copy is made of the file before the patch, and any other change of what the patch has made
    of the file so far; a patch may put a new file where it takes one away (apply.c: previous_patch(),
    prepare_fn_table(), git 2.47).
    """

    def __init__(self, files: Iterable[FileDiff]) -> None:
        """Take the files that the patch changes; none is applied yet."""
        self.images: dict[str, T | None] = {}
        self._created: set[str] = set()
        self._gone = {file.old_path for file in files if file.kind in ("renamed", "deleted")}

    def source(self, file: FileDiff, before: T | None) -> T | None:
        """What a file is made of; `before` is the file of its old name before the patch."""
        return before if file.kind in _MOVED or file.old_path is None else self.images.get(file.old_path, before)

    def may_create(self, file: FileDiff, before: T | None) -> bool:
        """May a file be put at its new name, where `before` was before the patch?"""
        return file.new_path not in self._created and (before is None or file.new_path in self._gone)

    def put(self, file: FileDiff, image: T) -> None:
        """What has become of a file."""
        if file.old_path is not None and file.kind in ("renamed", "deleted") and file.old_path not in self._created:
            self.images[file.old_path] = None
        if file.new_path is not None and file.kind != "deleted":
            self.images[file.new_path] = image
            self._created |= {file.new_path} if file.new_path != file.old_path else set()


class _Images:
    """The files of a series, whole or as far as they are in view, while its patches are applied."""

    def __init__(self, base: Base | None) -> None:
        self.placements = base.placements if base else {}
        self.whole_files: dict[str, list[Line]] = {
            path: list(lines) for path, lines in (base.files if base else {}).items()
        }
        self.in_view: dict[str, list[_Run]] = {}

    def apply(self, patch: Patch) -> list[tuple[Line, tuple[int, int]]]:
        """Apply a patch; gives the lines that it takes out of whole files, with its number and their mail line."""
        removed: list[tuple[Line, tuple[int, int]]] = []
        number = patch.mail.subject.number
        whole_step, view_step = PatchStep[list[Line]](patch.files), PatchStep[list[_Run]](patch.files)
        for index, file in enumerate(patch.files):
            placements = self.placements.get((number, index))
            if placements is None:
                before = view_step.source(file, self.in_view.get(file.old_path or "")) or []
                view_step.put(file, _runs_after(before, file.hunks, number))
            else:
                image = list(whole_step.source(file, self.whole_files.get(file.old_path or "")) or ())
                removed += [(line, (number, by.mail_line)) for line, by in _change(file, image, placements, number)]
                whole_step.put(file, image)
        _update(self.whole_files, whole_step.images)
        _update(self.in_view, view_step.images)
        return removed

    def undo_in_view(self, patch: Patch) -> None:
        """Take a patch back as far as its files are not whole."""
        for index, file in reversed(list(enumerate(patch.files))):
            if (patch.mail.subject.number, index) not in self.placements:
                back = _reversed(file)
                step = PatchStep[list[_Run]]((back,))
                before = self.in_view.get(back.old_path or "") or []
                step.put(back, _runs_after(before, back.hunks, patch.mail.subject.number))
                _update(self.in_view, step.images)

    def sources(self) -> tuple[PostImage, ...]:
        """What is left of them."""
        return (
            *(whole(path, lines) for path, lines in self.whole_files.items() if lines),
            *(PostImage(path, tuple(map(_visible, runs))) for path, runs in self.in_view.items() if runs),
        )


def _visible(run: _Run) -> VisibleRange:
    start, lines = run
    return VisibleRange(start, tuple(lines))


def _update(files: dict[str, T], step: Mapping[str, T | None]) -> None:
    """Bring the files to what a patch leaves behind."""
    for path, image in step.items():
        if image is None:
            files.pop(path, None)
        else:
            files[path] = image


def _change(
    file: FileDiff, image: list[Line], placements: tuple[HunkPlacement, ...], patch: int
) -> list[tuple[Line, DiffLine]]:
    """Put the hunks of a patch into the lines of a whole file; gives the lines that they take out of it."""
    if file.kind == "copied":  # what the copy loses is not lost to the file
        image[:] = [replace(line) for line in image]
    return [
        pair
        for hunk, placement in zip(file.hunks, placements, strict=True)
        for pair in splice(image, hunk, placement, patch)
    ]


def splice(image: list[Line], hunk: Hunk, placement: HunkPlacement, patch: int) -> list[tuple[Line, DiffLine]]:
    """Put a hunk of a patch into a whole file; gives the lines that it takes out, each with the line that does it."""
    at = placement.at
    inserted: list[Line] = []
    removed: list[tuple[Line, DiffLine]] = []
    for line in hunk.lines[placement.top : len(hunk.lines) - placement.bottom]:
        if line.sign == "+":
            inserted.append(Line(line.text, patch, line.mail_line))
            continue
        if line.sign == " ":
            inserted.append(image[at])
        else:
            removed.append((image[at], line))
        at += 1
    image[placement.at : at] = inserted
    return removed


def whole(path: str, lines: Sequence[Line]) -> PostImage:
    """A file of which all lines are in view."""
    return PostImage(path, (VisibleRange(1, tuple(lines)),) if lines else (), whole=True)


def text_lines(data: bytes) -> list[str]:
    """The lines of a file, without line ends; bytes that are no UTF-8 are replaced."""
    lines = data.decode("utf-8", "replace").split("\n")
    return lines if lines[-1] else lines[:-1]


_OPPOSITES: Mapping[FileChange, FileChange] = {"new": "deleted", "deleted": "new", "copied": "deleted"}
_SIGNS = {"+": "-", "-": "+", " ": " "}


def _reversed(file: FileDiff) -> FileDiff:
    """The diff that undoes one; a copy is just taken away."""
    hunks = tuple(
        replace(
            hunk,
            old_start=hunk.new_start,
            old_count=hunk.new_count,
            new_start=hunk.old_start,
            new_count=hunk.old_count,
            lines=tuple(replace(line, sign=_SIGNS[line.sign], old=line.new, new=line.old) for line in hunk.lines),
        )
        for hunk in file.hunks
    )
    kind = _OPPOSITES.get(file.kind, file.kind)
    return replace(file, old_path=file.new_path, new_path=file.old_path, kind=kind, hunks=hunks)


def _runs_after(before: list[_Run], hunks: tuple[Hunk, ...], patch: int) -> list[_Run]:
    """The lines in view after the hunks, where `before` were in view."""
    runs = _joined([*_moved_runs(before, hunks), *(_run_of(hunk, before, patch) for hunk in hunks)])
    for hunk in hunks:
        if hunk.heading and not hunk.new_count:  # it shows the line behind which it takes others away
            for start, lines in _between(runs, hunk.new_start, hunk.new_start + 1):
                if not lines[0].heading:
                    runs = _joined([*runs, (start, [replace(lines[0], heading=hunk.heading)])])
    return runs


def _run_of(hunk: Hunk, before: list[_Run], patch: int) -> _Run:
    """The lines that a hunk shows of the file after it, the unchanged ones as they were before."""
    covered = _between(before, _first_old_line(hunk), _end_of_old_lines(hunk))
    olds = {number: line for start, lines in covered for number, line in enumerate(lines, start)}
    run: list[Line] = []
    for diff_line in hunk.lines:
        if diff_line.sign == "+":
            run.append(Line(diff_line.text, patch, diff_line.mail_line))
        elif diff_line.sign == " ":
            old = olds.get(diff_line.old or 0)
            run.append(old if old is not None and old.text == diff_line.text else Line(diff_line.text))
    if run and hunk.heading and not run[0].heading:
        run[0] = replace(run[0], heading=hunk.heading)
    return hunk.new_start, run


def _moved_runs(before: list[_Run], hunks: tuple[Hunk, ...]) -> Iterator[_Run]:
    """The lines that stand outside of all hunks, at the numbers to which the hunks above moved them."""
    shift, first = 0, 1
    for hunk in sorted(hunks, key=lambda hunk: hunk.old_start):
        yield from _shifted(_between(before, first, _first_old_line(hunk)), shift)
        shift += hunk.new_count - hunk.old_count
        first = max(first, _end_of_old_lines(hunk))
    yield from _shifted(_between(before, first, sys.maxsize), shift)


def _shifted(runs: Iterable[_Run], shift: int) -> Iterator[_Run]:
    return ((start + shift, lines) for start, lines in runs)


def _between(runs: list[_Run], first: int, end: int) -> Iterator[_Run]:
    """What is in view of the lines from `first` up to `end`, which is none of them."""
    for at in range(max(0, bisect_right(runs, first, key=lambda run: run[0]) - 1), len(runs)):
        start, lines = runs[at]
        if start >= end:
            return
        if part := lines[max(0, first - start) : end - start]:
            yield max(start, first), part


def _joined(runs: list[_Run]) -> list[_Run]:
    """The runs in order, as long as they can be. Of two lines with one number, as in a damaged diff, the later
    counts."""
    joined: list[_Run] = []
    for start, lines in sorted(runs, key=lambda run: run[0]):
        end = joined[-1][0] + len(joined[-1][1]) if joined else None
        if end is not None and start < end and lines:
            by_number = {number: line for start, lines in runs for number, line in enumerate(lines, start)}
            return _joined([(number, [line]) for number, line in by_number.items()])
        if start == end:
            joined[-1][1].extend(lines)
        elif lines:
            joined.append((start, list(lines)))
    return joined


def _first_old_line(hunk: Hunk) -> int:
    # "-5,0" means behind line 5: such a hunk covers no old line and begins at 6
    return hunk.old_start if hunk.old_count else hunk.old_start + 1


def _end_of_old_lines(hunk: Hunk) -> int:
    return _first_old_line(hunk) + hunk.old_count
