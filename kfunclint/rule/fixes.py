"""The edits of fixes that many rules offer."""

from __future__ import annotations

from kfunclint.facts.flag_names import FlagName
from kfunclint.facts.sets import Entry, Flag
from kfunclint.finding import Edit, Fix, Place


def add_flag(entry: Entry, name: FlagName) -> Fix:
    """Add a flag behind the others; without an edit for an entry that a macro makes."""
    return Fix(f"add {name}", _added(entry, name), adds=name)


def drop_flag(entry: Entry, flag: Flag) -> Fix:
    """Take a flag out; without an edit where it is the only one, or they stand on lines of their own, or in a
    #define."""
    return Fix(f"drop {flag.name}", _dropped(entry, flag), drops=flag.name)


def _added(entry: Entry, name: FlagName) -> tuple[Edit, ...]:
    if entry.flags is None or entry.macro:
        return ()
    if entry.zero is not None:
        return (Edit(entry.zero, name),)
    last = entry.flags[-1].at if entry.flags else entry.at
    text = f" | {name}" if entry.flags else f", {name}"
    return (Edit(Place(last.path, last.line, last.end_column, last.end_column), text),)


def _dropped(entry: Entry, flag: Flag) -> tuple[Edit, ...]:
    places = [written.at for written in entry.flags or ()]
    index = places.index(flag.at)
    if len(places) == 1 or len(set(places)) < len(places):
        return ()
    first, last = (index, index + 1) if index == 0 else (index - 1, index)
    if places[first].line != places[last].line:
        return ()
    start, end = (
        (places[first].column, places[last].column) if index == 0 else (places[first].end_column, flag.at.end_column)
    )
    return (Edit(Place(flag.at.path, flag.at.line, start, end), ""),)
