"""A call of a function in view: its account said in the caller's terms, once for each way it may end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from kfunclint.c.syntax import Node
from kfunclint.flow.account import Account, Outcome, Use, site_of
from kfunclint.flow.behaviour import Behaviours
from kfunclint.flow.deeds import Deeds, Lease, Lock, Made, Mark
from kfunclint.flow.facts import ERRNO, ERROR, NOTHING, VALID, ZERO_KNOWN, Known
from kfunclint.flow.frame import Frame, Pairs
from kfunclint.flow.path import EQUAL, Decision, Path
from kfunclint.flow.reach import changed, cost
from kfunclint.flow.terms import (
    COMPARISONS,
    PLACES,
    ZERO,
    Term,
    anything,
    base_pointer,
    compound,
    remade,
    replaced,
)
from kfunclint.value import replace

T = TypeVar("T")

_MOST_OUTCOMES = 12
_REPLACED = frozenset({"param", *PLACES})
_DEEPEST = 6  # calls in one another through which a use is followed
_UNCHANGING = frozenset({"const", "errno", "string", "local", "addr", "elem", "size"})
_FLAG_WORDS = ("GFP", "gfp", "flags")
_ALWAYS_TOLD = frozenset({"lock", "warn"})


def entered(frame: Frame, node: Node, given: tuple[Term, ...], path: Path, account: Account) -> Pairs:
    """The paths behind a call of a function whose account is known, each with what the call gives there. Raises
    TooMuch."""
    instance = _Instance(frame, account, given, node, path)
    result = compound("call", node.text, given, site_of(node))
    frame.recorder.see(Use("entered", node, result, path))
    for use in account.uses:
        if len(use.calls) < _DEEPEST and _matters(use, account.behaviours):
            frame.budget.spend(_cost(use.path))
            _tell(frame, instance, use)
    pairs: Pairs = []
    for outcome in _few(account.outcomes):
        frame.budget.spend(_cost(outcome.path) + cost(path))
        after = instance.ended(outcome.path)
        if after is not None:
            pairs.append((after, ZERO if outcome.value is None else instance.term(outcome.value)))
    return pairs


def _cost(inner: Path) -> int:
    return 1 + (len(inner.asked) + len(inner.facts) + len(inner.orders) + len(inner.decisions)) // 32


def _matters(use: Use, behaviours: Behaviours) -> bool:
    """Can what a called function does be of interest to those who call it?"""
    if use.kind == "call":
        row = behaviours.of(use.node.text)
        return use.node.text == "BUG" or row.sleeps or row.nofault or row.section == "needs" or _has_flags(use.term)
    if use.kind in ("read", "index", "shift"):
        return any(part.kind == "param" for part in use.term.parts)
    if use.kind == "store":
        return bool(use.term.kids) and base_pointer(use.term.kids[0]).kind == "param"
    if use.kind == "compare":
        return any(part.kind == "op" and part.text in ("+", "*") for part in use.term.parts)
    return use.kind in _ALWAYS_TOLD


def _has_flags(term: Term) -> bool:
    names = (part.text for part in term.parts if part.kind in ("global", "param"))
    return any(word in name for name in names for word in _FLAG_WORDS)


def _tell(frame: Frame, instance: _Instance, use: Use) -> None:
    """Note what a called function does as a use of its caller."""
    path = instance.reached(use.path)
    if path is None:
        return
    calls = (instance.call, *use.calls)
    term = instance.term(use.term)
    if use.kind == "read":
        frame.recorder.read_through(use.node, term, path, calls)
    else:
        frame.recorder.see(Use(use.kind, use.node, term, path, calls, use.what))


class _Instance:
    """An account of a called function, with the arguments of one call in place of its parameters."""

    def __init__(self, frame: Frame, account: Account, given: tuple[Term, ...], call: Node, path: Path) -> None:
        self.types = frame.types
        parameters = account.function.parameters
        self.given = {one.name: term for one, term in zip(parameters, given, strict=True)}
        self.call = call
        self.path = path
        self.site = site_of(call)
        self.memo: dict[Term, Term] = {}
        self.translations: dict[int, Any] = {}

    def term(self, term: Term) -> Term:
        """A term of the called function, in those of the caller."""
        return replaced(term, self._own, self.memo)

    def _own(self, term: Term) -> Term | None:
        if term.kind == "param":
            return self.given.get(term.text)
        if term.kind in ("local", "var"):
            return anything(self.site, term.text)
        if term.site:
            return Term(term.kind, term.text, term.kids, (*self.site, *term.site), term.type)
        return self.path.memory.get(term) if term.kind in PLACES else None

    def reached(self, inner: Path) -> Path | None:
        """The caller's path with one of the called function behind it; None where the two exclude each other."""
        path = self._knowing(inner.facts)
        if path is None:
            return None
        orders = dict(path.orders)
        for (one, other), mask in inner.orders.items():
            a, b = self.term(one), self.term(other)
            possible = mask & (EQUAL if a == b else path.possible(a, b, ""))
            if not possible:
                return None
            orders[a, b] = possible
        asked = self._once(inner.asked, self._asked)
        decisions = tuple([self._once(decision, self._decision) for decision in inner.decisions])
        deeds = replace(path.deeds, held=self._held(inner.deeds))
        return replace(path, orders=orders, asked=path.asked | asked, decisions=path.decisions + decisions, deeds=deeds)

    def _knowing(self, inner: Mapping[Term, Known]) -> Path | None:
        """The caller's path on which that is known, too; None where it cannot be."""
        path, facts = self.path, dict(self.path.facts)
        path = replace(path, facts=facts)
        for own, known in inner.items():
            term = self.term(own)
            if term.kind == "op" and (term.text == "!" or term.text in COMPARISONS):
                if known.is_nonzero or known.is_zero:
                    assumed = next(path.assuming(term, holds=known.is_nonzero), None)
                    if assumed is None:
                        return None
                    facts = dict(assumed.facts)
                    path = replace(assumed, facts=facts)
                continue
            new = path.known(term).meet(known)
            if new is None:
                return None
            if term.kind not in _UNCHANGING:
                facts[term] = new  # nobody else has the path yet
        return path

    def _once(self, value: T, translate: Callable[[T], T]) -> T:
        """The translation of what many paths of an account share, which keeps it alive."""
        key = id(value)
        if key not in self.translations:
            self.translations[key] = translate(value)
        translation: T = self.translations[key]
        return translation

    def _asked(self, terms: frozenset[Term]) -> frozenset[Term]:
        """The same terms, which come with all their parts, and the parts of what took the place of some."""
        mine = {self.term(term) for term in terms}
        return frozenset(mine.union(*(self.term(term).parts for term in terms if term.kind in _REPLACED)))

    def _decision(self, decision: Decision) -> Decision:
        return Decision(decision.node, decision.holds, self.term(decision.term), foreign=True)

    def ended(self, inner: Path) -> Path | None:
        """The caller's path behind a way on which the called function ends."""
        path = self.reached(inner)
        if path is None:
            return None
        path = changed(path, map(self.term, _filled(inner)), self.site, self.types)
        memory, variables = dict(path.memory), dict(path.variables)
        for place, value in inner.memory.items():
            there = remade(place, tuple(map(self.term, place.kids)))
            if there.kind == "var":
                variables[there.text] = self.term(value)
            elif there.kind in PLACES and not any(part.kind == "any" for part in there.parts):
                memory[there] = self.term(value)
        return replace(path, variables=variables, memory=memory, deeds=self._done(path.deeds, inner.deeds))

    def _held(self, inner: Deeds) -> tuple[Lock, ...]:
        gone = {(name, self.term(what)) for name, what in inner.unlocked}
        before = () if inner.loosed else self.path.deeds.held
        kept = tuple(lock for lock in before if (lock.unlock, lock.what) not in gone)
        return kept + tuple(Lock(lock.taken, lock.unlock, self.term(lock.what)) for lock in inner.held)

    def _done(self, mine: Deeds, inner: Deeds) -> Deeds:
        if inner == Deeds(held=inner.held):
            return mine
        own = {(lock.unlock, lock.what) for lock in self.path.deeds.held}
        unlocked = ((name, self.term(what)) for name, what in inner.unlocked)
        deeds = replace(
            mine,
            unlocked=mine.unlocked + tuple(one for one in unlocked if one not in own),
            loosed=mine.loosed or inner.loosed,
            made=mine.made
            + tuple(
                Made(one.call, one.name, tuple(map(self.term, one.given)), self.term(one.result), one.row)
                for one in inner.made
            ),
            written=mine.written | self._pointers(inner.written),
            kept=mine.kept | self._pointers(inner.kept),
            given=mine.given | self._pointers(inner.given),
            released=mine.released | {(base_pointer(self.term(term)), mark) for term, mark in inner.released},
            cleaned=mine.cleaned | {self.term(term) for term in inner.cleaned},
        )
        return self._sections(deeds, inner)

    def _pointers(self, terms: Iterable[Term]) -> set[Term]:
        return {base_pointer(self.term(term)) for term in terms}

    def _sections(self, deeds: Deeds, inner: Deeds) -> Deeds:
        """RCU sections that the called function opened, left or ended."""
        leases = deeds.leases | {Lease(self.term(one.term), one.source) for one in inner.leases}
        over = {(Lease(self.term(lease.term), lease.source), end) for lease, end in inner.over}
        depth = deeds.depth + inner.depth
        if depth > 0 or deeds.guard is not None:
            return replace(deeds, depth=depth, leases=leases | {lease for lease, _ in over})
        deeds = replace(deeds, depth=depth, over=deeds.over | over)
        if inner.depth < 0:
            return replace(deeds, over=deeds.over | {(one, Mark(self.call)) for one in leases}, leases=frozenset())
        return replace(deeds, leases=leases)


