"""Keeps the index of a tree in the user's cache folder; what is read back is checked, whoever wrote it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from kfunclint.facts.sets import Entry, Flag, KfuncSet, Registration
from kfunclint.finding import Place
from kfunclint.index.file_facts import FileFacts, KfuncDefinition
from kfunclint.shelf import Shelf, digest
from kfunclint.value import Value

FORMAT = 3
"""Grows with every change of what is kept and of how a file is read: an index of another format is made anew."""

_LARGEST = 64 << 20  # bytes
_MOST_FILES = 64  # of trees and of words in them; those of Linux 6.12 have 0.3 MB
T = TypeVar("T")
_TEXT_OR_NONE = (str, type(None))


class CachedIndex(Value):
    """An index and what it is true for: the `state` of a git tree, or the `stamps` of the directories of a folder."""

    state: str
    stamps: Mapping[str, str]
    files: tuple[FileFacts, ...]
    elsewhere: tuple[KfuncDefinition, ...]


class CachedHits(Value):
    """The files that hold a word, and what that is true for, as of a Kept."""

    state: str
    stamps: Mapping[str, str]
    paths: tuple[str, ...]


def key(identity: str) -> str:
    """The name under which the index of a tree, or what else is known of it, is kept."""
    return digest(identity.encode("utf-8", "surrogateescape"))


def load(name: str) -> CachedIndex | None:
    """What was kept under a name; None if nothing was, or nothing that this version can trust."""
    return _load(name, _index)


def load_hits(name: str) -> CachedHits | None:
    """The hits that were kept under a name; None if none were, or none that this version can trust."""
    return _load(name, _hits)


def _load(name: str, parse: Callable[[Any], T]) -> T | None:
    try:
        return parse(json.loads(_shelf().load(name)))
    except (OSError, ValueError, RuntimeError):  # RuntimeError: no home, or nested too deep
        return None


def save(name: str, content: CachedIndex | CachedHits) -> None:
    """Keep it under a name, if the cache can be written to."""
    plain = _plain_index(content) if isinstance(content, CachedIndex) else _plain_hits(content)
    _shelf().store(name, json.dumps(plain, separators=(",", ":")).encode("ascii"))


def _shelf() -> Shelf:
    return Shelf("index", most_files=_MOST_FILES, most_bytes=_MOST_FILES * _LARGEST, largest=_LARGEST)


# ---- to plain values


def _plain_index(index: CachedIndex) -> list[Any]:
    files = [_plain_file(file) for file in index.files]
    return [
        FORMAT,
        index.state,
        dict(index.stamps),
        files,
        [_plain_definition(definition) for definition in index.elsewhere],
    ]


def _plain_hits(hits: CachedHits) -> list[Any]:
    return [FORMAT, hits.state, dict(hits.stamps), list(hits.paths)]


def _plain_file(file: FileFacts) -> list[Any]:
    return [
        file.path,
        list(file.reads),
        [_plain_definition(definition) for definition in file.definitions],
        [_plain_entry(entry, file.sets) for entry in file.entries],
        [[kfunc_set.name, kfunc_set.kind, *_plain_place(kfunc_set.at)] for kfunc_set in file.sets],
        [[call.call, call.program_type, call.set, call.filter, *_plain_place(call.at)] for call in file.registrations],
    ]


def _plain_place(at: Place) -> list[Any]:
    return [at.path, at.line, at.column]


def _plain_definition(definition: KfuncDefinition) -> list[Any]:
    return [definition.name, definition.marker, definition.static, definition.documented, *_plain_place(definition.at)]


def _plain_entry(entry: Entry, sets: tuple[KfuncSet, ...]) -> list[Any]:
    flags = None if entry.flags is None else [[flag.name, *_plain_place(flag.at)] for flag in entry.flags]
    return [
        entry.name,
        flags,
        None if entry.set is None else sets.index(entry.set),
        entry.macro,
        *_plain_place(entry.at),
    ]


# ---- and back; everything raises ValueError for what is not as _plain() writes it


def _row(value: Any, *kinds: Any) -> list[Any]:
    """A list with one value of each type."""
    if type(value) is not list or len(value) != len(kinds):
        raise ValueError("not a row")
    for cell, kind in zip(value, kinds, strict=True):
        if type(cell) not in (kind if type(kind) is tuple else (kind,)):
            raise ValueError("not of its type")
    return value


def _place(word: str, path: str, line: int, column: int) -> Place:
    if line < 1 or column < 1:
        raise ValueError("not a place")
    return Place(path, line, column, column + len(word))


def _index(value: Any) -> CachedIndex:
    if type(value) is not list or value[:1] != [FORMAT]:
        raise ValueError("another format")
    _, state, stamps, files, elsewhere = _row(value, int, str, dict, list, list)
    return CachedIndex(state, _stamps(stamps), tuple(map(_file, files)), tuple(map(_definition, elsewhere)))


def _hits(value: Any) -> CachedHits:
    if type(value) is not list or value[:1] != [FORMAT]:
        raise ValueError("another format")
    _, state, stamps, paths = _row(value, int, str, dict, list)
    return CachedHits(state, _stamps(stamps), tuple(_row(paths, *[str] * len(paths))))


def _stamps(value: dict[Any, Any]) -> dict[Any, str]:
    if any(type(stamp) is not str for stamp in value.values()):
        raise ValueError("not a stamp")
    return value


def _file(value: Any) -> FileFacts:
    path, reads, definitions, entries, sets, registrations = _row(value, str, *[list] * 5)
    calls = tuple(map(_registration, registrations))
    kfunc_sets = tuple(_set(row, calls) for row in sets)
    return FileFacts(
        path=path,
        reads=tuple(_row(reads, *[str] * len(reads))),
        definitions=tuple(map(_definition, definitions)),
        entries=tuple(_entry(row, kfunc_sets) for row in entries),
        sets=kfunc_sets,
        registrations=calls,
    )


def _definition(value: Any) -> KfuncDefinition:
    name, marker, static, documented, *at = _row(value, str, bool, bool, bool, str, int, int)
    return KfuncDefinition(name, _place(name, *at), marker, static, documented)


def _registration(value: Any) -> Registration:
    call, program_type, ids, filter_, *at = _row(value, str, str, _TEXT_OR_NONE, _TEXT_OR_NONE, str, int, int)
    return Registration(call, program_type, ids, _place(call, *at), filter=filter_)


def _set(value: Any, calls: tuple[Registration, ...]) -> KfuncSet:
    name, kind, *at = _row(value, str, str, str, int, int)
    return KfuncSet(name, kind, _place(name, *at), tuple(call for call in calls if call.set == name))


def _entry(value: Any, sets: tuple[KfuncSet, ...]) -> Entry:
    name, flags, number, macro, *at = _row(
        value, str, (list, type(None)), (int, type(None)), _TEXT_OR_NONE, str, int, int
    )
    if number is not None and not 0 <= number < len(sets):
        raise ValueError("not a set")
    entry_flags = None if flags is None else tuple(map(_flag, flags))
    of_set = None if number is None else sets[number]
    return Entry(name, _place(name, *at), entry_flags, set=of_set, macro=macro)


def _flag(value: Any) -> Flag:
    name, *at = _row(value, str, str, int, int)
    return Flag(name, _place(name, *at))
