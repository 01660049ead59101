"""What is known at every point of a function body: the conditions that hold there, and what its variables may be.

It errs towards silence: a condition counts as known only if it holds on every path, and whatever could change a value
makes it unknown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

from kfunclint.c.syntax import Node
from kfunclint.flow.cfg import Analysis, Edge, Event, Graph, assignments, is_zero

_MOST_VALUES = 250_000  # blocks times variables; no kfunc of Linux 6.12 has more than 600


@dataclass(frozen=True, slots=True)
class Condition:
    """An expression that is known to be true or false, spelled without white space: "mem_cgroup_disabled()"."""

    text: str
    holds: bool


@dataclass(frozen=True, slots=True)
class Value:
    """What a variable may be: `null` tells whether it is NULL (or 0), None for either.

    `source` is the literal or the test that makes it NULL, the test that proves it an error pointer, or the call,
    member or variable that gave it where nothing tested it since.
    """

    null: bool | None
    source: Node | None = None

    @property
    def is_error(self) -> bool:
        """Is it surely an error pointer?"""
        return self.source is not None and self.source.kind == "call" and self._by(self.source.text)

    def _by(self, call: str) -> bool:
        return call in ERROR_MAKERS if self.null is None else self.null is False and call == "IS_ERR"


ERROR_MAKERS = frozenset({"ERR_PTR", "ERR_CAST"})
UNKNOWN = frozenset({Value(None)})
Values = dict[str, frozenset[Value]]


@dataclass(frozen=True, slots=True)
class State:
    """The conditions that hold whenever control is here, those that held when they were asked, though memory that they
    read may have changed since, the values of the variables that were followed so far, and the variables through which
    memory was written on every way to here, or may have been, as they were given to a call."""

    known: frozenset[Condition]
    asked: frozenset[Condition]
    values: Values
    written: frozenset[str]


def reached(body: Node) -> Iterator[tuple[Event, State]]:
    """Every event of a complete body that control can reach, with the state in front of it; none if it is too much."""
    graph, given = Graph(body), list(assignments(body))
    if len(graph.blocks) * len({name for name, _ in given}) > _MOST_VALUES:
        return iter(())
    untracked = frozenset(name for name, value in given if value is None)

    def after(event: Event, state: State) -> State:
        return _after(event, state, untracked)

    nothing = State(frozenset(), frozenset(), {}, frozenset())
    return Analysis(graph, after, _along, _merge).reached(nothing)


def _merge(one: State, other: State) -> State:
    names = one.values.keys() | other.values.keys()
    values = {name: one.values.get(name, UNKNOWN) | other.values.get(name, UNKNOWN) for name in names}
    return State(one.known & other.known, one.asked & other.asked, values, one.written & other.written)


def _after(event: Event, state: State, untracked: frozenset[str]) -> State:
    if event.kind == "set":
        return _assigned(event, state, untracked)
    if event.kind == "call":
        return _called(event.node, state)
    return state


def _assigned(event: Event, state: State, untracked: frozenset[str]) -> State:
    name = _base_name(event.node)
    known, asked = state.known, state.asked
    if name is None:
        known = frozenset(condition for condition in known if not _reads_memory(condition.text))
    else:
        known = frozenset(condition for condition in known if name not in names(condition.text))
        asked = frozenset(condition for condition in asked if name not in names(condition.text))
    values = dict(state.values)
    if event.node.kind in ("name", "var"):
        values.pop(event.node.text, None)
        if event.value is not None and event.node.text not in untracked:
            values[event.node.text] = evaluate(event.value, state.values)
    through = {inner.text for inner in event.node.walk() if inner.kind == "name"} if name is None else set()
    return State(known, asked, values, state.written | through)


_ERROR_TESTS = ("IS_ERR", "IS_ERR_OR_NULL", "PTR_ERR")


def _called(call: Node, state: State) -> State:
    """A call may write to memory, and a macro that looks like one may write to its arguments."""
    known = frozenset(condition for condition in state.known if not _reads_memory(condition.text))
    if call.text in _ERROR_TESTS:
        return replace(state, known=known)
    given = {argument.text for argument in call.kids if argument.kind == "name"}
    values = {name: value for name, value in state.values.items() if name not in given}
    named = {inner.text for argument in call.kids for inner in argument.walk() if inner.kind == "name"}
    return State(known, state.asked, values, state.written | named)


def _along(edge: Edge, state: State) -> State | None:
    """The state behind an edge, None if it cannot be taken."""
    if edge.condition is None:
        return state
    values = dict(state.values)
    name, left = _tested(edge.condition, edge.holds, values)
    if name is not None:
        if not left:
            return None
        values[name] = left
    text = spelled(edge.condition)
    if text is None:
        return replace(state, values=values)
    # a second call may answer otherwise, so the newer answer counts and no path is ruled out by the older one
    old, new = {Condition(text, not edge.holds)}, {Condition(text, edge.holds)}
    return State(state.known - old | new, state.asked - old | new, values, state.written)


def _tested(condition: Node, holds: bool, values: Values) -> tuple[str | None, frozenset[Value]]:
    """The variable that a condition tests, if it does, and what is left of its values behind the test."""
    if condition.kind in ("name", "var"):
        return condition.text, _refined(values.get(condition.text, UNKNOWN), not holds, condition)
    if condition.kind != "call" or [kid.kind for kid in condition.kids] != ["name"]:
        return None, UNKNOWN
    name = condition.kids[0].text
    before = values.get(name, UNKNOWN)
    if condition.text == "IS_ERR_OR_NULL" and not holds:
        return name, _refined(_sound(before), False, condition)
    if condition.text == "IS_ERR":
        return name, frozenset({Value(False, condition)}) if holds else _sound(before)
    return None, UNKNOWN


def _sound(values: frozenset[Value]) -> frozenset[Value]:
    """The values that are no error pointers."""
    return frozenset(value for value in values if not value.is_error)


def _refined(values: frozenset[Value], null: bool, test: Node) -> frozenset[Value]:
    """What is left of the values of a variable that was tested for NULL."""
    if not null:
        return frozenset(value if value.is_error else Value(False) for value in values if not value.null)
    tested = Value(True, test)
    return frozenset(value if value.null else tested for value in values if value.null is not False)


def evaluate(node: Node, values: Values) -> frozenset[Value]:
    """The values that an expression may have."""
    if is_zero(node):
        return frozenset({Value(True, node)})
    if node.kind == "name":
        return values.get(node.text, frozenset({Value(None, node)}))
    if node.kind == "assign" and node.text == "=":
        return evaluate(node.kids[1], values)
    if node.kind == "binary" and node.text == ",":
        return evaluate(node.kids[1], values)
    if node.kind == "ternary":
        yes = node.kids[0] if node.kids[1].kind == "none" else node.kids[1]
        return evaluate(yes, values) | evaluate(node.kids[2], values)
    if node.kind == "unary" and node.text == "&":
        return frozenset({Value(False)})
    if node.kind in ("call", "member"):
        return frozenset({Value(None, node)})
    return UNKNOWN


def _base_name(node: Node) -> str | None:
    """The variable that a store goes to; None for a store through a pointer."""
    while node.kind == "member" and node.text.startswith("."):
        node = node.kids[0]
    return node.text if node.kind in ("name", "var") else None


_WORD = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


@cache
def names(text: str) -> frozenset[str]:
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
