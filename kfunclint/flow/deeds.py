"""What was done on a path: references and locks taken and given back, RCU sections, what was stored and freed."""

from __future__ import annotations

from typing import NamedTuple

from kfunclint.c.syntax import Node
from kfunclint.flow.behaviour import Behaviour
from kfunclint.flow.terms import Term
from kfunclint.value import Value, replace


class Mark:
    """A node, told from others by which it is and not by what it says."""

    __slots__ = ("node",)

    def __init__(self, node: Node) -> None:
        self.node = node

    def __hash__(self) -> int:
        return id(self.node)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mark) and self.node is other.node


class Lock(NamedTuple):
    """A lock that is held: the call that took it, the function that gives it back, and the lock."""

    taken: Mark
    unlock: str
    what: Term


class Made(NamedTuple):
    """A call that takes or gives a reference, allocates or frees, and its row: what it was given, and what it gave."""

    call: Mark
    name: str
    given: tuple[Term, ...]
    result: Term
    row: Behaviour


class Lease(NamedTuple):
    """A pointer that is valid in an RCU section only, and the call that gave it."""

    term: Term
    source: Mark


class Deeds(Value):
    """All that was done up to a point of a path.

    `held` are locks; `unlocked` the unlocks, with what, of locks that the function had not taken itself; `loosed`: it
    may have given back any lock. `depth` counts RCU read sections, negative for a function that leaves its caller's;
    `guard` is what opened one up to the end of a scope. `leases` are pointers that are bound to a section that is
    open, `over` those whose section has ended, with what ended it. `written` are pointers through which memory was
    written, or may have been, `kept` what was stored somewhere, `given` what was handed to functions of which nothing
    is known, `released` what was handed to one that puts or frees it, `cleaned` what a __free() variable held.
    """

    made: tuple[Made, ...] = ()
    held: tuple[Lock, ...] = ()
    unlocked: tuple[tuple[str, Term], ...] = ()
    loosed: bool = False
    depth: int = 0
    guard: Mark | None = None
    leases: frozenset[Lease] = frozenset()
    over: frozenset[tuple[Lease, Mark]] = frozenset()
    written: frozenset[Term] = frozenset()
    kept: frozenset[Term] = frozenset()
    given: frozenset[Term] = frozenset()
    released: frozenset[tuple[Term, Mark]] = frozenset()
    cleaned: frozenset[Term] = frozenset()

    @property
    def apart(self) -> object:
        """What keeps two paths apart where there are too many: rules hold it against what is returned."""
        return (
            self.locks,
            tuple((made.name, made.given) for made in self.made),
            self.over,
            self.released,
            self.cleaned,
        )

    @property
    def locks(self) -> object:
        """The locks and sections in which it is: paths that differ in these are never made one."""
        return tuple((lock.unlock, lock.what) for lock in self.held), self.depth, self.guard

    def join(self, other: Deeds) -> Deeds:
        """What two paths with the same locks did: what either may have given away, and what both took."""
        return replace(
            self,
            made=tuple(made for made in self.made if made in other.made),
            leases=self.leases | other.leases,
            over=self.over & other.over,
            written=self.written | other.written,
            kept=self.kept | other.kept,
            given=self.given | other.given,
            released=self.released | other.released,
            cleaned=self.cleaned | other.cleaned,
        )

    @property
    def in_section(self) -> bool:
        """Is an RCU section open that the function opened?"""
        return self.depth > 0 or self.guard is not None


NONE_DONE = Deeds()
