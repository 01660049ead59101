"""A Maildir, known by the names of its files; nothing in it is changed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from kfunclint.bot.archive.source import Arrival, Chunk, blob_hash, message_id, sent_by
from kfunclint.errors import InputError

_HEADER = 1 << 18


class Maildir:
    """A Source. Its parts are the names of its files, up to the flags."""

    def __init__(self, folder: Path, list_: str, largest: int) -> None:
        """`largest`: bytes of a mail that is looked at."""
        self.folder = folder
        self.name = str(folder)
        self.list = list_
        self.largest = largest

    def tips(self) -> dict[str, str]:
        return dict.fromkeys(self._files(), "")

    def present(self) -> Iterator[str]:
        return filter(None, map(message_id, self._heads()))

    def news(self, cursors: Mapping[str, str]) -> Iterator[Chunk]:
        files = self._files()
        chunk = Chunk(gone=[part for part in cursors if part not in files])
        for part, path in files.items():
            if part in cursors:
                continue
            arrival = self._arrival(path)
            if arrival is not None:
                chunk.add(arrival)
                chunk.cursors[part] = ""
            if chunk.is_full:
                yield chunk
                chunk = Chunk()
        if not chunk.is_empty:
            yield chunk

    def sent_by(self, address: str) -> Iterator[str]:
        return sent_by(self._heads(), address)

    def _heads(self) -> Iterator[bytes]:
        for path in self._files().values():
            if (data := _read(path, _HEADER)) is not None:
                yield data

    def _files(self) -> dict[str, Path]:
        """The files by name up to the flags, in the order in which they came."""
        files: dict[str, tuple[float, Path]] = {}
        for folder in (self.folder / "new", self.folder / "cur"):
            if not folder.is_dir():
                raise InputError(self.name, None, "no Maildir: there is no folder new or cur in it")
            with os.scandir(folder) as entries:
                for entry in entries:
                    if not entry.name.startswith(".") and (status := _status(entry)):
                        files[entry.name.partition(":")[0]] = (status.st_mtime, Path(entry.path))
        return {part: path for part, (_, path) in sorted(files.items(), key=lambda item: (item[1][0], item[0]))}

    def _arrival(self, path: Path) -> Arrival | None:
        """The mail in a file, None for one that was taken away meanwhile."""
        data = _read(path, self.largest + 1)
        if data is None:
            return None
        if len(data) > self.largest:
            return Arrival(blob_hash(data), b"", f"larger than {self.largest >> 10} KiB")
        return Arrival(blob_hash(data), data)


def _status(entry: os.DirEntry[str]) -> os.stat_result | None:
    """The status of a regular file; None for anything else, and for one that is gone."""
    try:
        status = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    return status if stat.S_ISREG(status.st_mode) else None


def _read(path: Path, most: int) -> bytes | None:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    with os.fdopen(handle, "rb") as file:
        return file.read(most)
