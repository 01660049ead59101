"""Finds regions of kfunc definitions that nobody closes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from kfunclint.c import lexer
from kfunclint.c.lexer import Token
from kfunclint.extract.extractor import Material, extractor
from kfunclint.extract.sets import LexicalScan
from kfunclint.extract.tokens import place
from kfunclint.facts.regions import OpenRegion
from kfunclint.patch.diff import Patch

CLOSERS = {"__bpf_kfunc_start_defs": "__bpf_kfunc_end_defs", "__bpf_hook_start": "__bpf_hook_end"}
"""What opens a region, with what closes it."""
SET_STARTS = frozenset({"BTF_KFUNCS_START", "BTF_SET8_START"})
_OPENING = frozenset(CLOSERS) | {"__diag_push"}
_CLOSING = frozenset(CLOSERS.values()) | {"__diag_pop"}
_ALONE = re.compile(r"\s*(__(?:bpf_(?:kfunc_(?:start|end)_defs|hook_(?:start|end))|diag_(?:push|pop)))\s*\(")


@extractor(OpenRegion)
def open_regions(material: Material) -> Iterator[OpenRegion]:
    """The regions that end nowhere in their files; of a file that is not whole in view, those that the series adds,
    where it adds more openings than ends."""
    for source, scan in zip(material.sources, material.scans, strict=True):
        marks = [
            token
            for tokens in scan.tokens
            for token in lexer.code_of(tokens)
            if token.text in _OPENING | _CLOSING | SET_STARTS
        ]
        if not any(token.text in CLOSERS for token in marks):
            continue
        if source.whole or _balance(material.patches, source.path) > 0:
            yield from (region for region in _open(scan, marks) if source.whole or source.is_added(region.at.line))


def _balance(patches: Iterable[Patch], path: str) -> int:
    """How many more regions of a file the series opens than it closes: the file before it is taken to close each."""
    lines = (line for patch in patches for file in patch.files if file.new_path == path for line in file.lines)
    changes = ((line.sign, alone[1]) for line in lines if line.sign != " " and (alone := _ALONE.match(line.text)))
    return sum(1 if (sign == "+") == (macro in _OPENING) else -1 for sign, macro in changes)


def _open(scan: LexicalScan, marks: list[Token]) -> Iterator[OpenRegion]:
    """The regions behind which another one, or nothing, comes before an end."""
    borders = [token for token in marks if token.text not in SET_STARTS]
    sets = [token for token in marks if token.text in SET_STARTS]
    for opener, behind in pairwise([*borders, None]):
        if opener and opener.text in CLOSERS and (behind is None or behind.text in _OPENING):
            after = next((token for token in sets if token.line > opener.line), None)
            yield OpenRegion(
                place(scan.path, opener),
                opener.text,
                CLOSERS[opener.text],
                place(scan.path, after) if after and (behind is None or after.line < behind.line) else None,
            )
