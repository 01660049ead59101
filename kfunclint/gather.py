"""Joins what the scan and the parser saw of a series into facts."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from kfunclint import kerneldoc, prose
from kfunclint.clang.lexer import Token
from kfunclint.content import table
from kfunclint.definition import Definitions, declared, dtors
from kfunclint.facts import Comment, Doc, Entry, Facts, Filter, Kfunc, Prose
from kfunclint.finding import Place
from kfunclint.patch import Patch
from kfunclint.scan import Scan, bracketed, place
from kfunclint.source import Source
from kfunclint.syntax import Function, Unit

_CALLED = re.compile(r"\b([A-Za-z_]\w*)\(\)", re.ASCII)
_LONG_NAME = re.compile(r"\b[A-Za-z]\w*_\w+", re.ASCII)
_LONGEST_STRUCT = 3000  # tokens
_LONGEST_HEAD = 50  # tokens of a function in front of its parameters
_VERIFIER = "kernel/bpf/verifier.c"


def gather(
    patches: Iterable[Patch],
    cover: Patch | None,
    sources: Sequence[Source],
    scans: Sequence[Scan],
    units: Mapping[str, Unit],
) -> Facts:
    """All facts of a series; `scans` are of the sources, one each, `units` are by path, `cover` is the cover letter.

    Hooks that fmod_ret programs attach to are no kfuncs, and files that break the contract on purpose, to test the
    verifier, have no say: neither gives an entry, a set or a kfunc.
    """
    held = [scan for scan in scans if not _on_purpose(scan.path)]
    entries = tuple(entry for scan in held for entry in scan.entries if not (entry.set and entry.set.is_fmodret))
    documented = {scan.path: docs(scan) for scan in scans}
    kfuncs = tuple(_beside_others(tuple(_kfuncs(sources, scans, units, entries, documented)), scans))
    names = _names(patches, scans)
    messages = tuple(_messages(patches, cover, names))
    comments = tuple(
        found for source, scan in zip(sources, scans, strict=True) for found in _comments(source, scan, kfuncs, names)
    )
    return Facts(
        kfuncs=_told(kfuncs, messages, comments),
        entries=entries,
        sets=tuple(found for scan in held for found in scan.sets),
        registrations=tuple(registration for scan in held for registration in scan.registrations),
        filters=tuple(_filters(held, units)),
        docs=tuple(doc for scan in scans for doc in documented[scan.path].values()),
        comments=tuple(comment for scan in scans for comment in scan.comments),
        prose=(*messages, *comments),
    )


def _kfuncs(
    sources: Sequence[Source],
    scans: Sequence[Scan],
    units: Mapping[str, Unit],
    entries: Iterable[Entry],
    documented: Mapping[str, Mapping[int, Doc]],
) -> Iterator[Kfunc]:
    registered: dict[str, list[Entry]] = {}
    for entry in entries:
        registered.setdefault(entry.name, []).append(entry)
    for source, scan in zip(sources, scans, strict=True):
        unit = units.get(scan.path)
        if unit is not None and unit.functions and not _on_purpose(scan.path):
            found = _of_file(source, scan, unit.functions, registered, documented[scan.path])
            yield from (replace(kfunc, types=unit.types) for kfunc in found)


def _told(kfuncs: Iterable[Kfunc], messages: Iterable[Prose], comments: Iterable[Prose]) -> tuple[Kfunc, ...]:
    """The kfuncs with what messages and kernel-doc tell of each."""
    told: dict[str, list[Prose]] = {}
    for paragraph in messages:
        for name in dict.fromkeys(_CALLED.findall(paragraph.text)):
            told.setdefault(name, []).append(paragraph)
    for paragraph in comments:
        if paragraph.kind == "doc" and paragraph.function:
            told.setdefault(paragraph.function, []).append(paragraph)
    return tuple(replace(kfunc, told=tuple(told.get(kfunc.name, ()))) for kfunc in kfuncs)


def _of_file(
    source: Source,
    scan: Scan,
    functions: Sequence[Function],
    registered: Mapping[str, Sequence[Entry]],
    docs: Mapping[int, Doc],
) -> Iterator[Kfunc]:
    declared = _declared(scan)
    definitions = Definitions(scan.path, scan.tokens)
    destroys = dtors(scan.path, scan.tokens)
    for function in functions:
        name = function.name
        if name and (function.marker or name in registered or name in destroys):
            found = _kfunc(source, scan, function, registered.get(name, ()), docs, once=declared[name] == 1)
            yield _defined(replace(found, dtor=destroys.get(name)), function, definitions)


def _defined(kfunc: Kfunc, function: Function, definitions: Definitions) -> Kfunc:
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


def _beside_others(kfuncs: Sequence[Kfunc], scans: Sequence[Scan]) -> Iterator[Kfunc]:
    """Kfuncs with what other files say of them: declarations, and the verifier."""
    verifier = frozenset(
        token.text for scan in scans if scan.path == _VERIFIER for tokens in scan.tokens for token in tokens
    )
    outside = {kfunc.name for kfunc in kfuncs if kfunc.in_defs is False}
    known = {name for scan in scans for name in declared(outside, scan.tokens)}
    for kfunc in kfuncs:
        yield replace(kfunc, declared=kfunc.name in known, verifier=verifier)


def _on_purpose(path: str) -> bool:
    return path.startswith(tuple(table("special")["tests"]["paths"]))


def _kfunc(
    source: Source,
    scan: Scan,
    function: Function,
    entries: Sequence[Entry],
    docs: Mapping[int, Doc],
    *,
    once: bool,
) -> Kfunc:
    """The kfunc that a function is; `once`: its file has no other declaration of that name."""
    at = Place(scan.path, function.line, function.column, function.column + len(function.name))
    tokens = next((tokens for tokens in scan.tokens if tokens and tokens[0].line <= at.line <= tokens[-1].end_line), ())
    elsewhere = (doc for doc in docs.values() if doc.name == function.name and doc.above not in (None, function.name))
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
        doc=docs.get(function.first_line) or next(elsewhere, None),
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


def _declared(scan: Scan) -> Counter[str]:
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


def _filters(scans: Iterable[Scan], units: Mapping[str, Unit]) -> Iterator[Filter]:
    names = {registration.filter for scan in scans for registration in scan.registrations if registration.filter}
    for scan in scans:
        unit = units.get(scan.path)
        for function in unit.functions if unit else ():
            if function.name in names and function.complete and len(function.parameters) == 2:
                at = Place(scan.path, function.line, function.column, function.column + len(function.name))
                yield Filter(function.name, at, function.parameters[1].name, function.body)


def docs(scan: Scan) -> dict[int, Doc]:
    """The kernel-doc comments of a file, by the line of the code that follows each at once."""
    comments = {(comment.at.line, comment.at.column): comment for comment in scan.comments}
    found: dict[int, Doc] = {}
    for tokens in scan.tokens:
        telling = [token for token in tokens if token.kind != "directive" and not _is_plain(token)]
        for index, (token, following) in enumerate(pairwise(telling)):
            if token.kind == "comment" and following.kind != "comment":
                above = kerneldoc.prototype(telling[index + 1 : index + _LONGEST_HEAD])
                doc = kerneldoc.doc(comments[token.line, token.column], above)
                if doc is not None:
                    found[following.line] = _with_members(doc, scan.path, tokens, token)
    return found


def _with_members(doc: Doc, path: str, tokens: Sequence[Token], comment: Token) -> Doc:
    """The doc with the members of the struct below it, if that is the one it documents."""
    documented = re.match(r"struct (\w+)\s*(?:[-:]|$)", doc.lines[0][1])
    if documented is None:
        return doc
    index = bisect_left(tokens, (comment.line, comment.column), key=lambda token: (token.line, token.column))
    name, members = kerneldoc.members(tokens[index + 1 : index + _LONGEST_STRUCT])
    if name != documented[1]:
        return doc
    return replace(doc, struct=name, members=tuple((member.text, place(path, member)) for member in members))


def _is_plain(token: Token) -> bool:
    return token.kind == "comment" and not token.text.startswith("/**")


def _names(patches: Iterable[Patch], scans: Iterable[Scan]) -> frozenset[str]:
    """The names in the code and the words that they are made of, and those that the series takes out; in lower case."""
    names = {token.text for scan in scans for tokens in scan.tokens for token in tokens if token.kind == "name"}
    gone = {
        name
        for patch in patches
        for file in patch.files
        for hunk in file.hunks
        for line in hunk.lines
        if line.sign == "-"
        for name in _LONG_NAME.findall(line.text)
    }
    return frozenset(word for name in names | gone for word in (name.lower(), *name.lower().split("_")))


def _messages(patches: Iterable[Patch], cover: Patch | None, names: frozenset[str]) -> Iterator[Prose]:
    if cover is not None:
        yield from prose.of_message(cover.message, "cover", 0, names)
    for patch in patches:
        yield from prose.of_message(patch.message, "message", patch.mail.number, names)


def _comments(source: Source, scan: Scan, kfuncs: Iterable[Kfunc], names: frozenset[str]) -> Iterator[Prose]:
    """The paragraphs of the comments of which the series adds a line."""
    own = [kfunc for kfunc in kfuncs if kfunc.at.path == scan.path]
    for comment in scan.comments:
        span = range(comment.at.line, comment.at.line + comment.text.count("\n") + 1)
        if any((line := source.line(number)) and line.added for number in span):
            yield from prose.of_comment(comment, _owner(comment, own), names)


def _owner(comment: Comment, kfuncs: Iterable[Kfunc]) -> str | None:
    """The kfunc that a comment stands in, or that it documents."""
    last = comment.at.line + comment.text.count("\n")
    for kfunc in kfuncs:
        documents = kfunc.doc is not None and comment.at.line <= kfunc.doc.at.line <= last
        if documents or kfunc.at.line <= comment.at.line <= kfunc.end_line:
            return kfunc.name
    return None
