"""Makes kfuncs of what the parser saw of functions and the scan of their sets, kernel-doc and surroundings."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise

from kfunclint.c import lexer
from kfunclint.c.brackets import arguments
from kfunclint.c.lexer import Token
from kfunclint.c.syntax import Function, Node, Unit
from kfunclint.extract import own_types
from kfunclint.extract.definitions import Definitions, declared, dtors
from kfunclint.extract.sets import LexicalScan
from kfunclint.extract.tokens import names_in, place
from kfunclint.extract.uses import used_in_kernel
from kfunclint.facts.docs import Doc
from kfunclint.facts.kfunc import MOST_ENTRIES, Definition, DefsRegion, Kfunc, SeriesFacts, Signature
from kfunclint.facts.sets import Entry
from kfunclint.finding import Place
from kfunclint.flow.accounts import Accounts
from kfunclint.flow.behaviour import Behaviours
from kfunclint.flow.budget import Purse
from kfunclint.patch.postimage import PostImage
from kfunclint.value import replace

_VERIFIER = "kernel/bpf/verifier.c"

_ONE_CALL = 2  # places that have its name: the definition is one


def build_kfuncs(
    files: Iterable[tuple[PostImage, LexicalScan]],
    scans: Sequence[LexicalScan],
    units: Mapping[str, Unit],
    entries: Iterable[Entry],
    docs: Mapping[str, Mapping[int, Doc]],
    *,
    behaviours: Behaviours,
    is_series: bool,
) -> tuple[Kfunc, ...]:
    """The kfuncs of `files`, in their order; `scans` are of all files of the series, `units` and `docs` are by path,
    `behaviours` tells what functions out of view do.

    `is_series`: it is a series, not a whole tree.
    """
    listed = _Entries(entries)
    purse = Purse()
    marked = frozenset(function.name for unit in units.values() for function in unit.functions if function.marker)
    used = used_in_kernel(marked.union(listed.by_name), scans) if is_series else None
    readers = [
        _FileReader(source, scan, unit, docs[scan.path], listed.by_name, behaviours=behaviours, purse=purse, used=used)
        for source, scan in files
        if (unit := units.get(scan.path)) is not None and unit.functions
    ]
    functions = [(reader, function) for reader in readers for function in reader.kfuncs]
    declared_names = _declared_outside(functions, scans)
    series = _series_facts(scans)
    return tuple(
        reader.kfunc(
            function,
            listed.of(function.name, reader.path),
            has_prototype=function.name in declared_names,
            series=series,
        )
        for reader, function in functions
    )


class _Entries:
    """The entries of a series, by what they name."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.by_name: dict[str, list[Entry]] = {}
        self._by_file: dict[tuple[str | None, str], list[Entry]] = {}
        for entry in entries:
            self.by_name.setdefault(entry.name, []).append(entry)
            self._by_file.setdefault((entry.at.path, entry.name), []).append(entry)

    def of(self, name: str, path: str) -> Sequence[Entry]:
        """Those of a kfunc that a file defines, see Kfunc."""
        entries = self.by_name.get(name, [])
        if len(entries) > MOST_ENTRIES:
            entries = self._by_file.get((path, name), entries)
        return entries[:MOST_ENTRIES]


def _declared_outside(
    functions: Iterable[tuple[_FileReader, Function]], scans: Iterable[LexicalScan]
) -> frozenset[str]:
    """The functions that stand outside of where -Wmissing-prototypes is off, and are declared."""
    outside = {function.name for reader, function in functions if reader.definitions.in_defs(function) is False}
    return frozenset(name for scan in scans for name in declared(outside, scan.tokens))


def _series_facts(scans: Sequence[LexicalScan]) -> SeriesFacts:
    ranges = [tokens for scan in scans for tokens in scan.tokens]
    return SeriesFacts(
        verifier_words=_verifier_words(scans),
        aggregates=own_types.aggregates(map(lexer.code_of, ranges)),
        struct_sizes=own_types.sizes(ranges),
    )


def _verifier_words(scans: Iterable[LexicalScan]) -> frozenset[str]:
    return frozenset(
        token.text for scan in scans if scan.path == _VERIFIER for tokens in scan.tokens for token in tokens
    )


