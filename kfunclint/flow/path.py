"""One path through a function up to a point: what its variables and memory hold, what is known, asked and done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from kfunclint.c.syntax import Node
from kfunclint.flow.deeds import NONE_DONE, Deeds
from kfunclint.flow.facts import ERRNO, ERROR, NOTHING, TRUTH, VALID, ZERO_KNOWN, Known
from kfunclint.flow.integers import is_unsigned, largest, width
from kfunclint.flow.terms import COMPARISONS, ZERO, Term, anything, base_pointer
from kfunclint.value import Value, field, replace

LESS, EQUAL, GREATER = 1, 2, 4
UNEQUAL = LESS | GREATER
ANY_ORDER = LESS | EQUAL | GREATER
ORDERS = {"<": LESS, "<=": LESS | EQUAL, ">": GREATER, ">=": GREATER | EQUAL, "==": EQUAL, "!=": UNEQUAL}
MIRRORED = {order: (order & EQUAL) | (LESS if order & GREATER else 0) | (GREATER if order & LESS else 0)
            for order in range(8)}  # fmt: skip
ERROR_MAKERS = frozenset({"ERR_PTR", "ERR_CAST"})
_LARGEST_SIZEOF = 1 << 20
_NEVER_ASKED = frozenset({"const", "errno", "string", "size", "local"})
_UNCHANGING = frozenset({"const", "errno", "string", "local"})
_POINTING = frozenset({"global", "local", "member", "index", "load", "call", "param", "any", "var"})
_BITS_OF_A_BOUND = 31

Pair = tuple[Term, Term]


class Decision(NamedTuple):
    """A condition that was decided on the way, and how; `foreign`: by a function that was called, `partial`: on some of
    the paths only that were made this one."""

    node: Node
    holds: bool
    term: Term
    foreign: bool
    partial: bool = False


class Path(Value):
    """A path up to a point; no member is ever changed in place.

    `variables` are those of the function, `memory` is what was written to places; `facts` are about terms, `orders`
    which of < = > two terms may be in. `asked` are the terms that a condition on the way was made of, with all that
    those are made of: what was asked about counts as checked, whether or not the check is understood. `rounds` count
    how often the heads of loops were reached again. `nulls` are the literals that variables were given; two paths that
    differ in these alone are equal.
    """

    variables: Mapping[str, Term]
    memory: Mapping[Term, Term]
    facts: Mapping[Term, Known]
    orders: Mapping[Pair, int]
    asked: frozenset[Term] = frozenset()
    decisions: tuple[Decision, ...] = ()
    deeds: Deeds = NONE_DONE
    rounds: tuple[tuple[int, int], ...] = ()
    nulls: Mapping[str, Node] = field(default_factory=dict, compare=False)

    @property
    def key(self) -> object:
        """Equal for two paths behind which the same holds and was done."""
        return (
            frozenset(self.variables.items()),
            frozenset(self.memory.items()),
            frozenset(self.facts.items()),
            frozenset(self.orders.items()),
            self.asked,
            self.deeds,
            self.rounds,
        )

    @property
    def weight(self) -> int:
        """What it costs to go on with it, in units of a budget."""
        return 1 + (len(self.asked) + len(self.facts) + len(self.orders) + len(self.decisions)) // 64

    # ---- values

    def value(self, name: str) -> Term:
        """What a variable of the function holds; its address, if that is an array or was never set."""
        return self.variables.get(name, Term("local", name))

    def setting(self, name: str, value: Term) -> Path:
        """The path behind giving a variable a value."""
        return replace(self, variables={**self.variables, name: value})

    def storing(self, place: Term, value: Term) -> Path:
        """The path behind writing a value to a place."""
        return replace(self, memory={**self.memory, place: value})

    def doing(self, deeds: Deeds) -> Path:
        """The path with these deeds."""
        return self if deeds is self.deeds else replace(self, deeds=deeds)

    def held(self, place: Term) -> Term:
        """What a place holds."""
        return self.value(place.text) if place.kind == "var" else self.memory.get(place, place)

    # ---- what is known

    def known(self, term: Term) -> Known:
        """What is known of a term, by itself and by what was found out on the way."""
        found = self.facts.get(term)
        own = self._by_itself(term)
        if found is None or own is NOTHING:
            return own if found is None else found
        return own.meet(found) or found

    def _by_itself(self, term: Term) -> Known:
        match term.kind:
            case "const":
                return Known(term.number, term.number, term.number != 0)
            case "errno":
                return ERRNO
            case "string" | "local":
                return Known(nonzero=True, error=False)
            case "addr" | "elem":
                return self._of_address(term)
            case "size":
                return Known(1, _LARGEST_SIZEOF, nonzero=True)
            case "cast":
                return self._of_cast(term)
            case "op":
                return self._of_operation(term)
            case "call":
                return self._of_call(term)
        return _of_type(term.type)

    def _of_call(self, term: Term) -> Known:
        if term.text in ERROR_MAKERS:
            return ERROR
        return ERRNO if term.text == "PTR_ERR" and term.kids and self.known(term.kids[0]).error else NOTHING

    def _of_address(self, term: Term) -> Known:
        """&p->f is never NULL to a test, wherever p points, and an error pointer only if p is one."""
        base = base_pointer(term)
        if base is not term and base.kind not in _POINTING:
            return NOTHING
        found = self.facts.get(base, NOTHING)
        return NOTHING if found.is_zero or found.error else VALID

    def _of_cast(self, term: Term) -> Known:
        inner = self.known(term.kids[0])
        if width(term.type) and inner.high is not None and inner.is_natural and inner.high > largest(term.type):
            return _of_type(term.type)
        if is_unsigned(term.type):
            return inner if inner.is_natural else Known(low=0)
        return inner

    def _of_operation(self, term: Term) -> Known:
        text, kids = term.text, term.kids
        if text in COMPARISONS or text == "!":
            truth = self.truth(term)
            return TRUTH if truth is None else Known(int(truth), int(truth), truth)
        if len(kids) == 2:
            one, other = self.known(kids[0]), self.known(kids[1])
            if text == "&":
                return _masked(one, other)
            if text in ("+", "*", "/", ">>", "%"):
                return _computed(text, one, other)
            if text == "-":
                return _difference(one, other, term.type)
        return _of_type(term.type)

    def truth(self, term: Term) -> bool | None:
        """Is a term surely true (not 0), or surely false?"""
        if term.kind == "op" and term.text == "!":
            inner = self.truth(term.kids[0])
            return None if inner is None else not inner
        if term.kind == "op" and term.text in COMPARISONS and len(term.kids) == 2:
            return self._compared(term)
        if term.kind == "call" and term.text == "IS_ERR" and term.kids:
            return self.known(term.kids[0]).error
        known = self.known(term)
        return True if known.is_nonzero else False if known.is_zero else None

    def _compared(self, term: Term) -> bool | None:
        one, other = term.kids
        wanted = ORDERS[term.text]
        if one == other:
            return bool(wanted & EQUAL)
        possible = self.possible(one, other, term.type)
        return True if not possible & ~wanted else None if possible & wanted else False

    def possible(self, one: Term, other: Term, type_: str) -> int:
        """Which of < = > two terms may be in, compared as "signed", "unsigned" or as not known ("")."""
        orders = self.orders.get((one, other), ANY_ORDER)
        a, b = self.known(one), self.known(other)
        if type_ == "unsigned" and not (a.is_natural and b.is_natural):
            return orders
        if a.high is not None and b.low is not None:
            orders &= LESS if a.high < b.low else ANY_ORDER if a.high > b.low else LESS | EQUAL
        if a.low is not None and b.high is not None:
            orders &= GREATER if a.low > b.high else ANY_ORDER if a.low < b.high else GREATER | EQUAL
        if (other == ZERO and a.is_nonzero) or (one == ZERO and b.is_nonzero):
            orders &= ~EQUAL
        return orders

    # ---- conditions

    def asking(self, term: Term, node: Node, *, holds: bool) -> Path:
        """The path with a condition noted that was decided."""
        parts = {part for part in term.parts if part.kind not in _NEVER_ASKED}
        decisions = (*self.decisions, Decision(node, holds, term, foreign=False))
        return replace(self, asked=self.asked | parts, decisions=decisions)

    def assuming(self, term: Term, *, holds: bool) -> Iterator[Path]:
        """The paths on which a term is true, or false: none where it cannot be."""
        while term.kind == "cast" or (term.kind == "op" and term.text == "!"):
            holds, term = (holds if term.kind == "cast" else not holds), term.kids[0]
        if term.kind == "op" and term.text in COMPARISONS and len(term.kids) == 2:
            yield from self._comparing(term, holds)
        elif term.kind == "call" and term.text == "IS_ERR" and term.kids:
            yield from self.learning(term.kids[0], Known(error=holds))
        elif term.kind == "call" and term.text == "IS_ERR_OR_NULL" and term.kids:
            for known in (ZERO_KNOWN, Known(error=True)) if holds else (Known(nonzero=True, error=False),):
                yield from self.learning(term.kids[0], known)
        else:
            yield from self.learning(term, VALID if holds else ZERO_KNOWN)

    def learning(self, term: Term, known: Known) -> Iterator[Path]:
        """The path on which that is known of a term as well; none where it cannot be."""
        new = self.known(term).meet(known)
        if new is None:
            return
        yield self if term.kind in _UNCHANGING else replace(self, facts={**self.facts, term: new})

    def _comparing(self, term: Term, holds: bool) -> Iterator[Path]:
        one, other = term.kids
        wanted = ORDERS[term.text] if holds else ANY_ORDER & ~ORDERS[term.text]
        possible = wanted & (EQUAL if one == other else self.possible(one, other, term.type))
        if not possible:
            return
        if ZERO in (one, other) and wanted in (EQUAL, UNEQUAL):
            yield from self.assuming(one if other == ZERO else other, holds=wanted != EQUAL)
            return
        orders = {**self.orders, (one, other): possible, (other, one): MIRRORED[possible]}
        path = replace(self, orders=orders)
        if term.type != "unsigned" or wanted in (EQUAL, UNEQUAL):
            for bounded in path._bounded(one, other, possible):
                yield from bounded._bounded(other, one, MIRRORED[possible])
        else:
            yield from path._bounded_from_above(one, other, wanted)

    def _bounded(self, one: Term, other: Term, possible: int) -> Iterator[Path]:
        """The path with the bounds that one term has from another."""
        known = self.known(other)
        low = high = None
        if not possible & GREATER and known.high is not None:
            high = known.high - (possible == LESS)
        if not possible & LESS and known.low is not None:
            low = known.low + (possible == GREATER)
        if low is None and high is None:
            yield self
        else:
            yield from self.learning(one, Known(low, high))

    def _bounded_from_above(self, one: Term, other: Term, wanted: int) -> Iterator[Path]:
        """Compared as unsigned numbers: what is below a small number is not negative."""
        if wanted not in (LESS, LESS | EQUAL):
            one, other, wanted = other, one, MIRRORED[wanted]
        high = self.known(other).high
        if wanted in (LESS, LESS | EQUAL) and high is not None and 0 <= high < 1 << _BITS_OF_A_BOUND:
            yield from self.learning(one, Known(0, high - (wanted == LESS)))
        else:
            yield self

    # ---- merging

    def join(self, other: Path) -> Path:
        """What holds on both of two paths that hold the same locks; what either of them asked counts as asked."""
        site = ((0, len(self.variables)),)
        return Path(
            variables={
                name: value if other.variables.get(name) == value else anything(site, name)
                for name, value in self.variables.items()
            },
            memory={place: value for place, value in self.memory.items() if other.memory.get(place) == value},
            facts={term: known.join(other.facts[term]) for term, known in self.facts.items() if term in other.facts},
            orders={pair: mask | other.orders[pair] for pair, mask in self.orders.items() if pair in other.orders},
            asked=self.asked | other.asked,
            decisions=_all_decisions(self.decisions, other.decisions),
            deeds=self.deeds.join(other.deeds),
            rounds=self.rounds,
            nulls={**other.nulls, **self.nulls},
        )


def _all_decisions(one: tuple[Decision, ...], other: tuple[Decision, ...]) -> tuple[Decision, ...]:
    """The decisions on either of two paths, those that are not on both marked."""
    mine, theirs = ({(id(each.node), each.holds, each.term) for each in decisions} for decisions in (one, other))
    return tuple(
        each if key in mine and key in theirs else each._replace(partial=True)
        for decisions, known in ((one, set[object]()), (other, mine))
        for each in decisions
        if (key := (id(each.node), each.holds, each.term)) not in known
    )


def _of_type(type_: str) -> Known:
    return TRUTH if type_ == "_Bool" else Known(low=0) if is_unsigned(type_) else NOTHING


def _masked(one: Known, other: Known) -> Known:
    highs = [known.high for known in (one, other) if known.high is not None and known.is_natural]
    return Known(0, min(highs)) if highs else NOTHING


def _computed(text: str, one: Known, other: Known) -> Known:
    """Of two numbers that are not negative, as long as nothing wraps."""
    if one.low is None or other.low is None or one.low < 0 or other.low < 0:
        return NOTHING
    if text == "%":
        return Known(0, None if other.high is None else max(other.high - 1, 0))
    if text in ("/", ">>"):
        return Known(0, one.high)
    highs = None if one.high is None or other.high is None else (one.high, other.high)
    if text == "+":
        return Known(one.low + other.low, highs and sum(highs))
    return Known(one.low * other.low, highs and highs[0] * highs[1])


def _difference(one: Known, other: Known, type_: str) -> Known:
    low = None if one.low is None or other.high is None else one.low - other.high
    high = None if one.high is None or other.low is None else one.high - other.low
    return Known(low=0) if is_unsigned(type_) and (low is None or low < 0) else Known(low, high)
