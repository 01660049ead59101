"""Which facts of a whole file a series can have changed: most of a file is not worth asking a rule about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from kfunclint.facts.docs import Doc
from kfunclint.facts.facts import Facts
from kfunclint.facts.kfunc import Kfunc
from kfunclint.facts.sets import Entry, KfuncSet
from kfunclint.patch.diff import Hunk, Patch
from kfunclint.patch.postimage import Base

_Span = tuple[str, int, int]  # path, first and last line of the post-image


class ChangedRegions:
    """The lines of whole files that the hunks of a series show, at the end of the series."""

    def __init__(self, patches: Sequence[Patch], base: Base | None) -> None:
        self._spans: dict[str, list[tuple[int, int]]] = {}
        for number, patch in enumerate(patches):
            for index, file in enumerate(patch.files):
                fits = base.placements.get((patch.mail.number, index)) if base else None
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
        return replace(
            facts,
            kfuncs=tuple(filter(self.overlaps, facts.kfuncs)),
            entries=tuple(filter(self.overlaps, facts.entries)),
            sets=tuple(filter(self.overlaps, facts.sets)),
            docs=tuple(filter(self.overlaps, facts.docs)),
        )

    def overlaps(self, fact: Kfunc | Entry | KfuncSet | Doc) -> bool:
        """May it be another one than before the series? Of a file that is seen through its hunks, everything may."""
        return any(self._overlaps_lines(*span) for span in _extent(fact))

    def _overlaps_lines(self, path: str, first: int, last: int) -> bool:
        spans = self._spans.get(path)
        return spans is None or any(first <= end and begin <= last for begin, end in spans)


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


def _extent(fact: Kfunc | Entry | KfuncSet | Doc) -> Iterator[_Span]:
    """The lines that a fact is made of."""
    if isinstance(fact, Kfunc):
        yield fact.at.path or "", *kfunc_lines(fact)
        yield from (_line(entry) for entry in fact.entries)
    elif isinstance(fact, KfuncSet):
        lines = [fact.at.line, *(listing.at.line for listing in fact.entries)]
        # the END of a set may be what was taken away
        yield fact.at.path or "", min(lines) - 1, max(lines) + 1
        yield from ((one.at.path or "", one.at.line, one.at.line) for one in fact.registrations)
    elif isinstance(fact, Entry):
        yield _line(fact)
        yield from ((one.at.path or "", one.at.line, one.at.line) for _, one in fact.other_entries)
    else:
        yield fact.at.path or "", *doc_lines(fact)


def _line(entry: Entry) -> _Span:
    return entry.at.path or "", entry.at.line, entry.at.line


def kfunc_lines(kfunc: Kfunc) -> tuple[int, int]:
    """The first and the last line of a kfunc with its kernel-doc."""
    lines = [kfunc.at.line, kfunc.definition.last_line, *(doc_lines(kfunc.doc) if kfunc.doc else ())]
    return min(lines), max(lines)


def doc_lines(doc: Doc) -> tuple[int, int]:
    """The first and the last line of text of a kernel-doc comment."""
    lines = [doc.at.line, *(at.line for at, _ in doc.lines)]
    return min(lines), max(lines)
