"""What functions of the kernel do: the rows of tables/functions.toml, of kfunclint and of folders of rules, for a
release."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from kfunclint import resources, toml
from kfunclint.errors import InputError
from kfunclint.flow.behaviour import Behaviours, Rows, behaviours
from kfunclint.kernel.release import Release, Releases
from kfunclint.rule.rule import BadRule

_NAME = re.compile(r"(?:\w|[{},()]){1,200}", re.ASCII)
_CHOICES = re.compile(r"\{([^{}]*)\}")
_MOST_NAMES = 256  # of a row
_MOST_ARGUMENTS = 16
_RESULT = re.compile(r"new|reference|argument \d", re.ASCII)
_SECTIONS = ("enter", "leave", "scope", "unscope", "needs")
_TEXTS = ("null", "error", "put", "instead", "lock", "source")
_ARGUMENTS = ("size", "takes")
_LISTS = ("reads", "writes", "puts", "frees", "keeps", "shifts")
_FLAGS = ("tries", "fails", "unlock", "nofault")
_OTHERS = ("result", "sleeps", "index", "section", "lease", "since", "until")


class FunctionTable:
    """The rows of one file; they beat those of kfunclint."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows


@lru_cache(8)
def behaviours_of(release: Release, own: tuple[FunctionTable, ...] = ()) -> Behaviours:
    """What functions do in a release, by the rows of kfunclint and those of one's own."""

    def holds(since: str | None, until: str | None) -> bool:
        return Releases(*((text and Release.parse(text)) or None for text in (since, until))).hold(release)

    return Behaviours(behaviours((resources.rows("functions"), *(one.rows for one in own)), holds))


def load(folder: Path) -> FunctionTable:
    """The tables/functions.toml of a folder of rules, without rows if it has none. Raises BadRule, naming the file and,
    where there is one, the line."""
    path = folder / "tables" / "functions.toml"
    if not path.is_file():
        return FunctionTable({})
    try:
        document = toml.read(path)
        for name, row in document.values.items():
            if objection := next(objections(name, row), None):
                raise document.refusal((name,), f"{name}: {objection}")
    except InputError as error:
        raise BadRule(str(error)) from error
    return FunctionTable(document.values)


def objections(name: str, row: Any) -> Iterator[str]:
    """What is wrong with a row, the worst first."""
    if not _NAME.fullmatch(name) or _names(name) > _MOST_NAMES:
        yield "not the name of a function, or of a few by {a,b}"
    if not isinstance(row, Mapping):
        yield "a row must be a table of its own"
        return
    for key, value in row.items():
        if key not in (*_TEXTS, *_ARGUMENTS, *_LISTS, *_FLAGS, *_OTHERS):
            yield f"no such key: {key!r}"
        elif not _is_right(key, value):
            yield f"{key} must not be {value!r}; rules/README.md says what it may be"
    if not isinstance(row.get("source"), str) or len(row) == 1:
        yield "it needs a source, and something to say"


def _names(name: str) -> int:
    count = 1
    for choices in _CHOICES.findall(name):
        count *= choices.count(",") + 1
    return count


def _is_right(key: str, value: Any) -> bool:
    """Has a key a value of its type?"""
    if key in _TEXTS:
        return isinstance(value, str) and bool(value)
    if key in _FLAGS:
        return isinstance(value, bool)
    if key in _ARGUMENTS:
        return _is_argument(value)
    if key in _LISTS:
        return isinstance(value, list) and all(map(_is_argument, value))
    return _is_other(key, value)


def _is_other(key: str, value: Any) -> bool:
    match key:
        case "result":
            return isinstance(value, str) and _RESULT.fullmatch(value) is not None
        case "section":
            return value in _SECTIONS
        case "lease":
            return value in ("result", "loop")
        case "sleeps":
            return value is True or (_is_table(value, "gfp", "arguments") and all(map(_is_argument, value.values())))
        case "index":
            return _is_table(value, "argument", "what") and _is_argument(value.get("argument"))
    return all(map(_is_release, value.values())) if isinstance(value, Mapping) else _is_release(value)


def _is_table(value: Any, *keys: str) -> bool:
    return isinstance(value, Mapping) and value.keys() <= set(keys)


def _is_argument(value: Any) -> bool:
    return type(value) is int and 0 <= value < _MOST_ARGUMENTS


def _is_release(value: Any) -> bool:
    try:
        return isinstance(value, str) and Release.parse(value) is not None
    except ValueError:
        return False