class _FileReader:
    """What one file tells of the kfuncs that it defines: functions with the marker, an entry in view, or a line in a
    list of destructors."""

    def __init__(
        self,
        source: PostImage,
        scan: LexicalScan,
        unit: Unit,
        docs: Mapping[int, Doc],
        registered: Container[str],
        *,
        behaviours: Behaviours,
        purse: Purse,
        used: Container[str] | None,
    ) -> None:
        self.path = scan.path
        self.unit = unit
        self.definitions = Definitions(scan.path, scan.tokens)
        self.dtors = dtors(scan.path, scan.tokens)
        self.kfuncs = [
            function
            for function in unit.functions
            if function.name and (function.marker or function.name in registered or function.name in self.dtors)
        ]
        self._source = source
        self._scan = scan
        self._docs = docs
        self._used = used
        self._declarations = _declarations(scan)
        whole = {function.name: function for function in unit.functions if function.complete and function.name}
        self._accounts = Accounts(whole, behaviours, purse)

    def kfunc(self, function: Function, entries: Iterable[Entry], *, has_prototype: bool, series: SeriesFacts) -> Kfunc:
        return Kfunc(
            name=function.name,
            at=self.name_place(function),
            signature=self.signature(function),
            definition=self.definition(function),
            defs_region=DefsRegion(
                inside=self.definitions.in_defs(function),
                has_prototype=has_prototype,
                by_hand=self.definitions.by_hand(function),
            ),
            entries=tuple(entries),
            doc=self.doc(function),
            destructor=self.dtors.get(function.name),
            types=self.unit.types,
            series=series,
        )

    def name_place(self, function: Function) -> Place:
        return Place(self._scan.path, function.line, function.column, function.column + len(function.name))

    def signature(self, function: Function) -> Signature:
        header = self.definitions.header(function)
        places = _parameters_at(self.name_place(function), function, self._tokens(function))
        if header is None:
            placed = zip(function.parameters, places or [None] * len(function.parameters), strict=True)
            parameters = tuple(replace(parameter, at=at) for parameter, at in placed)
            return_type = function.returns if self.definitions.shows_return_type(function) else None
            return Signature(return_type, parameters, has_all_names=places is not None)
        return Signature(
            return_type=function.returns,
            parameters=header.parameters,
            has_all_names=places is not None,
            is_exact=True,
            is_variadic=header.variadic,
            return_place=header.returns_at,
        )

    def definition(self, function: Function) -> Definition:
        tokens = self._tokens(function)
        header = self.definitions.header(function) if function.static else None
        is_only = self._declarations[function.name] == 1
        return Definition(
            last_line=function.end_line,
            shows_name=self.definitions.shows_name(function),
            body=function.body if function.complete else None,
            misread_line=function.misread,
            accounts=self._accounts,
            has_marker=function.marker,
            is_static=function.static,
            static_at=header.static_at if header else None,
            is_used=None if self._used is None else function.name in self._used,
            weak_at=next((place(self.path, word) for word in _header(function, tokens) if word.text == "__weak"), None),
            is_new=all(map(self._source.is_added, range(function.first_line, function.end_line + 1))),
            worker=self._worker(function),
            zero_returns=tuple(_zero_returns(self._scan.path, function, tokens)),
            error_pointer_returns=tuple(_error_pointer_returns(self._scan.path, function, tokens)),
            follows_code=_follows_code(function.first_line, tokens),
            preprocessor_conditions=self._scan.conditions.at(function.line) if is_only else None,
        )

    def doc(self, function: Function) -> Doc | None:
        """The kernel-doc right above a function, or one that names it and stands above something else."""
        return self._docs.get(function.first_line) or self._strays.get(function.name)

    @cached_property
    def _strays(self) -> dict[str, Doc]:
        above = {function.first_line for function in self.kfuncs}
        return {
            doc.name: doc for line, doc in self._docs.items() if line not in above and doc.above not in (None, doc.name)
        }

    def _worker(self, function: Function) -> Function | None:
        called = _all_it_calls(function.body) if function.complete else ""
        worker = self._accounts.functions.get(called)
        is_alone = worker is not None and worker.static and self._names[called] == _ONE_CALL
        return worker if worker is not None and is_alone and self._is_all_in_view(worker) else None

    def _is_all_in_view(self, static: Function) -> bool:
        """Are all lines in view that may call a static function?"""
        lines = range(static.first_line, static.end_line + 1)
        return self._source.whole or all(map(self._source.is_added, lines))

    @cached_property
    def _names(self) -> Counter[str]:
        """How often the code of the file has each name."""
        return Counter(names_in(self._scan.tokens))

    def _tokens(self, function: Function) -> Sequence[Token]:
        """The tokens of the visible range that the function's name stands in."""
        line = function.line
        return next(
            (tokens for tokens in self._scan.tokens if tokens and tokens[0].line <= line <= tokens[-1].end_line), ()
        )


def _parameters_at(at: Place, function: Function, tokens: Sequence[Token]) -> tuple[Place, ...] | None:
    """Where the names of the parameters stand; None unless all of them are in view."""
    index = bisect_left(tokens, (at.line, at.column), key=lambda token: (token.line, token.column))
    written = arguments(tokens, index + 1) if index < len(tokens) and tokens[index].text == function.name else None
    if written is None or (not function.parameters and [token.text for words in written for token in words] > ["void"]):
        return None
    places = tuple(
        place(at.path or "", next((token for token in reversed(words) if token.text == parameter.name), words[0]))
        for words, parameter in zip(written, function.parameters, strict=False)
        if words and parameter.name
    )
    return places if len(places) == len(function.parameters) else None


def _all_it_calls(body: Node) -> str:
    """The function of which a call is all that a body has; "" where there is more."""
    statement = body.kids[0] if len(body.kids) == 1 else body
    call = statement.kids[0] if statement.kind == "return" and statement.kids else statement
    return call.text if call.kind == "call" else ""


def _zero_returns(path: str, function: Function, tokens: Sequence[Token]) -> Iterator[Place]:
    for words in _returns(function, tokens, 3):
        if [token.text for token in words] == ["return", "0", ";"]:
            yield place(path, words[1])


def _error_pointer_returns(path: str, function: Function, tokens: Sequence[Token]) -> Iterator[Place]:
    for words in _returns(function, tokens, 7):
        texts = [token.text for token in words]
        if [*texts[:4], *texts[5:]] == ["return", "ERR_PTR", "(", "-", ")", ";"] and words[1].line == words[5].line:
            yield replace(place(path, words[1]), end_column=words[5].column + 1)


def _returns(function: Function, tokens: Sequence[Token], count: int) -> Iterator[Sequence[Token]]:
    """So many tokens from each word `return` of a function on."""
    start = bisect_left(tokens, function.line, key=lambda token: token.line)
    end = bisect_right(tokens, function.end_line, key=lambda token: token.line)
    return (tokens[at : at + count] for at in range(start, end - count + 1) if tokens[at].text == "return")


def _follows_code(first_line: int, tokens: Sequence[Token]) -> bool:
    """Does code, and no comment, stand right above a line?"""
    end = bisect_left(tokens, first_line, key=lambda token: token.line)
    above = (tokens[at].kind for at in reversed(range(end)))
    return next((kind for kind in above if kind != "directive"), "comment") != "comment"


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
