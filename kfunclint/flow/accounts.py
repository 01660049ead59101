"""The accounts of the functions in view of one file, each made once, after those of the functions that it calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kfunclint.c.syntax import Function, Node
from kfunclint.flow.account import Account
from kfunclint.flow.behaviour import Behaviours, shipped
from kfunclint.flow.budget import Budget, Purse, TooMuch
from kfunclint.flow.follow import followed
from kfunclint.flow.terms import forget


class Accounts:
    """`functions` are those whose bodies are whole in view, by name; `behaviours` tells of others; `purse` is what all
    of them may cost together."""

    def __init__(
        self, functions: Mapping[str, Function], behaviours: Behaviours | None = None, purse: Purse | None = None
    ) -> None:
        """Without `behaviours` what is shipped counts; without a `purse` they get one of their own."""
        self.functions = functions
        self.behaviours = shipped() if behaviours is None else behaviours
        self.purse = Purse() if purse is None else purse
        self._known: dict[str, Account | None] = {}

    def of(self, name: str, body: Node) -> Account | None:
        """What the function of that name and body does; None where it is too much to follow, or another is meant."""
        function = self.functions.get(name)
        if function is None or function.body is not body:
            return None
        if name not in self._known:
            forget()
            for component in _components(name, self.functions):
                self._make(component)
        return self._known[name]

    def _make(self, component: tuple[str, ...]) -> None:
        """Make the accounts of functions that call each other: to each of them the others are unknown."""
        for name in component:
            if name not in self._known:
                self._known[name] = self._followed(self.functions[name], component)

    def _followed(self, function: Function, component: tuple[str, ...]) -> Account | None:
        def account_of(name: str) -> Account | None:
            callee = self.functions.get(name)
            known = callee is not None and not callee.variadic and name not in component
            return self._known.get(name) if known else None

        try:
            return followed(function, account_of, self.behaviours, Budget(self.purse))
        except (TooMuch, RecursionError):
            return None


def _callees(function: Function, functions: Mapping[str, Function]) -> tuple[str, ...]:
    called = dict.fromkeys(node.text for node in function.body.walk() if node.kind == "call")
    return tuple(name for name in called if name in functions)


def _components(name: str, functions: Mapping[str, Function]) -> Iterator[tuple[str, ...]]:
    """The strongly connected components of the calls below a function, callees first (Tarjan's algorithm)."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: dict[str, None] = {}
    todo: list[tuple[str, Iterator[str]]] = []

    def enter(function: str) -> None:
        number[function] = lowest[function] = len(number)
        stack[function] = None
        todo.append((function, iter(_callees(functions[function], functions))))

    enter(name)
    while todo:
        caller, callees = todo[-1]
        callee = next(callees, None)
        if callee is None:
            todo.pop()
            if todo:
                lowest[todo[-1][0]] = min(lowest[todo[-1][0]], lowest[caller])
            if lowest[caller] == number[caller]:
                component = [stack.popitem()[0]]
                while component[-1] != caller:
                    component.append(stack.popitem()[0])
                yield tuple(sorted(component))
        elif callee not in number:
            enter(callee)
        elif callee in stack:
            lowest[caller] = min(lowest[caller], number[callee])
