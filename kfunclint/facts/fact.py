"""What every fact has, whatever it is about."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from kfunclint.finding import Place


class Extent(NamedTuple):
    """Lines that a fact is made of, both inclusive; as in a Place, `path` is None for those of a mail."""

    path: str | None
    first: int
    last: int


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
