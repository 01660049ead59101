"""Follows a function path by path, block by block.

All paths that wait at a block are taken together; equal ones are one, and where there are too many those that did the
same are joined: of what they know what holds on both is left, and what any of them asked counts as asked. A loop is
gone through once as it is, and once with all that it changes unknown.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping

from kfunclint.c.syntax import Function, Node
from kfunclint.flow.account import Account, Outcome
from kfunclint.flow.behaviour import Behaviours
from kfunclint.flow.blocks import NORETURN, Block, Blocks, Case
from kfunclint.flow.budget import Budget, TooMuch
from kfunclint.flow.evaluate import Evaluator, constant
from kfunclint.flow.frame import Frame
from kfunclint.flow.path import Path
from kfunclint.flow.terms import Term, anything, compound
from kfunclint.value import replace

_MOST_PATHS = 24  # at a block
_FEW_PATHS = 3  # in a function that costs much
_MOST_APART = 48  # of different locks
_MOST_LEFT = 2  # paths on which no case of a switch holds
_END = (1 << 30, 0)
_DECISIONS_PER_COST = 32
_CASES_PER_COST = 16

Arrival = tuple[Path, int | None]
"""A path and the block where it goes on, None behind the body."""


def followed(
    function: Function, account_of: Callable[[str], Account | None], behaviours: Behaviours, budget: Budget
) -> Account:
    """What a function does; for the arguments see Frame. Raises TooMuch."""
    return _Follower(Frame(function, account_of, behaviours, budget)).run()


class _Follower:
    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.evaluator = Evaluator(frame, self._behind)
        self.outcomes: list[Outcome] = []

    def run(self) -> Account:
        function, types = self.frame.function, self.frame.types
        variables = {
            one.name: Term("param", one.name, type_=types[one.name]) for one in function.parameters if one.name
        }
        ended = self._behind(function.body, Path(variables, {}, {}, {}))
        self.outcomes += (Outcome(None, None, path) for path in ended)
        outcomes = sorted(self.outcomes, key=lambda one: (one.node.line, one.node.column) if one.node else _END)
        return Account(function, self.frame.recorder.uses, tuple(outcomes), self.frame.behaviours)

    def _behind(self, body: Node, start: Path) -> list[Path]:
        """The paths behind the last statement of a block; returns go to `outcomes`."""
        blocks = self.frame.blocks(body)
        queue = _Queue(blocks, self.frame.types, drops=body is self.frame.function.body)
        queue.put(0, replace(start, rounds=()))
        ended: list[Path] = []
        while (waiting := queue.next()) is not None:
            at, paths = waiting
            for path in self._few(paths):
                self.frame.budget.spend(path.weight)
                for after, way in self._through(blocks.blocks[at], path):
                    if way is None:
                        ended.append(replace(after, rounds=start.rounds))
                    else:
                        queue.arrive(at, way, after)
        return ended

    def _few(self, paths: list[Path]) -> list[Path]:
        """The paths, or fewer that say less. Raises TooMuch where too many hold different locks."""
        most = _FEW_PATHS if self.frame.budget.is_large else _MOST_PATHS
        if len(paths) <= most:
            return paths
        paths = self._joined(paths, lambda path: (path.deeds.apart, path.rounds, _constants(path)))
        if len(paths) > most:
            paths = self._joined(paths, lambda path: (path.deeds.apart, path.rounds))
        if len(paths) > 2 * most:
            paths = self._joined(paths, lambda path: (path.deeds.locks, path.rounds))
        if len(paths) > _MOST_APART:
            raise TooMuch
        return paths

    def _joined(self, paths: list[Path], key: Callable[[Path], object]) -> list[Path]:
        groups: dict[object, Path] = {}
        for path in paths:
            group = key(path)
            if group not in groups:
                groups[group] = path
                continue
            self.frame.budget.spend((len(groups[group].decisions) + len(path.decisions)) // _DECISIONS_PER_COST)
            groups[group] = groups[group].join(path)
        return list(groups.values())

    def _through(self, block: Block, path: Path) -> Iterator[Arrival]:
        """The paths behind a block."""
        paths = [path]
        for step in block.steps:
            paths = [after for one in paths for after in self.evaluator.step(step, one)]
            if step.kind == "call" and step.text in NORETURN:
                return
            if len(paths) > _MOST_PATHS:
                paths = self._few(paths)
        for one in paths:
            yield from self._leaving(block, one)

    def _leaving(self, block: Block, path: Path) -> Iterator[Arrival]:
        if block.returns is not None:
            self._returning(block.returns, block.value, path)
        elif block.cases is not None and block.value is not None:
            yield from self._switching(block.value, block.cases, path)
        elif block.condition is not None:
            for after, holds in self.evaluator.decided(block.condition, path):
                yield after, block.to if holds else block.otherwise
        else:
            yield path, block.to

    def _returning(self, statement: Node, value: Node | None, path: Path) -> None:
        if value is None:
            self.outcomes.append(Outcome(statement, None, path))
        else:
            self.outcomes += (Outcome(statement, term, after) for after, term in self.evaluator.value(value, path))

    def _switching(self, value: Node, cases: list[Case], path: Path) -> Iterator[Arrival]:
        self.frame.budget.spend(len(cases) // _CASES_PER_COST)
        for after, term in self.evaluator.value(value, path):
            rest: list[Path] = [after]
            default: int | None = None
            for case, to in cases:
                if case is None:
                    default = to
                    continue
                wanted = constant(case)
                equal = (
                    anything(((case.line, case.column),)) if wanted is None else compound("op", "==", (term, wanted))
                )
                for one in after.assuming(equal, holds=True):
                    yield one.asking(term, case, holds=True), to
                if wanted is not None:
                    rest = [left for one in rest for left in one.assuming(equal, holds=False)][:_MOST_LEFT]
            if default is not None:
                yield from ((_asking_for_others(term, value, one), default) for one in rest)


def _asking_for_others(term: Term, value: Node, path: Path) -> Path:
    """The path to the default of a switch. Of a parameter it says nothing, as all other values are left."""
    asking = path.asking(term, value, holds=False)
    return replace(asking, asked=path.asked) if term.kind == "param" else asking


def _constants(path: Path) -> object:
    return frozenset((name, value) for name, value in path.variables.items() if value.kind in ("const", "errno"))


class _Queue:
    """Paths that wait at blocks; a block is taken once all that come before it were."""

    def __init__(self, blocks: Blocks, types: Mapping[str, str], *, drops: bool) -> None:
        """`drops`: variables that are not named any more are left out, which makes paths equal again."""
        self.blocks = blocks
        self.types = types
        self.drops = drops
        self._waiting: dict[int, dict[object, Path]] = {}
        self._heap: list[tuple[int, int]] = []

    def put(self, at: int, path: Path) -> None:
        if at not in self._waiting:
            self._waiting[at] = {}
            heapq.heappush(self._heap, (self.blocks.order[at], at))
        self._waiting[at].setdefault(path.key, path)

    def next(self) -> tuple[int, list[Path]] | None:
        """The next block with its paths, None if none is left."""
        if not self._heap:
            return None
        _, at = heapq.heappop(self._heap)
        return at, list(self._waiting.pop(at).values())

    def arrive(self, source: int, at: int, path: Path) -> None:
        """A path that comes to a block from another one; behind enough rounds of a loop it ends there."""
        if self.drops and not (later := self.blocks.named_later[at]).issuperset(path.variables):
            path = replace(path, variables={name: value for name, value in path.variables.items() if name in later})
        rounds = {head: count for head, count in path.rounds if at in self.blocks.inside[head]}
        if at in self.blocks.inside and self.blocks.order[at] <= self.blocks.order[source]:
            rounds[at] = rounds.get(at, 0) + 1
            if rounds[at] > 1:
                return
            path = _changed(path, self.blocks.changed[at], at, self.types)
        else:
            rounds.pop(at, None)
        counted = tuple(sorted(rounds.items()))
        self.put(at, path if counted == path.rounds else replace(path, rounds=counted))


def _changed(path: Path, changed: frozenset[str], head: int, types: Mapping[str, str]) -> Path:
    """The path of a later round of a loop: all that the loop gives values to is unknown."""
    site = ((0, head),)
    return replace(
        path,
        variables={
            name: anything(site, name, types.get(name, "")) if name in changed else value
            for name, value in path.variables.items()
        },
        memory={place: value for place, value in path.memory.items() if f".{place.text}" not in changed},
        facts={term: known for term, known in path.facts.items() if not _may_differ(term)},
        orders={pair: order for pair, order in path.orders.items() if not any(map(_may_differ, pair))},
    )


def _may_differ(term: Term) -> bool:
    """May it be another value in the next round?"""
    return any(part.kind in ("call", "any") for part in term.parts)
