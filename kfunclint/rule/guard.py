"""Guards as data: "a use of X must stand behind a test of Y" is a row of tables/guards.toml and needs no Python."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kfunclint.c.syntax import Node
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Edit, Fix, Level, Missing, Place, Reason, Remark
from kfunclint.flow.queries import (
    Call,
    Condition,
    Use,
    calls,
    is_plain_call,
    names,
    only_tested,
    other_tests,
    spelled,
    taken,
    uses,
)
from kfunclint.kernel.kernel import Kernel

_TEXTS = ("title", "why", "bad", "good", "guard", "because", "see")
_MOST_TESTS = 3  # that a finding points at
_OTHERS = ("uses", "holds", "level", "takes", "predicates", "contract", "since", "until", "strict")


class BadRow(Exception):
    """A row that cannot be used; the message says why in one line."""


@dataclass(frozen=True, slots=True)
class Guard:
    """A row: where a kfunc uses one of `uses` (a variable, or a call "name()"), it must be known there that `guard`, a
    call without arguments, gives `holds`.

    `takes` are types of parameters that prove the same, `predicates` words in the names of other tests that may well
    test it; `because` goes on with a message; `title`, `why`, `bad` and `good` explain the rule.
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
        assert kfunc.definition.body is not None
        if any(kind in parameter.type for parameter in kfunc.signature.parameters for kind in self.takes):
            return
        if not only_tested(kfunc.definition.body, self.guard.removesuffix("()")):
            return
        for symbol, use in self._uses(kfunc.definition.body, kfunc.definition.helpers):
            if not self._may_be_guarded(use, kfunc.definition.helpers):
                at = kfunc.place(use.node)
                message = f"{kfunc.name}() uses {symbol} without testing {self.guard}: {self.because}"
                missing = Missing(symbol, self.guard, self.holds)
                yield Remark(at, message, self._because(kfunc, use), self._fix(kfunc, at), missing=missing)
                return

    def _uses(self, body: Node, helpers: Mapping[str, Node]) -> Iterator[tuple[str, Use | Call]]:
        """All uses, of a variable only where one that is not guarded takes it: comparing it does no harm."""
        for symbol in self.uses:
            if symbol.endswith("()"):
                yield from ((symbol, call) for call in calls(body) if f"{call.node.text}()" == symbol)
            elif not any(node.kind == "var" and node.text == symbol for node in body.walk()) and not all(
                self._may_be_guarded(use, helpers) for use in taken(body, symbol)
            ):
                yield from ((symbol, use) for use in uses(body, symbol))

    def _because(self, kfunc: Kfunc, use: Use | Call) -> tuple[Reason, ...]:
        """The tests that are there and do not count."""
        assert kfunc.definition.body is not None
        found = other_tests(kfunc.definition.body, use.node, lambda node: spelled(node) == self.guard)
        against = Condition(self.guard, not self.holds) in use.known
        notes = (
            (one, "used on the wrong branch of this test" if against and one.before else one.note) for one in found
        )
        return tuple(Reason(kfunc.place(one.node), note) for one, note in notes)[:_MOST_TESTS]

    def _may_be_guarded(self, use: Use | Call, helpers: Mapping[str, Node]) -> bool:
        return Condition(self.guard, self.holds) in use.known or any(
            self._own_predicate(condition) or self._wraps(condition, helpers) for condition in use.known
        )

    def _own_predicate(self, condition: Condition) -> bool:
        return (
            is_plain_call(condition.text)
            and condition.text != self.guard
            and any(word in condition.text for word in self.predicates)
        )

    def _wraps(self, condition: Condition, helpers: Mapping[str, Node]) -> bool:
        """Does a static function of the file that is asked there call the guard?"""
        bodies = (helpers[name] for name in names(condition.text) if name in helpers)
        return any(node.kind == "call" and f"{node.text}()" == self.guard for body in bodies for node in body.walk())

    def _fix(self, kfunc: Kfunc, use: Place) -> Fix:
        condition = f"!{self.guard}" if self.holds else self.guard
        if not kfunc.signature.returns_pointer:
            return Fix(f"return early if {condition}")
        return Fix(f"return NULL first if {condition}", _early_return(kfunc, use, condition))


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
    for name in ("since", "until"):
        if not isinstance(row.get(name, ""), str):
            raise BadRow(f'{name} must be a release such as "6.12"')
    if not is_plain_call(row["guard"]):
        raise BadRow("guard must be a call without arguments, such as foo_disabled()")
    for name, default in (("holds", None), ("strict", False)):
        if not isinstance(row.get(name, default), bool):
            raise BadRow(f"{name} must be true or false")


def _texts(row: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = row.get(name, [])
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise BadRow(f"{name} must be a list of texts")
    return tuple(value)
