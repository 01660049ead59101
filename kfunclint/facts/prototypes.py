"""Declarations of kfuncs."""

from __future__ import annotations

from dataclasses import dataclass

from kfunclint.facts.fact import Extent, line_of
from kfunclint.finding import Place


@dataclass(frozen=True, slots=True)
class MarkedPrototype:
    """A declaration without a body that carries __bpf_kfunc."""

    name: str
    at: Place
    """The marker."""

    @property
    def function(self) -> str:
        """The function that it declares."""
        return self.name

    @property
    def extent(self) -> tuple[Extent, ...]:
        """The line of the marker."""
        return (line_of(self.at),)
