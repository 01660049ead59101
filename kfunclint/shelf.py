"""Files that are kept between runs in the user's cache folder: written whole, bounded, and of no account if another
user wrote them."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
from pathlib import Path

from kfunclint.value import Value


class Shelf(Value):
    """A folder `name` below kfunclint/ in $XDG_CACHE_HOME or ~/.cache, with at most so many files, and bytes in all of
    them together; a file with more bytes than `largest` is none."""

    name: str
    most_files: int
    most_bytes: int
    largest: int

    @property
    def folder(self) -> Path:
        """Where it is. Raises RuntimeError without a home."""
        base = os.environ.get("XDG_CACHE_HOME", "")
        return (Path(base) if base.startswith("/") else Path.home() / ".cache") / "kfunclint" / self.name

    def load(self, key: str) -> bytes:
        """What is kept under a key. Raises OSError or RuntimeError where nothing is, or nothing to be trusted."""
        path = self.folder / f"{key}.json"
        data = self._bytes(path)
        with contextlib.suppress(OSError):  # a cache may be read-only
            os.utime(path)  # what is used is the last to go
        return data

    def _bytes(self, path: Path) -> bytes:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:  # of a FIFO, no wait
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode) or status.st_size > self.largest:
                raise OSError(f"{path}: not a file of ours")
            if status.st_uid not in (os.geteuid(), 0):
                raise OSError(f"{path}: of another user")
            return file.read(self.largest)

    def store(self, key: str, data: bytes) -> None:
        """Keep it under a key, whole or not at all, and let go what was used least lately of more than there is room
        for. A folder that cannot be written to is left alone."""
        if len(data) > self.largest:
            return
        with contextlib.suppress(OSError, RuntimeError):
            where = self.folder
            where.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=where) as temporary:  # a reader sees the old file or the new one
                part = Path(temporary) / key
                part.write_bytes(data)
                part.replace(where / f"{key}.json")
            self._evict(where)

    def _evict(self, where: Path) -> None:
        """Remove all but the newest files; another process may do so at the same time."""
        files = []
        for path in where.glob("*.json"):
            with contextlib.suppress(FileNotFoundError):
                status = path.stat()
                files.append((status.st_mtime_ns, status.st_size, path))
        size = 0
        for number, (_, more, path) in enumerate(sorted(files, reverse=True), 1):
            size += more
            if number > self.most_files or size > self.most_bytes:
                path.unlink(missing_ok=True)


def digest(data: bytes) -> str:
    """A name for it that no other has."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()
