"""Guards as data: "a use of X must stand behind a test of Y" is a row of tables/guards.toml and needs no Python."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Edit, Fix, Level, Missing, Place, Reason, Remark
from kfunclint.flow.account import Use
from kfunclint.flow.path import Path
from kfunclint.flow.questions import calls, is_plain_call, other_tests, taken, uses
from kfunclint.flow.terms import Term
from kfunclint.kernel.kernel import Kernel

_TEXTS = ("title", "why", "bad", "good", "guard", "because", "see")
_MOST_TESTS = 3  # that a finding points at
_OTHERS = ("uses", "holds", "same", "level", "takes", "predicates", "contract", "since", "until", "strict")


class BadRow(Exception):
    """A row that cannot be used; the message says why in one line."""


@dataclass(frozen=True, slots=True)
class Guard:
    """A row: where a kfunc uses one of `uses` (a variable, or a call "name()"), it must be known there that `guard`, a
    call without arguments, gives `holds`.

    `takes` are types of parameters that prove the same, `predicates` words in the names of other tests that may well
    test it; `same` are other tests that prove it, with what they must give; `because` goes on with a message; `title`,
    `why`, `bad` and `good` explain the rule.
    """

    title: str
    why: str
    bad: str
    good: str
    uses: tuple[str, ...]
    guard: str
    holds: bool
    because: str
    see: str
    level: Level
    takes: tuple[str, ...]
    predicates: tuple[str, ...]
    same: Mapping[str, bool]
    contract: tuple[str, ...]
    since: str | None
    until: str | None
    strict: bool

    @property
    def doc(self) -> str:
        """The text that explains the rule, in the form of a rule's docstring."""
        parts = (f"{self.title}.", self.why.strip(), f"Bad:\n{_indented(self.bad)}\nGood:\n{_indented(self.good)}")
        return "\n\n".join(parts)

    def check(self, kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
        """One remark for the first use that nothing guards; one early return mends all that stand behind it."""
        del kernel
        if any(kind in parameter.type for parameter in kfunc.signature.parameters for kind in self.takes):
            return
        for symbol, use in self._uses(kfunc):
            if not self._may_be_guarded(use.path):
                at = kfunc.place(use.node)
                message = f"{kfunc.name}() uses {symbol} without testing {self.guard}: {self.because}"
                missing = Missing(symbol, self.guard, self.holds)
                yield Remark(at, message, self._because(kfunc, use), self._fix(kfunc, at), missing=missing)
                return

    def _uses(self, kfunc: Kfunc) -> Iterator[tuple[str, Use]]:
        """All uses, of a variable only where one that is not guarded takes it: comparing it does no harm."""
        for symbol in self.uses:
            if symbol.endswith("()"):
                yield from ((symbol, use) for use in calls(kfunc.account) if f"{use.node.text}()" == symbol)
                continue
            found = [use for use in uses(kfunc.account, "name") if use.term.text == symbol]
            if not all(self._may_be_guarded(use.path) for use in taken(kfunc.account, found)):
                yield from ((symbol, use) for use in found)

    @property
    def _tests(self) -> Iterator[tuple[Term, bool]]:
        """The tests that prove the guard, each with what it must give."""
        yield _call_term(self.guard), self.holds
        yield from ((_call_term(test), holds) for test, holds in self.same.items())

    def _may_be_guarded(self, path: Path) -> bool:
        """Is a test known to have given what it must, or was one asked about in a way that is not followed?"""
        for test, holds in self._tests:
            truth = path.truth(test)
            if truth is holds or (truth is None and test in path.asked):
                return True
        return any(self._own_predicate(term) for term in path.asked)

    def _own_predicate(self, term: Term) -> bool:
        is_plain = term.kind == "call" and not term.kids and f"{term.text}()" != self.guard
        return is_plain and any(word in term.text for word in self.predicates)

    def _because(self, kfunc: Kfunc, use: Use) -> tuple[Reason, ...]:
        """The tests that are there and do not count."""
        guard = _call_term(self.guard)
        against = use.path.truth(guard) is (not self.holds)
        on_the_way = {id(one.node) for one in use.path.decisions}
        notes = (
            (one.node, "used on the wrong branch of this test" if against and id(one.node) in on_the_way else one.note)
            for one in other_tests(kfunc.account, use, (guard,))
        )
        return tuple(Reason(kfunc.place(node), note) for node, note in notes)[:_MOST_TESTS]

    def _fix(self, kfunc: Kfunc, use: Place) -> Fix:
        condition = f"!{self.guard}" if self.holds else self.guard
        if not kfunc.signature.returns_pointer:
            return Fix(f"return early if {condition}")
        return Fix(f"return NULL first if {condition}", _early_return(kfunc, use, condition))


_CALL = re.compile(r"(\w+)\(((?:\w+(?:, \w+)*)?)\)", re.ASCII)


def _call_term(text: str) -> Term:
    """The call that a text such as "foo_enabled(bar)" is."""
    match = _CALL.fullmatch(text)
    assert match is not None
    return Term("call", match[1], tuple(Term("global", name) for name in match[2].split(", ") if name))


def _early_return(kfunc: Kfunc, use: Place, condition: str) -> tuple[Edit, ...]:
    """Two lines and an empty one behind the declarations, unless the use stands among those."""
    assert kfunc.definition.body is not None
    statements = [node for node in kfunc.definition.body.kids if node.kind != "decl"]
    line = statements[0].line if len(statements) < len(kfunc.definition.body.kids) else kfunc.definition.body.line + 1
    if use.line < line:
        return ()
    return (Edit(Place(use.path, line, 1, 1), f"\tif ({condition})\n\t\treturn NULL;\n\n"),)


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" if line else "" for line in text.strip("\n").split("\n"))


def parsed(row: Any) -> Guard:
    """The guard that a row of the table describes. Raises BadRow."""
    if not isinstance(row, Mapping):
        raise BadRow("a row must be a table of its own")
    _check(row)
    try:
        level = Level(row.get("level", Level.WARNING))
    except ValueError as error:
        raise BadRow(f"level must be one of {', '.join(Level)}") from error
    uses_ = _texts(row, "uses")
    if not uses_:
        raise BadRow("uses must name a variable or a call")
    return Guard(
        title=row["title"],
        why=row["why"],
        bad=row["bad"],
        good=row["good"],
        uses=uses_,
        guard=row["guard"],
        holds=row["holds"],
        because=row["because"],
        see=row["see"],
        level=level,
        takes=_texts(row, "takes"),
        predicates=_texts(row, "predicates"),
        same=dict(row.get("same", {})),
        contract=_texts(row, "contract"),
        since=row.get("since"),
        until=row.get("until"),
        strict=row.get("strict", False),
    )


def _check(row: Mapping[str, Any]) -> None:
    for name in row:
        if name not in (*_TEXTS, *_OTHERS):
            raise BadRow(f"no such key: {name!r}")
    for name in _TEXTS:
        if not isinstance(row.get(name), str):
            raise BadRow(f"{name} must be a text")
    _check_tests(row)
    for name in ("since", "until"):
        if not isinstance(row.get(name, ""), str):
            raise BadRow(f'{name} must be a release such as "6.12"')
    for name, default in (("holds", None), ("strict", False)):
        if not isinstance(row.get(name, default), bool):
            raise BadRow(f"{name} must be true or false")


def _check_tests(row: Mapping[str, Any]) -> None:
    if not is_plain_call(row["guard"]):
        raise BadRow("guard must be a call without arguments, such as foo_disabled()")
    same = row.get("same", {})
    if not isinstance(same, Mapping) or not all(
        _CALL.fullmatch(test) and isinstance(gives, bool) for test, gives in same.items()
    ):
        raise BadRow("same must be a table of calls, such as foo_enabled(bar), each true or false")


def _texts(row: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = row.get(name, [])
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise BadRow(f"{name} must be a list of texts")
    return tuple(value)
