"""Questions about a function body: what holds at a use, what can be returned, what is called, what is read through.

Every answer errs towards silence: a condition counts only if it holds on every path, a NULL only if it is written down
or tested for on some path, and whatever could change a value makes it unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from kfunclint.c.syntax import Node
from kfunclint.flow.bounds import open_below
from kfunclint.flow.cfg import CONTAINERS, Edge, Event, Graph, assignments, owner
from kfunclint.flow.dataflow import UNKNOWN, Condition, Value, evaluate, names, reached, spelled
from kfunclint.flow.locks import Held, held_at_return
from kfunclint.flow.rcu import Outliving, outliving

__all__ = [
    "Call",
    "Condition",
    "Dereference",
    "Held",
    "NullReturn",
    "OtherTest",
    "Outliving",
    "Return",
    "Use",
    "aliases",
    "assigned",
    "bars",
    "calls",
    "conditions_on",
    "counted",
    "dereferences",
    "held_at_return",
    "indexings",
    "is_plain_call",
    "names",
    "never_null",
    "null_returns",
    "null_tests",
    "only_tested",
    "open_below",
    "other_tests",
    "outliving",
    "returns",
    "shifts",
    "spelled",
    "taken",
    "uses",
]


_EQUAL = ("==", "!=")


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
class Return:
    """A value that can be returned: the statement, the expression, what holds there, what the value may come from
    untested, the calls and tests that make it an error pointer on a path of its own, and the variables through which
    memory was written, or may have been, on every way there."""

    node: Node
    value: Node
    known: frozenset[Condition]
    sources: tuple[Node, ...]
    errors: tuple[Node, ...]
    written: frozenset[str]


@dataclass(frozen=True, slots=True)
class Call:
    """A call, an array[index] or a shift that control can reach, what is known whenever it does, and what held when it
    was asked on the way, though memory that it read may have changed since."""

    node: Node
    known: frozenset[Condition]
    asked: frozenset[Condition]


@dataclass(frozen=True, slots=True)
class OtherTest:
    """A condition that is tested somewhere, whether control can come from there to the use in question, and why it does
    not count, in words."""

    node: Node
    before: bool
    note: str


@dataclass(frozen=True, slots=True)
class Dereference:
    """A read or write through the pointer variable `node`, and the calls, members and variables that it may
    come from, untested."""

    node: Node
    sources: tuple[Node, ...]


def uses(body: Node, name: str) -> tuple[Use, ...]:
    """Every reachable read of variable `name` in a complete body, in the order of the source."""
    found = (Use(event.node, state.known) for event, state in reached(body) if _is(event, "read", name))
    return tuple(sorted(found, key=_order))


def taken(body: Node, name: str) -> tuple[Use, ...]:
    """The uses of a variable that do more than compare its value or test it for NULL."""
    compared = {kid for node in body.walk() if node.kind == "binary" and node.text in _EQUAL for kid in node.kids}
    compared.update(null_tests(body, name))
    return tuple(use for use in uses(body, name) if use.node not in compared)


def null_returns(body: Node) -> tuple[NullReturn, ...]:
    """Every return of a complete body that gives NULL (or 0) on a path of its own, in the order of the source."""
    found: dict[tuple[int, int], NullReturn] = {}
    for event, state in reached(body):
        if event.kind == "return" and event.value is not None:
            for value in evaluate(event.value, state.values):
                if value.null and value.source is not None:
                    found.setdefault((event.node.line, event.node.column), NullReturn(event.node, value.source))
    return tuple(found[key] for key in sorted(found))


def returns(body: Node) -> tuple[Return, ...]:
    """Every value that a complete body can return, one for each branch of a ?:, in the order of the source."""
    found = []
    for event, state in reached(body):
        if event.kind == "return" and event.value is not None:
            values = evaluate(event.value, state.values)
            errors = _ordered(value.source for value in values if value.is_error)
            found.append(Return(event.node, event.value, state.known, _sources(values), errors, state.written))
    return tuple(sorted(found, key=lambda one: (_order(one), one.value.line, one.value.column)))


def never_null(body: Node, sure: Collection[str]) -> bool:
    """Is every value that a complete body can return surely a valid pointer? `sure` are the variables that are one from
    the start and never change.

    That is the address of an object or of a member of one, what stands around such a member, and a variable that was
    tested. A body that returns nothing that can be reached tells nothing.
    """
    found = [
        (event.value, state.values)
        for event, state in reached(body)
        if event.kind == "return" and event.value is not None
    ]
    return bool(found) and all(_is_valid(value, values, sure) for value, values in found)


def _is_valid(node: Node, values: Mapping[str, frozenset[Value]], sure: Collection[str]) -> bool:
    if node.kind == "unary" and node.text == "&":
        name = owner(node)
        return name is not None and (not _goes_through(node.kids[0]) or _is_valid(_name(name), values, sure))
    if node.kind == "name":
        known = values.get(node.text, UNKNOWN)
        return node.text in sure or all(value.null is False and not value.is_error for value in known)
    if node.kind == "call" and node.text in CONTAINERS:
        return _is_valid(node.kids[0], values, sure)
    return False


def _goes_through(node: Node) -> bool:
    return any(inner.kind == "member" and inner.text.startswith("->") for inner in node.walk())


def _name(text: str) -> Node:
    return Node("name", 0, 0, text)


def calls(body: Node) -> tuple[Call, ...]:
    """Every reachable call of a complete body, in the order of the source."""
    found = (Call(event.node, state.known, state.asked) for event, state in reached(body) if event.kind == "call")
    return tuple(sorted(found, key=_order))


def indexings(body: Node) -> tuple[Call, ...]:
    """Every reachable array[index] of a complete body with what is known there, in the order of the source."""
    found = (Call(event.node, state.known, state.asked) for event, state in reached(body) if event.kind == "index")
    return tuple(sorted(found, key=_order))


def shifts(body: Node) -> tuple[Call, ...]:
    """Every reachable << and >> of a complete body with what is known there, in the order of the source."""
    found = (Call(event.node, state.known, state.asked) for event, state in reached(body) if event.kind == "shift")
    return tuple(sorted(found, key=_order))


def dereferences(body: Node) -> tuple[Dereference, ...]:
    """Every reachable use of a pointer variable to get at memory, in the order of the source."""
    found = (
        Dereference(event.node, _sources(state.values.get(event.node.text, UNKNOWN)))
        for event, state in reached(body)
        if event.kind == "dereference"
    )
    return tuple(sorted(found, key=_order))


def conditions_on(body: Node, name: str) -> tuple[Node, ...]:
    """Every condition in which a variable is named, in the order of the source."""
    conditions = (edge.condition for block in Graph(body).blocks for edge in block.edges)
    return _ordered(node for node in conditions if node is not None and _names(node, name))


def null_tests(body: Node, name: str) -> tuple[Node, ...]:
    """Every read of a variable that is a test of it for NULL, in the order of the source."""
    return tuple(node for node in conditions_on(body, name) if node.kind == "name")


def bars(body: Node, condition: Condition, node: Node) -> bool:
    """Does a test keep control away from a read or a call: once the condition does not hold, is it out of reach?"""
    blocks = Graph(body).blocks
    todo = [edge.to for block in blocks for edge in block.edges if _fails(edge, condition)]
    seen: set[int] = set()
    while todo:
        at = todo.pop()
        if at not in seen:
            seen.add(at)
            todo += (edge.to for edge in blocks[at].edges)
    return all(event.node != node for at in seen for event in blocks[at].events)


def _fails(edge: Edge, condition: Condition) -> bool:
    return edge.condition is not None and edge.holds != condition.holds and spelled(edge.condition) == condition.text


def other_tests(body: Node, use: Node, asks: Callable[[Node], bool]) -> tuple[OtherTest, ...]:
    """The conditions of a kind that are tested somewhere though none holds at a use, in the order of the source."""
    graph = Graph(body)
    before, behind = _around(graph, use)
    found = {
        (edge.condition.line, edge.condition.column): _other_test(edge.condition, at in before, at in behind)
        for at, block in enumerate(graph.blocks)
        for edge in block.edges
        if edge.condition is not None and asks(edge.condition)
    }
    return tuple(found[place] for place in sorted(found))


def _other_test(condition: Node, before: bool, behind: bool) -> OtherTest:
    where = "on this branch" if before else "after the use" if behind else "on another branch"
    return OtherTest(condition, before, f"tested only {where}")


def _around(graph: Graph, use: Node) -> tuple[set[int], set[int]]:
    """The blocks from which control can come to a node, and those to which it can go on, its own among these."""
    own = {at for at, block in enumerate(graph.blocks) if any(event.node is use for event in block.events)}
    after = {at: {edge.to for edge in block.edges} for at, block in enumerate(graph.blocks)}
    before: dict[int, set[int]] = {}
    for at, targets in after.items():
        for target in targets:
            before.setdefault(target, set()).add(at)
    return _closure(own, before), own | _closure(own, after)


def _closure(own: set[int], ways: Mapping[int, set[int]]) -> set[int]:
    todo, found = list(own), set[int]()
    while todo:
        for at in ways.get(todo.pop(), ()):
            if at not in found:
                found.add(at)
                todo.append(at)
    return found


def only_tested(body: Node, function: str) -> bool:
    """Is every call of a function a condition that is followed here, and none stored, passed on or compared?"""
    tested = {id(edge.condition) for block in Graph(body).blocks for edge in block.edges}
    return all(id(node) in tested for node in body.walk() if node.kind == "call" and node.text == function)


def assigned(body: Node) -> frozenset[str]:
    """Every variable that a body gives a value, or whose address it takes."""
    return frozenset(name for name, _ in assignments(body))


def aliases(body: Node, name: str) -> frozenset[str]:
    """A variable and all that a body sets to it, or to an address in what it points to, as in `kit = (void *)it`."""
    found = {name}
    for target, value in assignments(body):
        if value is not None and owner(value) in found:
            found.add(target)
    return frozenset(found)


def counted(call: Node) -> str | None:
    """The variable whose counter a call is given first: p for get(p), get(&p->refs) and get(&p->css.refcnt)."""
    return owner(call.kids[0]) if call.kids else None


def is_plain_call(text: str) -> bool:
    """Is a Condition's text a call of a function without arguments?"""
    return text.endswith("()") and text[:-2].isidentifier()


def _names(node: Node, name: str) -> bool:
    return any(inner.kind == "name" and inner.text == name for inner in node.walk())


def _is(event: Event, kind: str, text: str) -> bool:
    return event.kind == kind and event.node.text == text


def _sources(values: frozenset[Value]) -> tuple[Node, ...]:
    return _ordered(value.source for value in values if value.null is None)


def _ordered(nodes: Iterable[Node | None]) -> tuple[Node, ...]:
    found = {node for node in nodes if node is not None}
    return tuple(sorted(found, key=lambda node: (node.line, node.column)))


def _order(found: Use | Return | Call | Dereference) -> tuple[int, int]:
    return found.node.line, found.node.column
