"""What is known where in a function body: which conditions hold at a use, and whether NULL can be returned.

It errs towards silence: a condition counts as known only if it holds on every path, a NULL is reported only if it is
written down or tested for on some path, and whatever could change a value makes it unknown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from kfunclint.graph import Edge, Event, Graph, assignments, is_zero
from kfunclint.syntax import Node

_ROUNDS = 50  # visits of one block before the analysis gives up; values only grow, so real code needs a handful


@dataclass(frozen=True, slots=True)
class Condition:
    """An expression that is known to be true or false, spelled without white space: "mem_cgroup_disabled()"."""

    text: str
    holds: bool


@dataclass(frozen=True, slots=True)
class Use:
    """A read of a variable that control can reach, and what is known whenever it does."""

    node: Node
    known: frozenset[Condition]


@dataclass(frozen=True, slots=True)
class NullReturn:
    """A return statement that can give NULL, and the literal or the test that makes it NULL."""

    node: Node
    source: Node


@dataclass(frozen=True, slots=True)
class _Value:
    """What a variable may be: `null` with the node that says so, or not; None for either."""

    null: bool | None
    source: Node | None = None


_UNKNOWN = frozenset({_Value(None)})
_Values = dict[str, frozenset[_Value]]


@dataclass(frozen=True, slots=True)
class _State:
    known: frozenset[Condition]
    values: _Values


def uses(body: Node, name: str) -> tuple[Use, ...]:
    """Every reachable read of variable `name` in a complete body, in the order of the source."""
    found = [
        Use(event.node, state.known)
        for event, state in _reached(body)
        if event.kind == "read" and event.node.text == name
    ]
    return tuple(sorted(found, key=lambda use: (use.node.line, use.node.column)))


def null_returns(body: Node) -> tuple[NullReturn, ...]:
    """Every return of a complete body that gives NULL (or 0) on a path of its own, in the order of the source."""
    found: dict[tuple[int, int], NullReturn] = {}
    for event, state in _reached(body):
        if event.kind == "return" and event.value is not None:
            for value in _evaluate(event.value, state.values):
                if value.null and value.source is not None:
                    found.setdefault((event.node.line, event.node.column), NullReturn(event.node, value.source))
    return tuple(found[key] for key in sorted(found))


def only_tested(body: Node, function: str) -> bool:
    """Is every call of a function a condition that is followed here, and none stored, passed on or compared?"""
    tested = {id(edge.condition) for block in Graph(body).blocks for edge in block.edges}
    return all(id(node) in tested for node in body.walk() if node.kind == "call" and node.text == function)


def calls(text: str) -> bool:
    """Is a Condition's text a call of a function without arguments?"""
    return text.endswith("()") and text[:-2].isidentifier()


def _reached(body: Node) -> Iterator[tuple[Event, _State]]:
    """Every event that control can reach, with the state in front of it."""
    graph = Graph(body)
    untracked = frozenset(name for name, value in assignments(body) if value is None)
    for block, state in _solve(graph, untracked).items():
        now = state
        for event in graph.blocks[block].events:
            yield event, now
            now = _after(event, now, untracked)


def _solve(graph: Graph, untracked: frozenset[str]) -> dict[int, _State]:
    """The state at the head of every block that can be reached; empty if the analysis gave up."""
    states = {0: _State(frozenset(), {})}
    visits = [0] * len(graph.blocks)
    todo = [0]
    while todo:
        at = todo.pop()
        visits[at] += 1
        if visits[at] > _ROUNDS:
            return {}
        state = states[at]
        for event in graph.blocks[at].events:
            state = _after(event, state, untracked)
        for edge in graph.blocks[at].edges:
            if (arriving := _along(edge, state)) is None:
                continue
            merged = _merge(states[edge.to], arriving) if edge.to in states else arriving
            if states.get(edge.to) != merged:
                states[edge.to] = merged
                if edge.to not in todo:
                    todo.append(edge.to)
    return states


def _merge(one: _State, other: _State) -> _State:
    names = one.values.keys() | other.values.keys()
    values = {name: one.values.get(name, _UNKNOWN) | other.values.get(name, _UNKNOWN) for name in names}
    return _State(one.known & other.known, values)


