"""Names that a series brings into the code."""

from __future__ import annotations

from dataclasses import dataclass

from kfunclint.facts.fact import Extent, line_of
from kfunclint.finding import Place


@dataclass(frozen=True, slots=True)
class CodeName:
    """A name of several words that stands in no line that was there before, nor in one that is taken out."""

    name: str
    at: Place
    """Where it stands first."""
    words: frozenset[str]
    """Those that other names of the series are made of, in lower case."""

    @property
    def function(self) -> None:
        """No kfunc is meant by it alone."""

    @property
    def extent(self) -> tuple[Extent, ...]:
        """The line where it stands first."""
        return (line_of(self.at),)


@dataclass(frozen=True, slots=True)
class SuffixedHelper:
    """A function that is no kfunc, in a file with kfuncs, of which a parameter is named as one of a kfunc may be."""

    name: str
    at: Place
    """The parameter."""
    parameter: str

    @property
    def function(self) -> str:
        """Its name, as that of every fact's function."""
        return self.name

    @property
    def extent(self) -> tuple[Extent, ...]:
        """The line of the parameter."""
        return (line_of(self.at),)
