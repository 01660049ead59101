"""TOML written by people, strangers too: refused in one line, and every key knows where it stands."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from kfunclint.errors import InputError
from kfunclint.value import Value

MAX_SIZE = 64 << 10
MAX_LINE = 1024  # characters: tomllib takes quadratic time over a key with many dots
_LONGEST = 100  # lines of a value behind which its key is looked for
_AT = re.compile(r" \(at line (\d+), column \d+\)$")

Key = tuple[str | int, ...]
"""Where a value stands: names of tables and keys, and numbers from 0 on in arrays of tables."""


class Document(Value):
    """A file taken apart; `file` is its name for people."""

    file: str
    text: str
    values: dict[str, Any]

    def line(self, *key: str | int) -> int | None:
        """The 1-based line of the statement that sets a key, or else of the table it ought to stand in; None if neither
        is found for certain."""
        table = None
        for number, path in _keys_by_line(self.text):
            if path[: len(key)] == key:
                return number
            if path == key[: len(path)]:
                table = number
        return table

    def refusal(self, key: Key, reason: str) -> InputError:
        """The refusal of what stands at a key."""
        return InputError(self.file, self.line(*key), reason)


def read(path: Path, file: str = "") -> Document:
    """Take a file apart; `file` is its name for people, if it is another. Raises InputError."""
    try:
        with path.open("rb") as opened:
            return loads(opened.read(MAX_SIZE + 1), file or str(path))
    except OSError as error:
        raise InputError(file or str(path), None, error.strerror or "cannot be read") from error


def loads(data: bytes, file: str) -> Document:
    """Take the bytes of a file apart, of which `file` is the name for people. Raises InputError."""
    if len(data) > MAX_SIZE:
        raise InputError(file, None, f"larger than {MAX_SIZE >> 10} KiB")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(file, data.count(b"\n", 0, error.start) + 1, "not UTF-8") from error
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > MAX_LINE:
            raise InputError(file, number, f"line of more than {MAX_LINE} characters")
    try:
        return Document(file, text, tomllib.loads(text))
    except RecursionError as error:
        raise InputError(file, None, "nested too deeply") from error
    except ValueError as error:
        at = _AT.search(str(error))
        reason = _AT.sub("", str(error))
        raise InputError(file, int(at[1]) if at else None, reason[:1].lower() + reason[1:]) from error


@lru_cache(maxsize=4)
def _keys_by_line(text: str) -> tuple[tuple[int, Key], ...]:
    return tuple(_statements(text))


def _statements(text: str) -> Iterator[tuple[int, Key]]:
    """The first line of every statement of a text that is good, and the key that it sets.

    A statement ends where tomllib takes what stands since the end of the last one, and not before: what is cut off
    inside of a value is no TOML.
    """
    table: Key = ()
    arrays: Counter[str] = Counter()
    start, chunk = 1, ""
    for number, line in enumerate(text.split("\n"), 1):
        chunk += line + "\n"
        statement = _parse(chunk)
        if statement is None and number - start > _LONGEST:
            return
        if statement is None:
            continue
        if chunk.lstrip().startswith("["):
            table = _table(_names(statement), chunk.lstrip().startswith("[["), arrays)
            yield start, table
        elif statement:
            yield start, (*table, *_names(statement))
        start, chunk = number + 1, ""


def _parse(chunk: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(chunk)
    except (ValueError, RecursionError):
        return None


def _table(names: tuple[str, ...], one_of_many: bool, arrays: Counter[str]) -> Key:
    """The key of a table whose header has these names; counts the tables of arrays at the top."""
    if one_of_many and len(names) == 1:
        arrays[names[0]] += 1
    if names[0] not in arrays:
        return names
    return (names[0], arrays[names[0]] - 1, *names[1:])


def _names(statement: dict[str, Any]) -> tuple[str, ...]:
    """The names in the key of a statement that sets nothing else."""
    names: list[str] = []
    value: Any = statement
    while isinstance(value, dict) and len(value) == 1:
        ((name, value),) = value.items()
        names.append(name)
    return tuple(names)
