"""Names that a series brings into the code, and helpers that look like kfuncs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from kfunclint.c.syntax import Function
from kfunclint.extract.definitions import Definitions
from kfunclint.extract.extractor import Material, extractor
from kfunclint.extract.tokens import place
from kfunclint.facts.code_names import CodeName, SuffixedHelper
from kfunclint.facts.sets import Entry
from kfunclint.finding import Place

_OF_WORDS = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)+", re.ASCII)
_LONGEST = 64
_MOST_NAMES = 2000


@extractor(CodeName)
def code_names(material: Material) -> Iterator[CodeName]:
    """The new names, in the order of files and lines."""
    if not material.patches:
        return
    first, old = _names(material)
    new = {name: at for name, at in list(first.items())[:_MOST_NAMES] if name not in old}
    counts = Counter(word for name in {*first, *old} for word in set(name.split("_")))
    shared = frozenset(counts)
    for name, at in new.items():
        alone = frozenset(word for word in name.split("_") if counts[word] == 1)
        yield CodeName(name, at, shared - alone)


def _names(material: Material) -> tuple[dict[str, Place], set[str]]:
    """Where each name of several words in a new line stands first, and those in lines that are or were there before."""
    first: dict[str, Place] = {}
    old = {
        name
        for patch in material.patches
        for file in patch.files
        for hunk in file.hunks
        for line in hunk.lines
        if line.sign == "-"
        for name in _OF_WORDS.findall(line.text)
    }
    for source, scan in zip(material.sources, material.scans, strict=True):
        for token in (token for tokens in scan.tokens for token in tokens if token.kind == "name"):
            if len(token.text) <= _LONGEST and _OF_WORDS.fullmatch(token.text):
                if source.is_added(token.line):
                    first.setdefault(token.text, place(scan.path, token))
                else:
                    old.add(token.text)
    return first, old


@extractor(SuffixedHelper)
def suffixed_helpers(material: Material) -> Iterator[SuffixedHelper]:
    """The functions beside kfuncs, and their parameters whose names have an ending of two underscores and letters."""
    registered = {entry.name for entry in material.facts(Entry)}
    for scan in material.scans:
        unit = material.units.get(scan.path)
        functions = unit.functions if unit is not None else ()
        if any(function.marker for function in functions):
            definitions = Definitions(scan.path, scan.tokens)
            for function in functions:
                if not function.marker and function.name not in registered:
                    yield from _suffixed(function, definitions)


def _suffixed(function: Function, definitions: Definitions) -> Iterator[SuffixedHelper]:
    if not any("__" in parameter.name.strip("_") for parameter in function.parameters):
        return
    header = definitions.header(function)
    for parameter in header.parameters if header is not None else ():
        if "__" in parameter.name.strip("_") and parameter.at is not None:
            yield SuffixedHelper(function.name, parameter.at, parameter.name)
