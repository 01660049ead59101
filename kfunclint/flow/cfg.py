"""The control-flow graph of a function body: blocks of events, edges that say which condition they took."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

from kfunclint.c.syntax import Node

NORETURN = frozenset({"BUG", "panic", "do_exit", "make_task_dead", "unreachable", "__builtin_unreachable"})
CONTAINERS = frozenset(
    {"container_of", "container_of_const", "list_entry", "list_entry_rcu", "hlist_entry", "rb_entry"}
)
_NOTHING = Node("none", 0, 0)
_ROUNDS = 50  # visits of one block before an analysis gives up; states only grow, so real code needs a handful
S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happens: a name is `read`, memory is reached through it (`dereference`), a target is `set` to a
    value (None: something unknown), a `call` is made, an array is reached by an `index`, a number is `shift`ed, the
    function may `return`. `node` is that name, target, call, array[index], shift or return statement."""

    kind: Literal["read", "dereference", "set", "call", "index", "shift", "return"]
    node: Node
    value: Node | None = None


@dataclass(frozen=True, slots=True)
class Edge:
    """A way to the next block; it is taken if `condition` is true or false, always if there is none."""

    to: int
    condition: Node | None = None
    holds: bool = True


@dataclass(slots=True)
class Block:
    """Events in the order of evaluation, then the ways out; one without ways out ends the function."""

    events: list[Event] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)


@dataclass(slots=True)
class _Switch:
    head: int
    asked: Node
    has_default: bool = False


