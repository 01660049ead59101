"""What nobody wrote to be read."""

from __future__ import annotations

from kfunclint.facts.fact import OneLine
from kfunclint.finding import Place
from kfunclint.value import Value


class Unreadable(OneLine, Value):
    """A line that keeps its whole file from being parsed, as it breaks a limit that no C file of people comes near."""

    at: Place
    reason: str
    """What it has too much of: "a line of more than 4096 characters"."""
