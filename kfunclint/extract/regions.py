"""Finds regions of kfunc definitions that nobody closes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from kfunclint.c.lexer import Token
from kfunclint.extract.extractor import Material, extractor
from kfunclint.extract.sets import LexicalScan
from kfunclint.extract.tokens import place
from kfunclint.facts.regions import OpenRegion

CLOSERS = {"__bpf_kfunc_start_defs": "__bpf_kfunc_end_defs", "__bpf_hook_start": "__bpf_hook_end"}
"""What opens a region, with what closes it."""
SET_STARTS = frozenset({"BTF_KFUNCS_START", "BTF_SET8_START"})
_OPENING = frozenset(CLOSERS) | {"__diag_push"}
_CLOSING = frozenset(CLOSERS.values()) | {"__diag_pop"}
_MARKS = _OPENING | _CLOSING | SET_STARTS
_ALONE = re.compile(r"\s*(__(?:bpf_(?:kfunc_(?:start|end)_defs|hook_(?:start|end))|diag_(?:push|pop)))\s*\(")


@extractor(OpenRegion)
def open_regions(material: Material) -> Iterator[OpenRegion]:
    """The regions that end nowhere in their files; of a file that is not whole in view, those that the series adds,
    where it adds more openings than ends."""
    for source, scan in zip(material.sources, material.scans, strict=True):
        regions = _open(scan)
        if source.whole:
            yield from regions
        elif regions and material.once(_balances)[source.path] > 0:
            yield from (region for region in regions if source.is_added(region.at.line))


def _balances(material: Material) -> Counter[str]:
    """How many more regions of each file the series opens than it closes: a file before it is taken to close each."""
    balances: Counter[str] = Counter()
    for file in (file for patch in material.patches for file in patch.files):
        for line in file.lines:
            alone = _ALONE.match(line.text) if line.sign != " " else None
            if alone:
                balances[file.new_path or ""] += 1 if (line.sign == "+") == (alone[1] in _OPENING) else -1
    return balances


def _open(scan: LexicalScan) -> list[OpenRegion]:
    """The regions behind which another one, or nothing, comes before an end."""
    regions = []
    border: Token | None = None
    next_set: Token | None = None
    for token in reversed([token for tokens in scan.tokens for token in tokens if token.text in _MARKS]):
        if token.text in SET_STARTS:
            next_set = token
            continue
        if token.text in CLOSERS and (border is None or border.text in _OPENING):
            end_before = place(scan.path, next_set) if next_set else None
            regions.append(OpenRegion(place(scan.path, token), token.text, CLOSERS[token.text], end_before))
        border, next_set = token, None
    return regions[::-1]
