"""Entries that name no function."""

from __future__ import annotations

from kfunclint.facts.fact import Loss, OneLineOfFunction, TakenAway
from kfunclint.finding import Place
from kfunclint.value import Value


class UndefinedEntry(OneLineOfFunction, Loss, Value):
    """An entry of a set of kfuncs whose name no line in view can define: only entries, calls and declarations have it.

    Most stand for a function out of view; what tells that there is none is in the other fields.
    """

    name: str
    at: Place
    """The name in the entry."""
    set: str | None
    """The name of the set, None where that is out of view."""
    taken_away: TakenAway | None = None
    """The line with the name of its definition, if the series takes that away."""
    meant: tuple[str, Place] | None = None
    """A new kfunc without an entry that it can only be meant for, and its name in the definition."""
    is_nowhere: bool | None = None
    """No file of the kernel can define it either; None where that was not asked of a tree."""