class Graph:
    """The graph of a complete body; `blocks[0]` is where it begins. Conditions are split at && || ! ?: and comma,
    and `x == 0` is the condition x, negated. Every case of a switch over x is behind the condition switch(x)."""

    def __init__(self, body: Node) -> None:
        self.blocks: list[Block] = []
        self._labels: dict[str, int] = {}
        self._breaks: list[int] = []
        self._continues: list[int] = []
        self._switches: list[_Switch] = []
        self._conditions = _single_conditions(body)
        self._statement(body, self._new())

    # Every method below takes the block in which control arrives and gives the one in which it goes on.

    def _new(self) -> int:
        self.blocks.append(Block())
        return len(self.blocks) - 1

    def _join(self, *sources: int | None) -> int:
        target = self._new()
        for source in sources:
            self._edge(source, target)
        return target

    def _edge(self, source: int | None, target: int, condition: Node | None = None, holds: bool = True) -> None:
        if source is not None:
            self.blocks[source].edges.append(Edge(target, condition, holds))

    def _event(self, at: int, event: Event) -> None:
        self.blocks[at].events.append(event)

    # ---- statements; None: control does not go on behind it

    def _statement(self, node: Node, at: int | None) -> int | None:
        if at is None:
            at = self._new()  # reached by a label or not at all
        handler = getattr(self, f"_on_{node.kind.replace('while', 'loop')}", None)
        if handler is None:
            return self._expression_statement(node, at)
        end: int | None = handler(node, at)
        return end

    def _on_block(self, node: Node, at: int | None) -> int | None:
        for kid in node.kids:
            at = self._statement(kid, at)
        return at

    def _on_none(self, node: Node, at: int) -> int:
        del node
        return at

    def _expression_statement(self, node: Node, at: int) -> int | None:
        at = self._expression(node, at)
        return None if node.kind == "call" and node.text in NORETURN else at

    def _on_if(self, node: Node, at: int) -> int | None:
        yes, no = self._new(), self._new()
        self._condition(node.kids[0], at, yes, no)
        after_yes = self._statement(node.kids[1], yes)
        after_no = self._statement(node.kids[2], no) if len(node.kids) > 2 else no
        if after_yes is None and after_no is None:
            return None
        return self._join(after_yes, after_no)

    def _on_loop(self, node: Node, at: int) -> int:
        condition, body = node.kids
        head, inside, after = self._join(at), self._new(), self._new()
        self._condition(condition, head, inside, after)
        self._edge(self._loop_body(body, inside, after, head), head)
        return after

    def _on_do(self, node: Node, at: int) -> int:
        condition, body = node.kids
        inside, test, after = self._join(at), self._new(), self._new()
        self._edge(self._loop_body(body, inside, after, test), test)
        self._condition(condition, test, inside, after)
        return after

    def _on_for(self, node: Node, at: int) -> int:
        init, condition, step, body = node.kids
        start = self._statement(init, at)
        head, inside, advance, after = self._join(start), self._new(), self._new(), self._new()
        if condition.kind == "none":
            self._edge(head, inside)
        else:
            self._condition(condition, head, inside, after)
        self._edge(self._loop_body(body, inside, after, advance), advance)
        self._edge(self._statement(step, advance), head)
        return after

    def _loop_body(self, body: Node, inside: int, after: int, again: int) -> int | None:
        self._breaks.append(after)
        self._continues.append(again)
        end = self._statement(body, inside)
        self._breaks.pop()
        self._continues.pop()
        return end

    def _on_switch(self, node: Node, at: int) -> int:
        value, body = node.kids
        asked = Node("call", value.line, value.column, "switch", (value,))
        switch = _Switch(self._expression(value, at), asked)
        after = self._new()
        self._switches.append(switch)
        self._breaks.append(after)
        self._edge(self._statement(body, None), after)
        self._breaks.pop()
        self._switches.pop()
        if not switch.has_default:
            self._edge(switch.head, after)
        return after

    def _on_case(self, node: Node, at: int) -> int | None:
        asked = self._switches[-1].asked if self._switches else None
        return self._labelled(node.kids[-1], at, asked)

    def _on_default(self, node: Node, at: int) -> int | None:
        if self._switches:
            self._switches[-1].has_default = True
        return self._labelled(node.kids[-1] if node.kids else _NOTHING, at)

    def _labelled(self, statement: Node, at: int, asked: Node | None = None) -> int | None:
        here = self._join(at)
        if self._switches:
            self._edge(self._switches[-1].head, here, asked)
        return self._statement(statement, here)

    def _label(self, name: str) -> int:
        if name not in self._labels:
            self._labels[name] = self._new()
        return self._labels[name]

    def _on_label(self, node: Node, at: int) -> int | None:
        here = self._label(node.text)
        self._edge(at, here)
        return self._statement(node.kids[0], here) if node.kids else here

    def _on_goto(self, node: Node, at: int) -> None:
        self._edge(at, self._label(node.text))

    def _on_break(self, node: Node, at: int) -> None:
        del node
        if self._breaks:
            self._edge(at, self._breaks[-1])

    def _on_continue(self, node: Node, at: int) -> None:
        del node
        if self._continues:
            self._edge(at, self._continues[-1])

    def _on_return(self, node: Node, at: int) -> None:
        self._return(node, node.kids[0] if node.kids else None, at)

    def _return(self, node: Node, value: Node | None, at: int) -> None:
        if value is not None and value.kind == "ternary":
            yes, no = self._new(), self._new()
            self._condition(value.kids[0], at, yes, no)
            self._return(node, value.kids[0] if value.kids[1].kind == "none" else value.kids[1], yes)
            self._return(node, value.kids[2], no)
            return
        if value is not None:
            at = self._expression(value, at)
        self._event(at, Event("return", node, value))

    def _on_decl(self, node: Node, at: int) -> int:
        for var in node.kids:
            at = self._var(var, at)
        return at

    def _var(self, var: Node, at: int) -> int:
        if var.kids:
            at = self._expression(var.kids[0], at)
            self._event(at, Event("set", var, var.kids[0]))
        return at

    # ---- expressions

    def _expression(self, node: Node, at: int) -> int:
        if node.kind in ("ternary", "binary") and (node.kind == "ternary" or node.text in ("&&", "||")):
            return self._branching(node, at)
        if node.kind == "assign":
            return self._assignment(node, at)
        if node.kind == "stmtexpr":
            end = self._statement(node.kids[0], at) if node.kids else at
            return self._new() if end is None else end
        if node.kind == "unevaluated" or _names_only_an_address(node):
            return at
        if node.kind == "unary" and node.text == "&":
            return self._address(node.kids[0], at)
        for kid in node.kids:
            at = self._expression(kid, at)
        self._own_event(node, at)
        return at

    def _address(self, node: Node, at: int) -> int:
        """&p->f and &p[i] read p, but not what it points to."""
        if node.kind not in ("member", "index"):
            return self._expression(node, at)
        if node.kind == "member" and node.text.startswith("."):
            return self._address(node.kids[0], at)
        for kid in node.kids:
            at = self._expression(kid, at)
        if node.kind == "index":
            self._event(at, Event("index", node))
        return at

    def _own_event(self, node: Node, at: int) -> None:
        if node.kind == "name":
            self._event(at, Event("read", node))
        elif node.kind == "call":
            self._event(at, Event("call", node))
        elif node.kind == "unary" and node.text in ("++x", "x++", "--x", "x--"):
            self._event(at, Event("set", node.kids[0]))
        if node.kind == "index":
            self._event(at, Event("index", node))
        if node.kind == "binary" and node.text in ("<<", ">>"):
            self._event(at, Event("shift", node))
        if (pointer := _pointer(node)) is not None:
            self._event(at, Event("dereference", pointer))

    def _branching(self, node: Node, at: int) -> int:
        yes, no = self._new(), self._new()
        if node.kind == "binary":
            self._condition(node, at, yes, no)
            return self._join(yes, no)
        self._condition(node.kids[0], at, yes, no)
        return self._join(self._expression(node.kids[1], yes), self._expression(node.kids[2], no))

    def _assignment(self, node: Node, at: int) -> int:
        target, value = node.kids
        at = self._expression(value, at)
        if target.kind != "name" or node.text != "=":
            at = self._expression(target, at)
        self._event(at, Event("set", target, value if node.text == "=" else None))
        return at

    # ---- conditions

    def _condition(self, node: Node, at: int, yes: int, no: int) -> None:
        if node.kind == "unary" and node.text == "!":
            self._condition(node.kids[0], at, no, yes)
        elif node.kind == "binary" and node.text in ("&&", "||", ",", "==", "!="):
            self._binary_condition(node, at, yes, no)
        elif node.kind == "number" and node.text.lstrip("-").isdigit():
            self._edge(at, yes if int(node.text) else no)
        elif node.kind == "stmtexpr" and node.kids and node.kids[0].kids:
            *first, last = node.kids[0].kids
            before = self._on_block(Node("block", node.line, node.column, kids=tuple(first)), at)
            if before is not None:
                self._condition(last, before, yes, no)
        elif node.kind == "name" and node.text in self._conditions:
            self._condition(self._conditions[node.text], at, yes, no)
        else:
            at = self._expression(node, at)
            asked = node.kids[0] if node.kind == "assign" and node.text == "=" else node
            self._edge(at, yes, asked, True)
            self._edge(at, no, asked, False)

    def _binary_condition(self, node: Node, at: int, yes: int, no: int) -> None:
        left, right = node.kids
        if node.text == "&&":
            between = self._new()
            self._condition(left, at, between, no)
            self._condition(right, between, yes, no)
        elif node.text == "||":
            between = self._new()
            self._condition(left, at, yes, between)
            self._condition(right, between, yes, no)
        elif node.text == ",":
            self._condition(right, self._expression(left, at), yes, no)
        elif is_zero(left) or is_zero(right):
            asked = left if is_zero(right) else right
            self._condition(asked, at, *((no, yes) if node.text == "==" else (yes, no)))
        else:
            end = self._expression(node, at)
            self._edge(end, yes, node, True)
            self._edge(end, no, node, False)


