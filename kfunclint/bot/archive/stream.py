"""One mail on standard input, as a mail server hands it to a program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import BinaryIO

from kfunclint.bot.archive.source import Arrival, Chunk, blob_hash


class Stream:
    """A Source that is read once."""

    name = "standard input"

    def __init__(self, stream: BinaryIO, list_: str, largest: int) -> None:
        """`largest`: bytes of a mail that is looked at."""
        self.stream = stream
        self.list = list_
        self.largest = largest

    def tips(self) -> dict[str, str]:
        return {}

    def present(self) -> Iterator[str]:
        return iter(())

    def news(self, cursors: Mapping[str, str]) -> Iterator[Chunk]:
        data = self.stream.read(self.largest + 1)
        if not data:
            return
        if data.startswith(b"From "):
            data = data.partition(b"\n")[2]
        chunk = Chunk()
        why = f"larger than {self.largest >> 10} KiB" if len(data) > self.largest else ""
        chunk.add(Arrival(blob_hash(data), b"" if why else data, why))
        yield chunk

    def sent_by(self, address: str) -> Iterator[str]:
        return iter(())
