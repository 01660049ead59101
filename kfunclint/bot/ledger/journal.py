"""A file beside the state, a line for every mail right before it is handed over: it knows what a state forgets that was
put back from a backup."""

from __future__ import annotations

import os
import re
from pathlib import Path

_IDENTITY = re.compile(r"# kfunclint bot ([0-9a-f]{32})")


class Journal:
    """Only ever added to. Each change is on the disk when the call ends. Raises OSError."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def identity(self) -> str | None:
        """The identity of the last ledger that wrote to it, None where there is no journal yet."""
        marks = [match[1] for line in self._lines() if (match := _IDENTITY.fullmatch(line))]
        return marks[-1] if marks else None

    def message_ids(self) -> frozenset[str]:
        """The message-ids that were handed over, or may have been."""
        ids: set[str] = set()
        for line in self._lines():
            if line.startswith("-"):
                ids.discard(line[1:])
            elif line and not line.startswith("#"):
                ids.add(line)
        return frozenset(ids)

    def start(self, identity: str) -> None:
        """Say whose it is from here on."""
        self._append(f"# kfunclint bot {identity}")

    def add(self, message_id: str) -> None:
        """A mail is about to be handed over."""
        self._append(message_id)

    def take_back(self, message_id: str) -> None:
        """The mail was refused for certain, and may be handed over again."""
        self._append(f"-{message_id}")

    def _lines(self) -> list[str]:
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        return text.split("\n")[:-1]  # a line that was cut off has no end

    def _append(self, line: str) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not self.path.exists()
        handle = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            size = os.fstat(handle).st_size
            is_cut = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
            data = b"\n" * is_cut + f"{line}\n".encode()
            if os.write(handle, data) != len(data):
                raise OSError(28, "the journal is not written whole", str(self.path))
            os.fsync(handle)
        finally:
            os.close(handle)
        if is_new:
            _sync_folder(self.path.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