class Analysis(Generic[S]):
    """What holds at every point of a body, as states of one kind.

    `after` gives the state behind an event, `along` that behind an edge (None: the edge cannot be taken), `merge` the
    one that holds behind both of two ways.
    """

    def __init__(
        self,
        graph: Graph,
        after: Callable[[Event, S], S],
        along: Callable[[Edge, S], S | None],
        merge: Callable[[S, S], S],
    ) -> None:
        self._graph = graph
        self._after = after
        self._along = along
        self._merge = merge

    def reached(self, start: S) -> Iterator[tuple[Event, S]]:
        """Every event that control can reach, with the state in front of it; none if it is too much."""
        for block, state in self._solve(start).items():
            now = state
            for event in self._graph.blocks[block].events:
                yield event, now
                now = self._after(event, now)

    def _solve(self, start: S) -> dict[int, S]:
        """The state at the head of every block that can be reached; empty if the analysis gave up."""
        states = {0: start}
        visits = [0] * len(self._graph.blocks)
        todo = [0]
        while todo:
            at = todo.pop()
            visits[at] += 1
            if visits[at] > _ROUNDS:
                return {}
            state = states[at]
            for event in self._graph.blocks[at].events:
                state = self._after(event, state)
            for edge in self._graph.blocks[at].edges:
                if (arriving := self._along(edge, state)) is None:
                    continue
                merged = self._merge(states[edge.to], arriving) if edge.to in states else arriving
                if states.get(edge.to) != merged:
                    states[edge.to] = merged
                    if edge.to not in todo:
                        todo.append(edge.to)
        return states


