"""Messages that git does not take whole."""

from __future__ import annotations

from kfunclint.facts.fact import Extent, line_of
from kfunclint.finding import Place
from kfunclint.value import Value


class CutMessage(Value):
    """A commit message of which git am leaves out what stands below a line, though a trailer is there."""

    at: Place
    """The line, which git takes for the beginning of the patch."""
    text: str
    """It as written."""
    trailer: Place
    """The first trailer that is left out."""

    @property
    def function(self) -> None:
        """None: it is about a mail."""

    @property
    def extent(self) -> tuple[Extent, ...]:
        """The line, and that of the trailer."""
        return line_of(self.at), line_of(self.trailer)
