"""How the functions of a kernel tree use a symbol, and what they test before: what most do is what a new one lacks."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial

from kfunclint.c.lexer import code
from kfunclint.c.syntax import Function, Unit, bare
from kfunclint.clang import Parser
from kfunclint.errors import InputError
from kfunclint.facts.fact import Fact
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Missing, Place, Reason
from kfunclint.flow.accounts import Accounts
from kfunclint.flow.questions import Condition, calls, conditions, taken, uses
from kfunclint.index import index
from kfunclint.patch.postimage import PostImage
from kfunclint.progress import Step
from kfunclint.tree.tree import Tree
from kfunclint.value import Value, replace

_MOST_FILES = 32  # of a review: 32 files take 3 seconds
_NAMED = 3
_ONCE = re.compile(r"\b__\w*(?:init|exit)\b", re.ASCII)


class Precedent(Value):
    """A function that uses a symbol. `tests` are calls without arguments: they hold wherever it does, and where one of
    them fails it never comes to it. A function that cannot be `followed` has none."""

    name: str
    at: Place
    returns: str
    tests: frozenset[Condition]
    followed: bool = True


class Usage(Value):
    """The functions that use a symbol. To compare it, or to test it for NULL, is no use.

    `public` are those that other files can call, as they are not static or stand in a header: the caller of a static
    one may have made the test, and what is __init may run before there is anything to test. `others` counts these.
    """

    symbol: str
    public: tuple[Precedent, ...]
    others: int

    def testing(self, test: Condition) -> tuple[Precedent, ...]:
        """Those that make a test first."""
        return tuple(peer for peer in self.public if test in peer.tests)

    def is_custom(self, test: Condition) -> bool:
        """Do most of them make it first, and more than one?"""
        count = len(self.testing(test))
        return count > 1 and 2 * count > len(self.public)


def find_usage(
    tree: Tree,
    symbol: str,
    parser: Parser,
    *,
    most: int,
    own: Mapping[str, PostImage] | None = None,
    step: Step = lambda what: None,
) -> Usage:
    """Look for a symbol, a variable or a call "name()", in the kernel's part of a tree.

    Functions of one name count once, what stands behind an #else does not, nor does what is hidden in a macro.
    `own` are the files of a series as it leaves them, by path; what they have of the series does not count. `step` is
    told what is being read. Raises InputError or OSError where the symbol cannot be counted: it stands in more than
    `most` files, or one of them cannot be parsed, or is known by its hunks only.
    """
    name = symbol.removesuffix("()")
    step(f"looking for {name}")
    paths = index.holding(tree, name, step)
    if len(paths) > most:
        raise InputError(tree.name, None, f"{name} stands in {len(paths)} files, too many to be counted")
    public: dict[str, Precedent] = {}
    others = 0
    for path in paths:
        changed = (own or {}).get(path)
        source = changed or index.source_of(tree, path)
        if source is None:  # a header of registers, made by a machine
            continue
        if not source.whole:
            raise InputError(path, None, "known by its hunks only")
        step(f"reading {path}")
        parse = partial(index.parsed, tree, parser) if changed is None else parser.parse
        for function, is_public in _functions(source, name, parse):
            peer = _peer(function, path, symbol)
            if peer and is_public:
                public[peer.name] = _joined(public.get(peer.name), peer)
            others += peer is not None and not is_public
    return Usage(symbol, tuple(public.values()), others)


def _joined(one: Precedent | None, other: Precedent) -> Precedent:
    """Where #if chooses between two of a name, what both test."""
    return replace(one, tests=one.tests & other.tests, followed=one.followed and other.followed) if one else other


def _functions(source: PostImage, name: str, parse: Callable[..., Unit]) -> Iterator[tuple[Function, bool]]:
    """The functions of a whole file that mention a name, and whether others can call them. Raises InputError."""
    texts = [line.text for visible in source.ranges for line in visible.lines]
    lines = _mentions(texts, name)
    unit = parse(source, lines=lines) if lines else None
    if unit is None:
        return
    if unit.failure:
        raise InputError(source.path, None, str(unit.failure))
    for function in unit.functions:
        span = range(function.first_line, function.end_line + 1)
        if lines.isdisjoint(span) or function.name == name or any(map(source.is_added, span)):
            continue
        once = any(_ONCE.search(text) for text in texts[function.first_line - 1 : function.line])
        yield function, not once and (not function.static or source.path.endswith(".h"))


def _mentions(texts: Sequence[str], name: str) -> frozenset[int]:
    """The lines on which a name stands in code, and not behind a dot or an arrow."""
    tokens = code("\n".join(texts))
    before = ("", *(token.text for token in tokens))
    return frozenset(
        token.line
        for token, last in zip(tokens, before, strict=False)
        if token.text == name and last not in (".", "->")
    )


def _peer(function: Function, path: str, symbol: str) -> Precedent | None:
    """A function with its tests; None for one that does not use the symbol, or another thing of that name."""
    at = Place(path, function.line, function.column, function.column + len(function.name))
    if not function.complete:
        return Precedent(function.name, at, function.returns, frozenset(), followed=False)
    name = symbol.removesuffix("()")
    body = function.body
    if any(one.name == name for one in function.parameters) or any(
        node.kind == "var" and node.text == name for node in body.walk()
    ):
        return None
    account = Accounts({function.name: function}).of(function.name, body)
    if account is None:
        return Precedent(function.name, at, function.returns, frozenset(), followed=False)
    if name == symbol:
        found = taken(account, [use for use in uses(account, "name") if use.term.text == name])
    else:
        found = tuple(use for use in calls(account) if use.node.text == name)
    if not found:
        return None
    known = frozenset.intersection(*(conditions(use.path) for use in found))
    return Precedent(function.name, at, function.returns, known)


class Precedents:
    """Looks up in a tree who makes the tests that findings miss, each symbol once."""

    def __init__(self, tree: Tree, parser: Parser, sources: Collection[PostImage], step: Step) -> None:
        """`sources` are the files of the series that is reviewed."""
        self._tree = tree
        self._parser = parser
        self._own = {source.path: source for source in sources}
        self._step = step
        self._known: dict[str, Usage | None] = {}

    def __call__(self, missing: Missing, fact: Fact) -> tuple[Reason, ...]:
        """One reason if most of the functions that use the symbol make the test first, else none."""
        peers = self._peers(missing.symbol)
        test = Condition(missing.guard, missing.holds)
        if peers is None or not peers.is_custom(test):
            return ()
        returns = bare(fact.signature.return_type) if isinstance(fact, Kfunc) else None
        those = sorted(peers.testing(test), key=lambda peer: bare(peer.returns) != returns)
        who = f"{_number(len(those), len(peers.public))} public functions that use {missing.symbol}"
        return (Reason(those[0].at, f"{who} test {missing.guard} first{_named(those)}"),)

    def _peers(self, symbol: str) -> Usage | None:
        if symbol not in self._known:
            try:
                found = find_usage(self._tree, symbol, self._parser, most=_MOST_FILES, own=self._own, step=self._step)
            except (InputError, OSError):
                found = None
            self._known[symbol] = found
        return self._known[symbol]


def _number(those: int, all_: int) -> str:
    if those < all_:
        return f"{those} of the {all_}"
    return "both" if all_ == 2 else f"all {all_}"


def _named(peers: Sequence[Precedent]) -> str:
    """The first of them."""
    names = [f"{peer.name}()" for peer in peers[:_NAMED]]
    words = f"{', '.join(names[:-1])} and {names[-1]}"
    return f": {words}" if len(names) == len(peers) else f", {words} among them"