def _after(event: Event, state: _State, untracked: frozenset[str]) -> _State:
    if event.kind == "set":
        return _assigned(event, state, untracked)
    if event.kind == "call":
        return _called(event.node, state)
    return state


def _assigned(event: Event, state: _State, untracked: frozenset[str]) -> _State:
    name = _base_name(event.node)
    if name is None:
        known = frozenset(condition for condition in state.known if not _reads_memory(condition.text))
    else:
        known = frozenset(condition for condition in state.known if name not in _names(condition.text))
    values = dict(state.values)
    if event.node.kind in ("name", "var"):
        values.pop(event.node.text, None)
        if event.value is not None and event.node.text not in untracked:
            values[event.node.text] = _evaluate(event.value, state.values)
    return _State(known, values)


def _called(call: Node, state: _State) -> _State:
    """A call may write to memory, and a macro that looks like one may write to its arguments."""
    known = frozenset(condition for condition in state.known if not _reads_memory(condition.text))
    if call.text in ("IS_ERR", "IS_ERR_OR_NULL", "PTR_ERR"):
        return _State(known, state.values)
    given = {argument.text for argument in call.kids if argument.kind == "name"}
    return _State(known, {name: value for name, value in state.values.items() if name not in given})


def _along(edge: Edge, state: _State) -> _State | None:
    """The state behind an edge, None if it cannot be taken."""
    if edge.condition is None:
        return state
    values = dict(state.values)
    if edge.condition.kind in ("name", "var"):
        name = edge.condition.text
        left = _refined(values.get(name, _UNKNOWN), edge)
        if not left:
            return None
        values[name] = left
    text = spelled(edge.condition)
    if text is None:
        return _State(state.known, values)
    # a second call may answer otherwise, so the newer answer counts and no path is ruled out by the older one
    return _State(state.known - {Condition(text, not edge.holds)} | {Condition(text, edge.holds)}, values)


def _refined(values: frozenset[_Value], edge: Edge) -> frozenset[_Value]:
    """What is left of the values of a variable that was tested."""
    if edge.holds:
        return frozenset(_Value(False) for value in values if not value.null)
    null = _Value(True, edge.condition)
    return frozenset(value if value.null else null for value in values if value.null is not False)


def _evaluate(node: Node, values: _Values) -> frozenset[_Value]:
    """The values that an expression may have."""
    if is_zero(node):
        return frozenset({_Value(True, node)})
    if node.kind == "name":
        return values.get(node.text, _UNKNOWN)
    if node.kind == "assign" and node.text == "=":
        return _evaluate(node.kids[1], values)
    if node.kind == "binary" and node.text == ",":
        return _evaluate(node.kids[1], values)
    if node.kind == "ternary":
        return _evaluate(node.kids[0] if node.kids[1].kind == "none" else node.kids[1], values) | _evaluate(
            node.kids[2], values
        )
    if node.kind == "unary" and node.text == "&":
        return frozenset({_Value(False)})
    return _UNKNOWN


def _base_name(node: Node) -> str | None:
    """The variable that a store goes to; None for a store through a pointer."""
    while node.kind == "member" and node.text.startswith("."):
        node = node.kids[0]
    return node.text if node.kind in ("name", "var") else None


_WORD = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


@cache
def _names(text: str) -> frozenset[str]:
    """The names in a Condition's text."""
    return frozenset("".join(char if char in _WORD else " " for char in text).split())


def _reads_memory(text: str) -> bool:
    return any(mark in text for mark in ("->", "[", "*", "."))


def spelled(node: Node) -> str | None:
    """An expression without white space, None if some of it is not known."""
    parts = [spelled(kid) for kid in node.kids]
    known = [part for part in parts if part is not None]
    if len(known) != len(parts):
        return None
    match node.kind:
        case "name" | "number" | "string":
            return node.text
        case "member":
            return known[0] + node.text
        case "call" if node.text:
            return f"{node.text}({','.join(known)})"
        case "unary" if "x" not in node.text:
            return node.text + known[0]
        case "binary":
            return f"({known[0]}{node.text}{known[1]})"
        case "index":
            return f"{known[0]}[{known[1]}]"
    return None