def _filled(inner: Path) -> set[Term]:
    """The pointers that a called function handed on to others that may have written there."""
    stored = {base_pointer(place.kids[0]) for place in inner.memory if place.kids}
    return set(inner.deeds.given | (inner.deeds.written - stored))


_SORTS = {"error": ERROR, "negative": ERRNO, "zero": ZERO_KNOWN, "nonzero": VALID}


def _few(outcomes: tuple[Outcome, ...]) -> list[Outcome]:
    """The outcomes; where they are many, one for each sort of value and what was done."""
    if len(outcomes) <= _MOST_OUTCOMES:
        return list(outcomes)
    merged: dict[object, Outcome] = {}
    for outcome in outcomes:
        key = (_sort(outcome), outcome.path.deeds.apart)
        merged[key] = _merged(merged[key], outcome) if key in merged else outcome
    return list(merged.values())


def _sort(outcome: Outcome) -> str:
    if outcome.value is None:
        return "nothing"
    known = outcome.path.known(outcome.value)
    if known.error:
        return "error"
    if known.is_negative:
        return "negative"
    return "zero" if known.is_zero else "nonzero" if known.is_nonzero else "unknown"


def _merged(one: Outcome, other: Outcome) -> Outcome:
    path = one.path.join(other.path)
    if one.value is None or one.value == other.value:
        return one._replace(path=path)
    sort = _sort(other)
    value = anything(site_of(one.node) if one.node else ((0, 0),), sort)
    return one._replace(value=value, path=replace(path, facts={**path.facts, value: _SORTS.get(sort, NOTHING)}))
