"""What calling a function does that is out of view: the rows of rules/tables/functions.toml."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from kfunclint import resources
from kfunclint.value import Value

_ARGUMENT = re.compile(r"argument (\d+)")
_CHOICE = re.compile(r"\{([^{}]*)\}")


class Behaviour(Value):
    """A row; the keys of the table are told in rules/README.md. Arguments are counted from 0; "", None and () stand for
    what the function does not do. `hands_on` is the argument that it returns, `always`, `gfp` and `without_flags` tell
    when it sleeps, `index` is the argument that picks an element, `picks` what that is called, `shifts` are arguments
    that count bits. `opaque`: it may do anything else beside what is told."""

    result: str = ""
    hands_on: int | None = None
    null: str = ""
    error: str = ""
    put: str = ""
    always: bool = False
    gfp: int | None = None
    without_flags: int | None = None
    reads: tuple[int, ...] = ()
    writes: tuple[int, ...] = ()
    size: int | None = None
    index: int | None = None
    picks: str = ""
    shifts: tuple[int, ...] = ()
    takes: int | None = None
    tries: bool = False
    fails: bool = False
    instead: str = ""
    puts: tuple[int, ...] = ()
    frees: tuple[int, ...] = ()
    keeps: tuple[int, ...] = ()
    lock: str = ""
    unlock: bool = False
    section: str = ""
    lease: str = ""
    nofault: bool = False
    opaque: bool = False

    __eq__ = object.__eq__  # a row is itself: names with the same row share it
    __hash__ = object.__hash__

    @property
    def sleeps(self) -> bool:
        """May it sleep, always or as its arguments let it?"""
        return self.always or self.gfp is not None or self.without_flags is not None

    @property
    def differs(self) -> bool:
        """May two calls with the same arguments give different things? Of what is opaque that is not known, and then
        what was asked of one is taken for asked of the other."""
        told = self.result or self.null or self.error or self.lock or self.lease or self.takes is not None
        return bool(told) and not self.opaque


UNKNOWN = Behaviour(opaque=True)
"""Nothing is known of the function: it may do anything."""

Rows = Mapping[str, Mapping[str, Any]]
"""The rows of a functions.toml as they are written."""
Holds = Callable[[str | None, str | None], bool]
"""Does what came `since` a release and went behind `until` another hold for the kernel that is judged for?"""


class Behaviours:
    """What functions out of view do, by their names, in one kernel."""

    def __init__(self, rows: Mapping[str, Behaviour], others: Callable[[str], Behaviour] | None = None) -> None:
        """`others` tells of functions that have no row."""
        self.rows = rows
        self._others = others

    def of(self, name: str) -> Behaviour:
        """What a function does; UNKNOWN where nobody tells."""
        row = self.rows.get(name)
        if row is None:
            return self._others(name) if self._others is not None else UNKNOWN
        return row


@cache
def shipped() -> Behaviours:
    """The rows of rules/tables/functions.toml, as the newest kernel has them."""
    return Behaviours(behaviours((resources.rows("functions"),), lambda since, until: until is None))


def behaviours(tables: Iterable[Rows], holds: Holds) -> Mapping[str, Behaviour]:
    """The rows of tables that hold, by the name of the function; `a{b,c}` in the name of a row stands for ab and ac. A
    later table beats an earlier one."""
    return _ByName(tables, holds)


class _ByName(Mapping[str, Behaviour]):
    """Reads the rows that it is asked for: a patch calls few of the functions that have one."""

    def __init__(self, tables: Iterable[Rows], holds: Holds) -> None:
        self._holds = holds
        self._places: dict[str, list[tuple[Rows, str]]] = {}
        self._read: dict[tuple[int, str], Behaviour | None] = {}
        for rows in tables:
            for names in rows:
                for name in spelled_out(names):
                    self._places.setdefault(name, []).insert(0, (rows, names))

    def __getitem__(self, name: str) -> Behaviour:
        for rows, names in self._places[name]:
            if (row := self._row(rows, names)) is not None:
                return row
        raise KeyError(name)

    def _row(self, rows: Rows, names: str) -> Behaviour | None:
        """A row, if it holds; its names share one value."""
        key = id(rows), names
        if key not in self._read:
            row = _as_it_holds(rows[names], self._holds)
            self._read[key] = None if row is None else _behaviour(row)
        return self._read[key]

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._places if self.get(name) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _as_it_holds(row: Mapping[str, Any], holds: Holds) -> Mapping[str, Any] | None:
    """A row without the keys that do not hold; None where all of it does not. `since` and `until` are a release, or
    one for each key that has its own."""
    since, until = row.get("since"), row.get("until")
    if not holds(since if isinstance(since, str) else None, until if isinstance(until, str) else None):
        return None
    sinces, untils = (bounds if isinstance(bounds, dict) else {} for bounds in (since, until))
    return {key: value for key, value in row.items() if holds(sinces.get(key), untils.get(key))}


def spelled_out(names: str) -> Iterator[str]:
    """The names that one with choices in braces stands for."""
    match = _CHOICE.search(names)
    if match is None:
        yield names
        return
    for choice in match[1].split(","):
        yield from spelled_out(names[: match.start()] + choice + names[match.end() :])


def _behaviour(row: Mapping[str, Any]) -> Behaviour:
    sleeps, index, result = row.get("sleeps"), row.get("index", {}), row.get("result", "")
    when = sleeps if isinstance(sleeps, dict) else {}
    handed = _ARGUMENT.fullmatch(result)
    others: dict[str, Any] = {key: row[key] for key in _PLAIN if key in row}
    others |= {key: tuple(row[key]) for key in _LISTS if key in row}
    return Behaviour(
        result="" if handed else result,
        hands_on=int(handed[1]) if handed else None,
        always=sleeps is True,
        gfp=when.get("gfp"),
        without_flags=when.get("arguments"),
        index=index.get("argument"),
        picks=index.get("what", ""),
        **others,
    )


_PLAIN = (
    "null",
    "error",
    "put",
    "size",
    "takes",
    "tries",
    "fails",
    "instead",
    "lock",
    "unlock",
    "section",
    "lease",
    "nofault",
)
_LISTS = ("reads", "writes", "puts", "frees", "keeps")
