"""Which pointers a function body takes out of an RCU read section of its own.

What is given back behind the end of that section may be freed at any time. It errs towards silence: a section that is
not opened in the body, one inside another and a pointer whose way is not plain are left alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from kfunclint.c.syntax import Node
from kfunclint.flow.cfg import CONTAINERS, Analysis, Edge, Event, Graph, assignments, owner

_DEEPEST = 2  # sections in one another that are told apart
_SCOPES = ("guard(rcu)", "scoped_guard(rcu)")


@dataclass(frozen=True, slots=True)
class Outliving:
    """A return statement, the expression or the loop that gave the pointer under RCU, and what ended that section: the
    rcu_read_unlock(), or the guard at whose scope's end it ends."""

    node: Node
    source: Node
    end: Node


@dataclass(frozen=True, slots=True)
class _Lease:
    source: Node
    end: Node | None = None


Leases = frozenset[_Lease]
_NONE: Leases = frozenset()


@dataclass(frozen=True, slots=True)
class _State:
    """The leases of variables, how many sections are open, and the guard that opened one until a scope ends."""

    leases: dict[str, Leases]
    depth: int = 0
    guard: Node | None = None

    def merged(self, other: _State) -> _State:
        names = self.leases.keys() | other.leases.keys()
        leases = {name: self.leases.get(name, _NONE) | other.leases.get(name, _NONE) for name in names}
        return _State(leases, max(self.depth, other.depth), self.guard or other.guard)


def outliving(body: Node, calls: Collection[str], loops: Collection[str]) -> tuple[Outliving, ...]:
    """Every return of a complete body that gives a pointer out of a section that it opened itself and that is over.

    Such a pointer comes from rcu_dereference(), one of the `calls`, or is the first argument of one of the `loops`.
    """
    walk = _Walk(body, calls, loops)
    found: dict[Node, Outliving] = {}
    for event, state in walk.reached():
        if event.kind == "return" and event.value is not None:
            for lease in sorted(walk.leases(event.value, state), key=lambda one: (one.source.line, one.source.column)):
                end = lease.end or state.guard
                if end is not None:
                    found.setdefault(event.node, Outliving(event.node, lease.source, end))
    return tuple(sorted(found.values(), key=lambda one: (one.node.line, one.node.column)))


class _Walk:
    def __init__(self, body: Node, calls: Collection[str], loops: Collection[str]) -> None:
        self.graph = Graph(body)
        self.calls = calls
        self.loops = loops
        self.untracked = frozenset(name for name, value in assignments(body) if value is None)

    def reached(self) -> Iterator[tuple[Event, _State]]:
        """Every event that control can reach with the state in front of it."""
        return Analysis(self.graph, self._after, _along, _State.merged).reached(_State({}))

    def _after(self, event: Event, state: _State) -> _State:
        if event.kind == "call":
            return self._called(event.node, state)
        if event.kind == "set" and event.node.kind in ("name", "var") and event.node.text not in self.untracked:
            given = _NONE if event.value is None else self.leases(event.value, state)
            return replace(state, leases={**state.leases, event.node.text: given})
        return state

    def _called(self, call: Node, state: _State) -> _State:
        if call.text == "rcu_read_lock":
            return replace(state, depth=min(state.depth + 1, _DEEPEST))
        if call.text == "rcu_read_unlock":
            ended = state.leases
            if state.depth == 1 and state.guard is None:
                ended = {name: _ended(leases, call) for name, leases in ended.items()}
            return replace(state, leases=ended, depth=max(state.depth - 1, 0))
        if call.text in _SCOPES:
            return replace(state, guard=call)
        if call.text in self.loops and call.kids and call.kids[0].kind == "name":
            return replace(state, leases={**state.leases, call.kids[0].text: self._new(call, state)})
        return state

    def _new(self, source: Node, state: _State) -> Leases:
        return frozenset({_Lease(source)}) if state.depth or state.guard else _NONE

    def leases(self, node: Node, state: _State) -> Leases:
        """The sections that what an expression gives is bound to."""
        kids = node.kids
        if node.kind == "binary" and node.text == ",":
            made = kids[0].kind == "call" and kids[0].text == "rcu_dereference"
            return self._new(kids[0], state) if made else self.leases(kids[1], state)
        if node.kind == "call" and node.text in self.calls:
            return self._new(node, state)
        if node.kind == "call" and node.text in CONTAINERS and kids:
            return self.leases(kids[0], state)
        if node.kind == "assign" and node.text == "=":
            return self.leases(kids[1], state)
        if node.kind == "ternary":
            yes = kids[0] if kids[1].kind == "none" else kids[1]
            return self.leases(yes, state) | self.leases(kids[2], state)
        name = owner(node)
        return state.leases.get(name, _NONE) if name is not None else _NONE


def _ended(leases: Leases, end: Node) -> Leases:
    return frozenset(replace(lease, end=lease.end or end) for lease in leases)


def _along(edge: Edge, state: _State) -> _State:
    """NULL is bound to nothing."""
    if edge.condition is None or edge.condition.kind not in ("name", "var") or edge.holds:
        return state
    return replace(state, leases={name: one for name, one in state.leases.items() if name != edge.condition.text})
