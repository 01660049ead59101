"""Guards as data: "a use of X must stand behind a test of Y" is a row of tables/guards.toml and needs no Python."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from kfunclint.c.syntax import bare
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Edit, Fix, Level, Missing, Place, Reason, Remark
from kfunclint.flow.account import Use
from kfunclint.flow.questions import calls, is_plain_call, other_tests, parameter, taken, uses
from kfunclint.flow.terms import ZERO, Term
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.fixes import failure_value
from kfunclint.rule.reasons import about_use
from kfunclint.value import Value, replace

_TEXTS = ("title", "why", "bad", "good", "guard", "because", "see")
_OTHERS = ("uses", "holds", "same", "level", "takes", "predicates", "contract", "since", "until", "strict")


class BadRow(Exception):
    """A row that cannot be used; the message says why in one line."""


class Guard(Value):
    """A row: where a kfunc uses one of `uses`, it must be known there that `guard`, a call, gives `holds`, or, where it
    takes a lock, that it is held. A use is of a variable, a call "name()", or reads through a member "->name" or that
    of a parameter of a type, "struct foo->name". An argument "@" is the object of which the member is, or the first
    argument of the call that is the use.

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
            if not self._may_be_guarded(kfunc, use):
                remark = about_use(
                    kfunc,
                    use,
                    f"{kfunc.name}() uses {symbol} {self._without(kfunc)}: {self.because}",
                    self._fix(kfunc, use),
                    here=f"{symbol} is used here",
                    tests=self._other_tests(kfunc, use),
                )
                yield replace(remark, missing=self._missing(symbol))
                return

    def _uses(self, kfunc: Kfunc) -> Iterator[tuple[str, Use]]:
        """All uses, of a variable only where one that is not guarded takes it: comparing it does no harm."""
        for symbol in self.uses:
            if symbol.endswith("()"):
                yield from ((symbol, use) for use in calls(kfunc.account) if f"{use.node.text}()" == symbol)
            elif "->" in symbol:
                yield from ((symbol, use) for use in uses(kfunc.account, "read") if _is_member(kfunc, use, symbol))
            else:
                found = [use for use in uses(kfunc.account, "name") if use.term.text == symbol]
                if not all(self._may_be_guarded(kfunc, use) for use in taken(kfunc.account, found)):
                    yield from ((symbol, use) for use in found)

    def _tests(self, use: Use) -> Iterator[tuple[Term, bool]]:
        """The tests that prove the guard for a use, each with what it must give."""
        for test, holds in ((self.guard, self.holds), *self.same.items()):
            term = _call_term(test, use)
            if term is not None:
                yield term, holds

    def _may_be_guarded(self, kfunc: Kfunc, use: Use) -> bool:
        """Is a test known to have given what it must, or was one asked about in a way that is not followed?"""
        path = use.path
        for test, holds in self._tests(use):
            truth = path.truth(test)
            if truth is holds or (truth is None and any(_is_call(test, asked) for asked in path.asked)):
                return True
            lock = kfunc.behaviour(test.text).lock
            if lock and any(held.unlock == lock and held.what in (*test.kids, ZERO) for held in path.deeds.held):
                return True
        return any(self._own_predicate(term) for term in path.asked)

    def _without(self, kfunc: Kfunc) -> str:
        name = self.guard.partition("(")[0]
        return f"outside of {name}()" if kfunc.behaviour(name).lock else f"without testing {self.guard}"

    def _missing(self, symbol: str) -> Missing | None:
        """What others can be asked about; of members and tests with arguments they cannot."""
        return None if "->" in symbol or not is_plain_call(self.guard) else Missing(symbol, self.guard, self.holds)

    def _own_predicate(self, term: Term) -> bool:
        is_plain = term.kind == "call" and not term.kids and f"{term.text}()" != self.guard
        return is_plain and any(word in term.text for word in self.predicates)

    def _other_tests(self, kfunc: Kfunc, use: Use) -> tuple[Reason, ...]:
        """The tests that are there and do not count."""
        guard = _call_term(self.guard, use)
        if guard is None:
            return ()
        against = use.path.truth(guard) is (not self.holds)
        on_the_way = {id(one.node) for one in use.path.decisions}
        notes = (
            (one.node, "used on the wrong branch of this test" if against and id(one.node) in on_the_way else one.note)
            for one in other_tests(kfunc.account, use, (guard,))
        )
        return tuple(Reason(kfunc.place(node), note) for node, note in notes)

    def _fix(self, kfunc: Kfunc, use: Use) -> Fix:
        if kfunc.behaviour(self.guard.partition("(")[0]).lock:
            return Fix(f"call {self.guard.partition('(')[0]}() first")
        condition = f"!{self.guard}" if self.holds else self.guard
        how = "NULL first" if kfunc.signature.returns_pointer else "early"
        if not is_plain_call(self.guard) or use.calls:
            return Fix(f"return early if {condition}")
        value, is_choice = failure_value(kfunc)
        edits = _early_return(kfunc, kfunc.place(use.node), f"if ({condition})", f"return{value};")
        return Fix(f"return {how} if {condition}", edits, unsure=is_choice and bool(edits))


