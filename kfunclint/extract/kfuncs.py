"""Makes kfuncs of what the parser saw of functions and the scan of their sets, kernel-doc and surroundings."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from kfunclint.c.lexer import Token
from kfunclint.c.syntax import Function, Node, Unit
from kfunclint.extract.definitions import Definitions, declared, dtors
from kfunclint.extract.sets import LexicalScan
from kfunclint.extract.tokens import bracketed, place
from kfunclint.facts.docs import Doc
from kfunclint.facts.kfunc import Kfunc
from kfunclint.facts.sets import Entry
from kfunclint.finding import Place
from kfunclint.patch.postimage import PostImage

_VERIFIER = "kernel/bpf/verifier.c"


def build_kfuncs(
    files: Iterable[tuple[PostImage, LexicalScan]],
    scans: Sequence[LexicalScan],
    units: Mapping[str, Unit],
    entries: Iterable[Entry],
    docs: Mapping[str, Mapping[int, Doc]],
) -> tuple[Kfunc, ...]:
    """The kfuncs of `files`, in their order; `scans` are of all files of the series, `units` and `docs` are by path."""
    registered: dict[str, list[Entry]] = {}
    for entry in entries:
        registered.setdefault(entry.name, []).append(entry)
    found = [
        replace(kfunc, types=unit.types, helpers=_helpers(unit))
        for source, scan in files
        if (unit := units.get(scan.path)) is not None and unit.functions
        for kfunc in _of_file(source, scan, unit.functions, registered, docs[scan.path])
    ]
    return tuple(_with_other_files(found, scans))


def _helpers(unit: Unit) -> dict[str, Node]:
    return {one.name: one.body for one in unit.functions if one.static and one.complete and not one.marker}


def _of_file(
    source: PostImage,
    scan: LexicalScan,
    functions: Sequence[Function],
    registered: Mapping[str, Sequence[Entry]],
    docs: Mapping[int, Doc],
) -> Iterator[Kfunc]:
    declared = _declarations(scan)
    definitions = Definitions(scan.path, scan.tokens)
    destroys = dtors(scan.path, scan.tokens)
    kfuncs = [one for one in functions if one.name and (one.marker or one.name in registered or one.name in destroys)]
    above = {function.first_line for function in kfuncs}
    loose = {doc.name: doc for line, doc in docs.items() if line not in above and doc.above not in (None, doc.name)}
    for function in kfuncs:
        name = function.name
        doc = docs.get(function.first_line) or loose.get(name)
        found = _kfunc(source, scan, function, registered.get(name, ()), doc, once=declared[name] == 1)
        yield _with_definition(replace(found, dtor=destroys.get(name)), function, definitions)


def _with_definition(kfunc: Kfunc, function: Function, definitions: Definitions) -> Kfunc:
    """A kfunc with what the tokens around its definition tell."""
    header = definitions.header(function)
    return replace(
        kfunc,
        parameters=header.parameters if header else kfunc.parameters,
        exact=header is not None,
        variadic=header is not None and header.variadic,
        returns_at=header.returns_at if header else None,
        in_defs=definitions.in_defs(function),
        by_hand=definitions.by_hand(function),
    )


def _with_other_files(kfuncs: Sequence[Kfunc], scans: Sequence[LexicalScan]) -> Iterator[Kfunc]:
    """Kfuncs with what other files say of them: declarations, and the verifier."""
    verifier = frozenset(
        token.text for scan in scans if scan.path == _VERIFIER for tokens in scan.tokens for token in tokens
    )
    outside = {kfunc.name for kfunc in kfuncs if kfunc.in_defs is False}
    known = {name for scan in scans for name in declared(outside, scan.tokens)}
    for kfunc in kfuncs:
        yield replace(kfunc, declared=kfunc.name in known, verifier=verifier)


def _kfunc(
    source: PostImage,
    scan: LexicalScan,
    function: Function,
    entries: Sequence[Entry],
    doc: Doc | None,
    *,
    once: bool,
) -> Kfunc:
    """The kfunc that a function is; `once`: its file has no other declaration of that name."""
    at = Place(scan.path, function.line, function.column, function.column + len(function.name))
    tokens = next((tokens for tokens in scan.tokens if tokens and tokens[0].line <= at.line <= tokens[-1].end_line), ())
    lines = [source.line(number) for number in range(function.first_line, function.end_line + 1)]
    return Kfunc(
        name=function.name,
        at=at,
        end_line=function.end_line,
        returns=function.returns,
        parameters=function.parameters,
        parameters_at=_parameters_at(at, function, tokens),
        static=function.static,
        marker=function.marker,
        body=function.body if function.complete else None,
        entries=tuple(entries),
        doc=doc,
        bare=_is_bare(function.first_line, tokens),
        added=all(line is not None and line.added for line in lines),
        weak=any(token.text == "__weak" for token in _header(function, tokens)),
        condition=scan.conditions.at(function.line) if once else None,
    )


def _parameters_at(at: Place, function: Function, tokens: Sequence[Token]) -> tuple[Place, ...] | None:
    """Where the names of the parameters stand; None unless all of them are in view."""
    index = bisect_left(tokens, (at.line, at.column), key=lambda token: (token.line, token.column))
    written = bracketed(tokens, index + 1) if index < len(tokens) and tokens[index].text == function.name else None
    if written is None or (not function.parameters and [token.text for words in written for token in words] > ["void"]):
        return None
    found = tuple(
        place(at.path or "", next((token for token in reversed(words) if token.text == parameter.name), words[0]))
        for words, parameter in zip(written, function.parameters, strict=False)
        if words and parameter.name
    )
    return found if len(found) == len(function.parameters) else None


def _is_bare(first_line: int, tokens: Sequence[Token]) -> bool:
    """Does code, and no comment, stand right above a line?"""
    above = tokens[: bisect_left(tokens, first_line, key=lambda token: token.line)]
    last = next((token for token in reversed(above) if token.kind != "directive"), None)
    return last is not None and last.kind != "comment"


def _declarations(scan: LexicalScan) -> Counter[str]:
    """How often a file declares or defines each name: one of each branch of an #if, or a prototype beside it."""
    return Counter(
        token.text
        for tokens in scan.tokens
        for before, token in pairwise(tokens)
        if token.kind == "name" and ((before.kind == "name" and before.text != "return") or before.text == "*")
    )


def _header(function: Function, tokens: Sequence[Token]) -> Sequence[Token]:
    """The tokens from the first line of a function's header to the line of its name."""
    first = bisect_left(tokens, function.first_line, key=lambda token: token.line)
    return tokens[first : bisect_right(tokens, function.line, key=lambda token: token.line)]
