"""A body as basic blocks: expressions in order, and one way of leaving each."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from kfunclint.c.syntax import Node
from kfunclint.flow.budget import TooMuch

NORETURN = frozenset({"BUG", "panic", "do_exit", "make_task_dead", "unreachable", "__builtin_unreachable"})
_MOST_BLOCKS = 4000  # the largest function of Linux 6.12 that a kfunc calls has some 500
_MOST_NAMES = 400_000  # blocks times names
_MOST_IN_LOOPS = 100_000  # blocks, counted once for each loop they are in
_MOST_ROUNDS = 50  # over all blocks, one for each loop in another
_STEPS = ("++x", "x++", "--x", "x--", "&")

Case = tuple[Node | None, int]
"""The value of a case, None for the default, and the block it leads to."""


class Block:
    """`steps` are expressions and `var`s. Control leaves to `to` (None: nowhere); by `condition` to `to` or, where it
    does not hold, to `otherwise`; by the `cases` of a switch over `value`; or with `returns`, a statement, that gives
    `value`."""

    __slots__ = ("cases", "condition", "otherwise", "returns", "steps", "to", "value")

    def __init__(self) -> None:
        self.steps: list[Node] = []
        self.to: int | None = None
        self.condition: Node | None = None
        self.otherwise: int | None = None
        self.value: Node | None = None
        self.cases: list[Case] | None = None
        self.returns: Node | None = None

    @property
    def ways(self) -> list[int]:
        """The blocks to which control can go."""
        ways = [way for way in (self.to, self.otherwise) if way is not None]
        return ways + [to for _, to in self.cases or ()]

    @property
    def expressions(self) -> Iterator[Node]:
        """All that is evaluated in it."""
        yield from self.steps
        yield from (node for node in (self.condition, self.value) if node is not None)


class Blocks:
    """The blocks of a body; 0 is the first. A step at the end of its scope gives a `guard()` back, "unguard(...)".

    Raises TooMuch for a body with too many, or with a goto to a label that is not in it.
    """

    def __init__(self, body: Node) -> None:
        self.blocks: list[Block] = []
        self._labels: dict[str, int] = {}
        self._placed: set[str] = set()
        self._breaks: list[int] = []
        self._continues: list[int] = []
        self._switches: list[list[Case]] = []
        self._statement(body, self._new())
        if not self._placed.issuperset(self._labels):
            raise TooMuch

    # Every method below takes the block in which control arrives and gives the one in which it goes on, None if none.

    def _new(self) -> int:
        if len(self.blocks) >= _MOST_BLOCKS:
            raise TooMuch
        self.blocks.append(Block())
        return len(self.blocks) - 1

    def _go(self, source: int | None, target: int) -> None:
        if source is not None:
            self.blocks[source].to = target

    def _branch(self, at: int, condition: Node, yes: int, no: int) -> None:
        block = self.blocks[at]
        block.condition, block.to, block.otherwise = condition, yes, no

    def _statement(self, node: Node, at: int | None) -> int | None:
        here = self._new() if at is None else at
        handler = getattr(self, f"_on_{node.kind}", None)
        if handler is None:
            self.blocks[here].steps.append(node)
            return None if node.kind == "call" and node.text in NORETURN else here
        end: int | None = handler(node, here)
        return end

    def _on_block(self, node: Node, here: int) -> int | None:
        at: int | None = here
        for kid in node.kids:
            at = self._statement(kid, at)
        for kid in reversed(node.kids) if at is not None else ():
            if kid.kind == "call" and kid.text.startswith(("guard(", "scoped_guard(")):
                end = "un" + kid.text.removeprefix("scoped_")
                self.blocks[at or 0].steps.append(Node("call", kid.line, kid.column, end, kid.kids))
        return at

    def _on_none(self, node: Node, at: int) -> int:
        del node
        return at

    def _on_decl(self, node: Node, at: int) -> int:
        self.blocks[at].steps.extend(node.kids)
        return at

    def _on_if(self, node: Node, at: int) -> int | None:
        yes, no = self._new(), self._new()
        self._branch(at, node.kids[0], yes, no)
        after_yes = self._statement(node.kids[1], yes)
        after_no = self._statement(node.kids[2], no) if len(node.kids) > 2 else no
        if after_yes is None and after_no is None:
            return None
        after = self._new()
        self._go(after_yes, after)
        self._go(after_no, after)
        return after

    def _loop(self, body: Node, inside: int, after: int, again: int) -> None:
        self._breaks.append(after)
        self._continues.append(again)
        self._go(self._statement(body, inside), again)
        self._breaks.pop()
        self._continues.pop()

    def _on_while(self, node: Node, at: int) -> int:
        condition, body = node.kids
        head, inside, after = self._new(), self._new(), self._new()
        self._go(at, head)
        self._branch(head, condition, inside, after)
        self._loop(body, inside, after, head)
        return after

    def _on_do(self, node: Node, at: int) -> int:
        condition, body = node.kids
        inside, test, after = self._new(), self._new(), self._new()
        self._go(at, inside)
        self._loop(body, inside, after, test)
        if condition.kind == "number" and condition.text == "0":
            self._go(test, after)
        else:
            self._branch(test, condition, inside, after)
        return after

    def _on_for(self, node: Node, at: int) -> int:
        init, condition, step, body = node.kids
        start = self._statement(init, at)
        head, inside, advance, after = self._new(), self._new(), self._new(), self._new()
        self._go(start, head)
        if condition.kind == "none":
            self._go(head, inside)
        else:
            self._branch(head, condition, inside, after)
        self._loop(body, inside, after, advance)
        self._go(self._statement(step, advance), head)
        return after

    def _on_switch(self, node: Node, at: int) -> int:
        value, body = node.kids
        after = self._new()
        cases: list[Case] = []
        self._switches.append(cases)
        self._breaks.append(after)
        self._go(self._statement(body, None), after)
        self._breaks.pop()
        self._switches.pop()
        if all(case is not None for case, _ in cases):
            cases.append((None, after))
        self.blocks[at].value, self.blocks[at].cases = value, cases
        return after

    def _on_case(self, node: Node, at: int) -> int | None:
        return self._labelled(node.kids[-1], at, node.kids[0])

    def _on_default(self, node: Node, at: int) -> int | None:
        return self._labelled(node.kids[-1], at, None)

    def _labelled(self, statement: Node, at: int, case: Node | None) -> int | None:
        here = self._new()
        self._go(at, here)
        if self._switches:
            self._switches[-1].append((case, here))
        return self._statement(statement, here)

    def _label(self, name: str) -> int:
        if name not in self._labels:
            self._labels[name] = self._new()
        return self._labels[name]

    def _on_label(self, node: Node, at: int) -> int | None:
        here = self._label(node.text)
        self._placed.add(node.text)
        self._go(at, here)
        return self._statement(node.kids[0], here) if node.kids else here

    def _on_goto(self, node: Node, at: int) -> None:
        self._go(at, self._label(node.text))

    def _on_break(self, node: Node, at: int) -> None:
        del node
        if self._breaks:
            self._go(at, self._breaks[-1])

    def _on_continue(self, node: Node, at: int) -> None:
        del node
        if self._continues:
            self._go(at, self._continues[-1])

    def _on_return(self, node: Node, at: int) -> None:
        block = self.blocks[at]
        block.returns, block.value = node, node.kids[0] if node.kids else None

    # ---- questions about the whole

    @cached_property
    def order(self) -> list[int]:
        """The place of each block in reverse postorder; the number of blocks for one that is out of reach."""
        postorder: list[int] = []
        seen: set[int] = set()
        todo: list[tuple[int, bool]] = [(0, False)]
        while todo:
            at, left = todo.pop()
            if left:
                postorder.append(at)
            elif at not in seen:
                seen.add(at)
                todo.append((at, True))
                todo.extend((way, False) for way in self.blocks[at].ways if way not in seen)
        places = [len(self.blocks)] * len(self.blocks)
        for place, at in enumerate(reversed(postorder)):
            places[at] = place
        return places

    @cached_property
    def inside(self) -> dict[int, frozenset[int]]:
        """The blocks of every loop by its head, a block that a later one leads back to. Raises TooMuch."""
        before: dict[int, list[int]] = {}
        back: dict[int, set[int]] = {}
        for at, block in enumerate(self.blocks):
            for way in block.ways:
                before.setdefault(way, []).append(at)
                if self.order[way] <= self.order[at] < len(self.blocks):
                    back.setdefault(way, set()).add(at)
        loops: dict[int, frozenset[int]] = {}
        for head, ends in back.items():
            loops[head] = frozenset(_leading_to(ends, head, before))
            if sum(map(len, loops.values())) > _MOST_IN_LOOPS:
                raise TooMuch
        return loops

    @cached_property
    def changed(self) -> dict[int, frozenset[str]]:
        """By the head of every loop: the variables and ".member"s that it gives values to."""
        given = [
            frozenset(
                name for expression in block.expressions for node in expression.walk() for name in _touched_names(node)
            )
            for block in self.blocks
        ]
        return {head: frozenset[str]().union(*(given[at] for at in inside)) for head, inside in self.inside.items()}

    @cached_property
    def named_later(self) -> list[frozenset[str]]:
        """For every block: the names that stand in it, or in one to which control can go from there. Raises TooMuch."""
        named = [{one.text for node in block.expressions for one in node.walk() if one.kind in ("name", "var")}
                 for block in self.blocks]  # fmt: skip
        if len(named) * len(set[str]().union(*named)) > _MOST_NAMES:
            raise TooMuch
        backwards = sorted(range(len(named)), key=lambda at: -self.order[at])
        for _ in range(_MOST_ROUNDS):
            grown = False
            for at in backwards:
                size = len(named[at])
                named[at].update(*(named[way] for way in self.blocks[at].ways))
                grown |= len(named[at]) > size
            if not grown:
                return [frozenset(names) for names in named]
        raise TooMuch


def _leading_to(ends: set[int], head: int, before: dict[int, list[int]]) -> set[int]:
    """The blocks from which control comes to some ends without passing the head, and the head."""
    inside, todo = {head} | ends, [at for at in ends if at != head]
    while todo:
        for prior in before.get(todo.pop(), ()):
            if prior not in inside:
                inside.add(prior)
                todo.append(prior)
    return inside


def assigned_names(node: Node) -> tuple[str, ...]:
    """The variable to which a node gives a value, or of which it takes the address; not a pointer that it writes
    through."""
    return tuple(name for name in _touched_names(node) if not name.startswith("."))


def _touched_names(node: Node) -> tuple[str, ...]:
    """The ".member"s to which a node gives a value, or of which it takes the address, and the variable that they are
    parts of; not a pointer through which they are reached."""
    if node.kind == "var":
        return (node.text,)
    if node.kind != "assign" and not (node.kind == "unary" and node.text in _STEPS):
        return ()
    names: list[str] = []
    target, is_part = node.kids[0], True
    while target.kind in ("member", "index") and target.kids:
        if target.kind == "member":
            names.append("." + target.text.lstrip("->."))
        is_part &= not target.text.startswith("->")
        target = target.kids[0]
    return (*names, target.text) if is_part and target.kind in ("name", "var") else tuple(names)