_CALL = re.compile(r"(\w+)\(((?:(?:\w+|@)(?:, (?:\w+|@))*)?)\)", re.ASCII)
_MEMBER = re.compile(r"(?:(struct \w+))?->(\w+)", re.ASCII)
_OBJECT = "@"


def _call_term(text: str, use: Use) -> Term | None:
    """The call that a text such as "foo_enabled(bar)" or "foo_lock(@)" is at a use; None if that has no object."""
    match = _CALL.fullmatch(text)
    assert match is not None
    names = [name for name in match[2].split(", ") if name]
    if _OBJECT in names and not use.term.kids:
        return None
    return Term("call", match[1], tuple(use.term.kids[0] if name == _OBJECT else _named(name) for name in names))


def _named(name: str) -> Term:
    return Term("const", name) if name.isdecimal() else ZERO if name == "NULL" else Term("global", name)


def _is_call(test: Term, asked: Term) -> bool:
    """Is it that test, whether or not two of them may differ?"""
    return asked.kind == "call" and (asked.text, asked.kids) == (test.text, test.kids)


def _is_member(kfunc: Kfunc, use: Use, symbol: str) -> bool:
    """Is what is read through a member as it is written in a row?"""
    match = _MEMBER.fullmatch(symbol)
    assert match is not None
    if use.term.kind != "member" or use.term.text != match[2]:
        return False
    own = parameter(kfunc.signature.parameters, use.term.kids[0])
    return match[1] is None or (own is not None and bare(own.type) == f"{match[1]} *")


def _early_return(kfunc: Kfunc, use: Place, test: str, result: str) -> tuple[Edit, ...]:
    """Two lines and an empty one behind the declarations, unless the use stands among those."""
    assert kfunc.definition.body is not None
    statements = [node for node in kfunc.definition.body.kids if node.kind != "decl"]
    line = statements[0].line if len(statements) < len(kfunc.definition.body.kids) else kfunc.definition.body.line + 1
    if use.line < line:
        return ()
    return (Edit(Place(use.path, line, 1, 1), f"\t{test}\n\t\t{result}\n\n"),)


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
    if not uses_ or not all(_is_use(use) for use in uses_):
        raise BadRow("uses must name a variable or a call, or members as ->foo or struct bar->foo")
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


def _is_use(text: str) -> bool:
    return text.removesuffix("()").isidentifier() or _MEMBER.fullmatch(text) is not None


def _check_tests(row: Mapping[str, Any]) -> None:
    if not _CALL.fullmatch(row["guard"]):
        raise BadRow("guard must be a call, such as foo_disabled() or foo_enabled(@)")
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
