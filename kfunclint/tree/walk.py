"""Goes through a plain folder of kernel sources: which directories changed, and which files hold a string."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path

from kfunclint.value import Value

SUFFIXES = (".c", ".h")
_ROOT = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_DIRECTORY = _ROOT | os.O_NOFOLLOW
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a FIFO must not block
_BUFFER = 1 << 17  # bytes; a new buffer for every file costs more than the search in it


LARGEST = 2 << 20
"""Bytes of the largest file that is read: twice the largest source file that people wrote. Headers that a machine made,
of registers, are a third of all bytes of a kernel."""


class TreeScan(Value):
    """`stamps`: for every directory with sources a digest of their names, sizes and times; `changed`: those with
    another stamp than before, and those that are gone; `hits`: the files in them that hold the string."""

    stamps: Mapping[str, str]
    changed: frozenset[str]
    hits: tuple[str, ...]


def scan_tree(
    root: Path,
    skip: Collection[str],
    word: bytes,
    before: Mapping[str, str],
    step: Callable[[str], None],
) -> TreeScan:
    """Go through the *.c and *.h files below `root`, without the directories `skip` right below it.

    Only files of directories whose stamp is not the one in `before` are read. Symbolic links below `root` are not
    followed. All paths are relative to it, "" is itself. `step` is told each directory. Raises OSError for one that
    cannot be read; files that vanish meanwhile are left out.
    """
    stamps: dict[str, str] = {}
    changed: set[str] = set()
    hits: list[str] = []
    search = _Search(word)
    for directory, opened, names, stamp in _directories(root, skip):
        stamps[directory] = stamp
        if before.get(directory) != stamp:
            step(directory)
            changed.add(directory)
            prefix = f"{directory}/" if directory else ""
            hits.extend(prefix + name for name in names if search.hit(opened, name))
    return TreeScan(stamps, frozenset(changed | (before.keys() - stamps.keys())), tuple(sorted(hits)))


def _directories(root: Path, skip: Collection[str]) -> Iterator[tuple[str, int, list[str], str]]:
    """Every directory that holds sources, open until the next one is asked for, with their names and its stamp."""
    waiting = [""]
    while waiting:
        directory = waiting.pop()
        prefix = f"{directory}/" if directory else ""
        opened = os.open(root / directory, _DIRECTORY if directory else _ROOT)
        try:
            below, sources = _list(opened)
            waiting.extend(prefix + name for name in below if directory or name not in skip)
            if sources:
                yield directory, opened, [name for name, size, _ in sources if size <= LARGEST], _stamp(sources)
        finally:
            os.close(opened)


def _stamp(sources: Iterable[tuple[str, int, int]]) -> str:
    text = "\0".join(f"{name}/{size}/{time}" for name, size, time in sources)
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=12).hexdigest()


def _list(opened: int) -> tuple[list[str], list[tuple[str, int, int]]]:
    """The directories in an open one, and the sources with their sizes in bytes and times in nanoseconds."""
    below: list[str] = []
    sources: list[tuple[str, int, int]] = []
    with os.scandir(opened) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name != ".git":
                    below.append(entry.name)
            elif entry.name.endswith(SUFFIXES) and entry.is_file(follow_symlinks=False):
                status = entry.stat(follow_symlinks=False)
                sources.append((entry.name, status.st_size, status.st_mtime_ns))
    return sorted(below), sorted(sources)


class _Search:
    """Looks for a string in files, always through the same buffer."""

    def __init__(self, word: bytes) -> None:
        self._word = word
        self._overlap = len(word) - 1
        self._buffer = bytearray(self._overlap + _BUFFER)
        self._free = memoryview(self._buffer)[self._overlap :]

    def hit(self, directory: int, name: str) -> bool:
        """Is it in a file of an open directory?"""
        try:
            file = os.open(name, _FILE, dir_fd=directory)
        except FileNotFoundError:
            return False
        try:
            return self._in(file)
        finally:
            os.close(file)

    def _in(self, file: int) -> bool:
        start = self._overlap
        while length := os.readv(file, [self._free]):
            end = self._overlap + length
            if self._buffer.find(self._word, start, end) >= 0:
                return True
            if length < _BUFFER:
                return False
            self._buffer[: self._overlap] = self._buffer[end - self._overlap : end]
            start = 0
        return False
