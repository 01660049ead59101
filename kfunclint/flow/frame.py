"""What is the same everywhere in one function while it is followed."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar

from kfunclint.c.syntax import Function, Node
from kfunclint.flow.account import Account, Recorder
from kfunclint.flow.behaviour import Behaviours
from kfunclint.flow.blocks import Blocks
from kfunclint.flow.budget import Budget, TooMuch
from kfunclint.flow.integers import canonical
from kfunclint.flow.path import Path
from kfunclint.flow.terms import Term

MOST_WAYS = 64  # through one expression
Pairs = list[tuple[Path, Term]]
"""What an expression gives, on each path through it."""
T = TypeVar("T", bound=Hashable)


class Frame:
    """A function that is followed: its variables, its budget, and what was seen of it so far.

    `own` are its parameters and variables, `types` their integer types, `cleaned` those with a __free(); `called` the
    functions that it calls. `account_of` gives what another function in view does, None where that is not known;
    `behaviours` tells of those out of view.
    """

    def __init__(
        self, function: Function, account_of: Callable[[str], Account | None], behaviours: Behaviours, budget: Budget
    ) -> None:
        declared = [node for node in function.body.walk() if node.kind == "var"]
        self.function = function
        self.account_of = account_of
        self.behaviours = behaviours
        self.budget = budget
        self.own = {one.name for one in function.parameters if one.name} | {node.text for node in declared}
        self.types = {one.name: canonical(one.type) for one in function.parameters}
        self.types |= {node.text: node.type for node in declared}
        self.cleaned = {node.text for node in declared if node.note.startswith(("free:", "class:"))}
        self.called = {node.text for node in function.body.walk() if node.kind == "call"}
        self.recorder = Recorder()
        self._blocks: dict[int, Blocks] = {}

    def blocks(self, body: Node) -> Blocks:
        """The blocks of the body, or of a statement expression in it. Raises TooMuch."""
        if id(body) not in self._blocks:
            self._blocks[id(body)] = Blocks(body)
        return self._blocks[id(body)]

    def few(self, ways: list[tuple[Path, T]], unknown: T) -> list[tuple[Path, T]]:
        """The ways through an expression with what each gives; where there are too many, those that give the same are
        made one, or all with the same locks, with `unknown`. Raises TooMuch."""
        if len(ways) <= MOST_WAYS:
            return ways
        merged = _joined(ways, lambda path, given: (given, path.deeds.apart))
        if len(merged) > MOST_WAYS:
            merged = _joined([(path, unknown) for path, _ in merged], lambda path, given: path.deeds.locks)
        if len(merged) > MOST_WAYS:
            raise TooMuch
        return merged


def _joined(ways: list[tuple[Path, T]], key: Callable[[Path, T], object]) -> list[tuple[Path, T]]:
    merged: dict[object, tuple[Path, T]] = {}
    for path, given in ways:
        at = key(path, given)
        merged[at] = (merged[at][0].join(path), given) if at in merged else (path, given)
    return list(merged.values())
