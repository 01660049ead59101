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
        yield CodeName(name, at, shared, alone)


def _names(material: Material) -> tuple[dict[str, Place], set[str]]:
    """Where each name of several words in a new line stands first, and those in lines that are or were there before."""
    first: dict[str, Place] = {}
    old = {
        name
        for patch in material.patches
        for file in patch.files
        for line in file.lines
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
    """The functions beside kfuncs that share parameters with one whose names have an ending of two underscores and
    letters."""
    registered = {entry.name for entry in material.facts(Entry)}
    for scan in material.scans:
        unit = material.units.get(scan.path)
        functions = unit.functions if unit is not None else ()
        kfuncs = [function for function in functions if function.marker or function.name in registered]
        names = {kfunc.name for kfunc in kfuncs}
        if any(function.marker for function in kfuncs):
            definitions = Definitions(scan.path, scan.tokens)
            lists = {_suffixed_names(kfunc) for kfunc in kfuncs}
            shared = frozenset(name for names in lists for name in names if name)
            for function in functions:
                if function.name not in names and _suffixed_names(function) not in lists:
                    yield from _suffixed(function, definitions, shared)


def _suffixed_names(function: Function) -> tuple[str, ...]:
    """The names of its parameters; "" for one without such an ending."""
    return tuple(name if "__" in (name := parameter.name).strip("_") else "" for parameter in function.parameters)


def _suffixed(function: Function, definitions: Definitions, shared: frozenset[str]) -> Iterator[SuffixedHelper]:
    names = shared.intersection(_suffixed_names(function))
    header = definitions.header(function) if names else None
    for parameter in header.parameters if header is not None else ():
        if parameter.name in names and parameter.at is not None:
            yield SuffixedHelper(function.name, parameter.at, parameter.name)
