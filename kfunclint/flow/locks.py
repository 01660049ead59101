"""Which locks a function body may leave held.

It errs towards silence: a lock counts as held only if it is on every path, and whatever may give it back does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kfunclint.c.syntax import Node
from kfunclint.flow.cfg import Analysis, Edge, Event, Graph
from kfunclint.flow.dataflow import names, spelled

_MAY_RELEASE = ("unlock", "release", "exit", "leave", "end")


@dataclass(frozen=True, slots=True)
class Held:
    """A return statement, and the call that took a lock which is held there on every path."""

    node: Node
    value: Node | None
    lock: Node


@dataclass(frozen=True, slots=True)
class _Lock:
    """The call that took it, the function that gives it back, and what that is given, spelled."""

    call: Node
    unlock: str
    what: str


_Locks = frozenset[_Lock]


def held_at_return(body: Node, pairs: Mapping[str, str], helpers: Mapping[str, Node]) -> tuple[Held, ...]:
    """Every return of a complete body with a lock held that another path gives back, in the order of the source.

    `pairs` has the function that gives a lock back for each that takes one; `helpers` are functions that the body may
    call.
    """
    walk = _Walk(body, pairs, helpers)
    reached = list(Analysis(Graph(body), walk.after, _along, _locks_of_both).reached(frozenset()))
    given_back = {(event.node.text, _what(event.node)) for event, _ in reached if event.kind == "call"}
    found = [
        Held(event.node, event.value, lock.call)
        for event, locks in reached
        if event.kind == "return"
        for lock in locks
        if (lock.unlock, lock.what) in given_back
    ]
    return tuple(sorted(found, key=lambda one: (one.node.line, one.node.column, one.lock.line)))


def _along(edge: Edge, locks: _Locks) -> _Locks:
    del edge
    return locks


def _locks_of_both(one: _Locks, other: _Locks) -> _Locks:
    return one & other


def _what(call: Node) -> str | None:
    """What a call takes or gives back."""
    return spelled(call.kids[0]) if call.kids else ""


class _Walk:
    def __init__(self, body: Node, pairs: Mapping[str, str], helpers: Mapping[str, Node]) -> None:
        self.called = {node.text for node in body.walk() if node.kind == "call"}
        self.pairs = pairs
        self.unlocks = frozenset(pairs.values())
        self.releasing = {name for name, body in helpers.items() if any(map(self._releases, body.walk()))}

    def _releases(self, node: Node) -> bool:
        return node.kind == "call" and node.text in self.unlocks

    def after(self, event: Event, locks: _Locks) -> _Locks:
        """The locks that are held behind an event."""
        if event.kind == "set":
            changed = {inner.text for inner in event.node.walk() if inner.kind in ("name", "var")}
            return frozenset(lock for lock in locks if changed.isdisjoint(names(lock.what)))
        if event.kind == "call":
            return self._called(event.node, locks)
        return locks

    def _called(self, call: Node, locks: _Locks) -> _Locks:
        what = _what(call)
        if call.text in self.pairs:
            return locks if what is None else locks | {_Lock(call, self.pairs[call.text], what)}
        if call.text in self.unlocks:
            return frozenset(lock for lock in locks if (lock.unlock, lock.what) != (call.text, what))
        return frozenset() if self._may_release(call.text) else locks

    def _may_release(self, name: str) -> bool:
        """May a function give back what others took? One that gives back what its own counterpart took does not."""
        if name in self.releasing:
            return True
        own = "unlock" in name and name.replace("unlock", "lock") in self.called
        return not own and any(word in name.split("_") for word in _MAY_RELEASE)
