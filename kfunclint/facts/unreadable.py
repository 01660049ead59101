"""What nobody wrote to be read."""

from __future__ import annotations

from dataclasses import dataclass

from kfunclint.facts.fact import Extent, line_of
from kfunclint.finding import Place


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A line that keeps its whole file from being parsed, as it breaks a limit that no C file of people comes near."""

    at: Place
    reason: str
    """What it has too much of: "a line of more than 4096 characters"."""

    @property
    def function(self) -> None:
        """None: it is about a file."""

    @property
    def extent(self) -> tuple[Extent, ...]:
        """The line."""
        return (line_of(self.at),)