def _pointer(node: Node) -> Node | None:
    """The variable through which an expression gets at memory."""
    through = node.text.startswith("->") if node.kind == "member" else node.kind == "index" or node.text == "*"
    if node.kind not in ("member", "index", "unary") or not through:
        return None
    base = node.kids[0]
    if base.kind == "binary" and base.text == ",":
        base = base.kids[1]
    return base if base.kind == "name" else None


def owner(node: Node) -> str | None:
    """The variable p in p, &p->f and &p->f.g."""
    if node.kind != "unary" or node.text != "&":
        return node.text if node.kind == "name" else None
    node = node.kids[0]
    arrows = 0
    while node.kind == "member":
        arrows += node.text.startswith("->")
        node = node.kids[0]
    return node.text if node.kind == "name" and arrows <= 1 else None


def is_zero(node: Node) -> bool:
    """Is it the literal 0, NULL or false?"""
    return node.kind == "number" and node.text == "0"


def _names_only_an_address(node: Node) -> bool:
    """&x and &x.f take the address of x and do not read it; &x->f reads x."""
    if node.kind != "unary" or node.text != "&":
        return False
    inner = node.kids[0]
    while inner.kind == "member" and inner.text.startswith("."):
        inner = inner.kids[0]
    return inner.kind == "name"


def assignments(body: Node) -> Iterator[tuple[str, Node | None]]:
    """Every name that is given a value, with the value where it is a plain one (None: unknown or address taken)."""
    for node in body.walk():
        if node.kind == "var":
            if node.kids:
                yield node.text, node.kids[0]
        elif node.kind == "assign" and node.kids[0].kind == "name":
            yield node.kids[0].text, node.kids[1] if node.text == "=" else None
        elif node.kind == "unary" and node.text in ("&", "++x", "x++", "--x", "x--") and node.kids[0].kind == "name":
            yield node.kids[0].text, None


def _single_conditions(body: Node) -> dict[str, Node]:
    """Locals that are set once, to a condition over names that never change: `bool off = mem_cgroup_disabled();`."""
    values: dict[str, list[Node | None]] = {}
    for name, value in assignments(body):
        values.setdefault(name, []).append(value)
    locals_ = {node.text for node in body.walk() if node.kind == "var"}
    found: dict[str, Node] = {}
    for name, (first, *others) in values.items():
        if name in locals_ and not others and first is not None and _is_condition(first):
            names = {node.text for node in first.walk() if node.kind == "name"}
            if not any(len(values.get(other, ())) > 1 or other == name for other in names):
                found[name] = first
    return found


def _is_condition(node: Node) -> bool:
    if node.kind == "unary":
        return node.text == "!"
    if node.kind == "binary":
        return node.text in ("&&", "||", "==", "!=", "<", ">", "<=", ">=")
    return node.kind == "call" and not node.kids
