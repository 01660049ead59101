"""What every fact has, whatever it is about."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from kfunclint.finding import Place
from kfunclint.value import Value


class Extent(NamedTuple):
    """Lines that a fact is made of, both inclusive; as in a Place, `path` is None for those of a mail."""

    path: str | None
    first: int
    last: int


class TakenAway(Value):
    """A line that a patch of the series takes away, with the file and the number of the patch, and its line in the
    decoded body of the mail."""

    path: str
    text: str
    patch: int
    mail_line: int


class Loss:
    """What facts share that are about old code which has lost something: a finding then stands at the line that the
    series takes away."""

    __slots__ = ()
    taken_away: TakenAway | None


def taken_away(fact: object) -> TakenAway | None:
    """The line that a loss is about, None for any other fact."""
    return fact.taken_away if isinstance(fact, Loss) else None


class Fact(Protocol):
    """A frozen value that rules may be over."""

    @property
    def function(self) -> str | None:
        """The kfunc that it is about, None where it is about none alone."""

    @property
    def extent(self) -> tuple[Extent, ...]:
        """All lines of which it is made: first its own, then those of what was joined to it."""


def line_of(at: Place) -> Extent:
    """The line of a place."""
    return Extent(at.path, at.line, at.line)


class OneLine:
    """What facts share that are made of the line of one place and speak of no kfunc alone."""

    __slots__ = ()
    at: Place

    @property
    def function(self) -> str | None:
        """No kfunc is meant by it alone."""
        return None

    @property
    def extent(self) -> tuple[Extent, ...]:
        """The line of the place."""
        return (line_of(self.at),)


class OneLineOfFunction(OneLine):
    """The same for facts that are about the function of their name."""

    __slots__ = ()
    name: str

    @property
    def function(self) -> str:
        """Its name, as that of every fact's function."""
        return self.name
