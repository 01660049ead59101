"""What the functions that a series brings are, by where else it names them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence

from kfunclint.c.declarators import STATEMENT
from kfunclint.c.lexer import Token
from kfunclint.c.syntax import Function, Unit
from kfunclint.extract.definitions import Definitions, declared
from kfunclint.extract.sets import LexicalScan
from kfunclint.extract.tokens import NAME
from kfunclint.facts.kfunc import Helper, Kfunc
from kfunclint.facts.spelling import one_edit_apart
from kfunclint.finding import Place
from kfunclint.patch.postimage import PostImage
from kfunclint.value import replace

_NOT_KERNEL = ("tools/", "samples/", "scripts/", "Documentation/")

_CALLED = 2  # that a file has its name: once to define it

_ATTACHED = {"noinline", "__weak"}  # programs may attach to it, as between __bpf_hook_start() and its end

Files = Sequence[tuple[PostImage, LexicalScan]]


def mark_missing_entries(kfuncs: Sequence[Kfunc], files: Files, removed_names: Container[str]) -> Iterator[Kfunc]:
    """The kfuncs with whether a new one lacks its entry: no set names it, nor anything that may stand for one.

    `removed_names` are those in the lines that the series takes out.
    """
    sources = {source.path: source for source, _ in files}
    new = [
        kfunc
        for kfunc in kfuncs
        if kfunc.signature.is_exact
        and kfunc.name not in removed_names
        and sources[kfunc.at.path or ""].is_added(kfunc.at.line)
    ]
    beside = {kfunc.at.path for kfunc in new if kfunc.entries}
    whole = {source.path for source, scan in files if _shows_all_sets(source, scan)}
    unlisted = frozenset(
        kfunc.name
        for kfunc in new
        if kfunc.is_unregistered and (kfunc.at.path in beside or (kfunc.at.path in whole and kfunc.definition.is_new))
    )
    mentioned = {name for _, scan in files for name in _mentions(unlisted, scan)} if unlisted else set()
    mentioned |= _misspelled_in_sets(unlisted, files, {kfunc.name for kfunc in kfuncs})
    for kfunc in kfuncs:
        is_missing = kfunc.name in unlisted and kfunc.name not in mentioned
        yield replace(kfunc, entry_missing=True) if is_missing else kfunc


def _shows_all_sets(source: PostImage, scan: LexicalScan) -> bool:
    """Is a file whole in view, and so are its sets, of which it has some?"""
    lines = [line for part in source.ranges for line in part.lines]
    is_whole = source.whole or (source.ranges[0].start == 1 and all(line.added for line in lines))
    return is_whole and bool(scan.sets) and all(ids.is_complete for ids in scan.sets)


def _misspelled_in_sets(names: Iterable[str], files: Files, defined: Container[str]) -> set[str]:
    """The names of which an entry that nothing in view defines is nearly one: it may stand for them."""
    entries = {entry.name for _, scan in files for entry in scan.entries if entry.name not in defined}
    return {name for name in names if any(one_edit_apart(name, entry) for entry in entries)}


def find_helpers(files: Files, units: Mapping[str, Unit], excluded: Container[str]) -> Iterator[Helper]:
    """The helpers that a series brings; `excluded` are its kfuncs, and the names in the lines that it takes out."""
    new = [
        (scan, function)
        for source, scan in files
        if _has_kfuncs(scan)
        for function in _functions(units.get(scan.path), source)
        if function.name not in excluded
    ]
    names = frozenset(function.name for _, function in new)
    uses = Counter((name, scan.path) for _, scan in files for name in _uses(names, scan))
    homes = Counter(name for name, _ in uses)
    outside = {name for _, scan in files for name in (*_mentions(names, scan), *declared(names, scan.tokens))}
    tokens = {scan.path: scan.tokens for scan, _ in new}
    definitions = {path: Definitions(path, ranges) for path, ranges in tokens.items()}
    for scan, function in new:
        name, defined = function.name, definitions[scan.path]
        if name in outside or homes[name] > 1 or uses[name, scan.path] < _CALLED:
            continue
        header = defined.header(function)
        if header and not header.words & _ATTACHED and defined.in_defs(function) is not False:
            at = Place(scan.path, function.line, function.column, function.column + len(name))
            yield Helper(name, at, header.returns_at)


def _functions(unit: Unit | None, source: PostImage) -> list[Function]:
    """The global functions of a file, but for kfuncs, that the series brings."""
    functions = unit.functions if unit else ()
    return [
        function
        for function in functions
        if not function.static and not function.marker and source.is_added(function.line)
    ]


def _mentions(names: frozenset[str], scan: LexicalScan) -> Iterator[str]:
    """The names that a file has other than to declare, define or call them: in a macro, a list, an initializer."""
    for tokens in scan.tokens:
        for at, token in enumerate(tokens):
            if token.kind == "directive":
                yield from names.intersection(NAME.findall(token.text))
            elif token.text in names and [following.text for following in tokens[at + 1 : at + 2]] != ["("]:
                yield token.text


def used_in_kernel(names: Collection[str], scans: Iterable[LexicalScan]) -> frozenset[str]:
    """Which of the names the kernel's part of some files has other than to declare, define or register them."""
    return frozenset(
        name
        for scan in scans
        if not scan.path.startswith(_NOT_KERNEL)
        for tokens in scan.tokens
        for name in _used(names, tokens)
    )


def _used(names: Collection[str], tokens: Sequence[Token]) -> Iterator[str]:
    code = [token for token in tokens if token.kind != "comment"]
    for at, token in enumerate(code):
        if token.kind == "directive":
            yield from (name for name in NAME.findall(token.text) if name in names)
        elif token.text in names:
            before = [word.text for word in code[max(0, at - 3) : at]]
            if before[-2:] != ["func", ","] and not (_is_followed_by(code, at, "(") and _is_declared(code, at)):
                yield token.text


def _is_followed_by(code: Sequence[Token], at: int, text: str) -> bool:
    return at + 1 < len(code) and code[at + 1].text == text


def _is_declared(code: Sequence[Token], at: int) -> bool:
    """Does a type, at the start of a declaration, stand in front of the name at an index?"""
    first = at
    while first and (code[first - 1].text == "*" or code[first - 1].kind == "name"):
        first -= 1
    words = {token.text for token in code[first:at]}
    begins = first == 0 or code[first - 1].text in (";", "{", "}", ")") or code[first - 1].kind == "directive"
    return bool(words) and begins and words.isdisjoint(STATEMENT)


def _uses(names: frozenset[str], scan: LexicalScan) -> Iterator[str]:
    """The names, as often as the code of a file has them."""
    return (token.text for tokens in scan.tokens for token in tokens if token.text in names)


def _has_kfuncs(scan: LexicalScan) -> bool:
    return any(token.text == "__bpf_kfunc" for tokens in scan.tokens for token in tokens)
