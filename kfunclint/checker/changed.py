"""Which facts of a whole file a series can have changed: most of a file is not worth asking a rule about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from kfunclint.facts.fact import Extent, Fact, taken_away
from kfunclint.facts.facts import Facts
from kfunclint.patch.diff import Hunk, Patch
from kfunclint.patch.postimage import Base


class ChangedRegions:
    """The lines of whole files that the hunks of a series show, at the end of the series."""

    def __init__(self, patches: Sequence[Patch], base: Base | None) -> None:
        self._spans: dict[str, list[tuple[int, int]]] = {}
        for number, patch in enumerate(patches):
            for index, file in enumerate(patch.files):
                fits = base.placements.get((patch.mail.subject.number, index)) if base else None
                if fits is None or file.new_path is None:
                    continue
                later = [hunks for after in patches[number + 1 :] for hunks in _hunks_of(after, file.new_path)]
                for hunk, fit in zip(file.hunks, fits, strict=True):
                    first, last = fit.at + 1, fit.at + len([line for line in hunk.lines if line.new is not None])
                    for hunks in later:
                        first, last = moved(hunks, first), moved(hunks, last)
                    self._spans.setdefault(file.new_path, []).append((first, last))

    def filter(self, facts: Facts) -> Facts:
        """The facts that may be others than before the series."""
        return facts.filtered(self.overlaps)

    def overlaps(self, fact: Fact) -> bool:
        """May it be another one than before the series? Of a file that is seen through its hunks, everything may."""
        return taken_away(fact) is not None or any(self._overlaps_lines(lines) for lines in fact.extent)

    def _overlaps_lines(self, lines: Extent) -> bool:
        spans = self._spans.get(lines.path or "")
        return spans is None or any(lines.first <= end and begin <= lines.last for begin, end in spans)


def moved(hunks: Iterable[Hunk], number: int) -> int:
    """Where a line stands behind the hunks of a later patch, or what follows it if they remove it."""
    shift = 0
    for hunk in hunks:
        if number < hunk.old_start:
            break
        if number < hunk.old_start + hunk.old_count:
            at = next(index for index, line in enumerate(hunk.lines) if line.old == number)
            following = (line.new for line in hunk.lines[at:] if line.new is not None)
            return next(following, hunk.new_start + hunk.new_count)
        shift += hunk.new_count - hunk.old_count
    return number + shift


def _hunks_of(patch: Patch, path: str) -> Iterator[Sequence[Hunk]]:
    return (file.hunks for file in patch.files if path in (file.old_path, file.new_path))
