"""What a function does, path by path: what it uses, and how it ends."""

from __future__ import annotations

from typing import Literal, NamedTuple

from kfunclint.c.syntax import Function, Node
from kfunclint.flow.behaviour import Behaviours
from kfunclint.flow.path import Path
from kfunclint.flow.terms import Site, Term, base_pointer
from kfunclint.value import Value

MOST_PATHS_OF_A_USE = 24
UseKind = Literal["read", "index", "shift", "call", "entered", "name", "store", "compare", "lock", "warn"]


class Use(NamedTuple):
    """Something done on one path; `path` is that in front of it, `term` what is used:

    read     memory through a pointer: the pointer to the object      index    an element: the index
    shift    a shift: the count                                       call     a call of a function out of view: it
    entered  a call of one in view: the call                          name     what is no variable of the function
    store    a write: the place                                       compare  < > <= >=: the comparison, with the types
    lock     a lock taken: the lock                                            of its sides, joined by "/"
    warn     a WARN(): its condition

    `calls` are the calls that led there, the outermost first; `what` tells what an index stands for ("a CPU").
    """

    kind: UseKind
    node: Node
    term: Term
    path: Path
    calls: tuple[Node, ...] = ()
    what: str = ""


class Outcome(NamedTuple):
    """A way to return: the statement (None: at the end of the body), the value (None: nothing), and the path."""

    node: Node | None
    value: Term | None
    path: Path


class Account(Value):
    """All that a function does, on the paths that were followed, in the order of the source."""

    function: Function
    uses: tuple[Use, ...]
    outcomes: tuple[Outcome, ...]
    behaviours: Behaviours
    """What the functions out of view were taken to do."""


class Recorder:
    """Collects what is used, a few paths of each."""

    def __init__(self) -> None:
        self._seen: dict[tuple[UseKind, int, Term, tuple[int, ...]], list[Use]] = {}

    def see(self, use: Use) -> None:
        """Note a use, unless enough paths of it are known."""
        key = (use.kind, id(use.node), use.term, tuple(map(id, use.calls)))
        seen = self._seen.setdefault(key, [])
        if len(seen) < MOST_PATHS_OF_A_USE:
            seen.append(use)

    def read_through(self, node: Node, pointer: Term, path: Path, calls: tuple[Node, ...] = ()) -> None:
        """Note that memory is reached through a pointer; what is on the stack, or a string, is none."""
        base = base_pointer(pointer)
        if base.kind not in ("local", "any", "string"):
            self.see(Use("read", node, base, path, calls))

    @property
    def uses(self) -> tuple[Use, ...]:
        """All uses in the order of the source, as the function itself has them."""
        return tuple(sorted((use for seen in self._seen.values() for use in seen), key=_order))


def _order(use: Use) -> tuple[int, ...]:
    outer = use.calls[0] if use.calls else use.node
    return outer.line, outer.column, use.node.line, use.node.column


def site_of(node: Node) -> Site:
    """Where a value is made, for a term."""
    return ((node.line, node.column),)
