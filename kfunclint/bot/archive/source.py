"""What a source of mails is, and the pieces in which it gives them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from kfunclint.value import Value

MOST_MAILS = 100
_MOST_BYTES = 16 << 20
_HEADER = 1 << 18
_MESSAGE_ID = re.compile(rb"^message-id:\s*<([^<>\s]{1,900})>", re.I | re.M)
_END_OF_HEADER = re.compile(rb"\r?\n\r?\n")


class Arrival(Value):
    """A mail: the hash that git gives a blob of these bytes, and the bytes; or, without them, `why` not."""

    blob: str
    data: bytes
    why: str = ""


@dataclass(slots=True)
class Chunk:
    """A piece of what is new: mails in the order in which they came, blobs that were taken out of the archive, the
    cursors to go on from behind it, by the parts of a source, and the parts that are gone."""

    arrivals: list[Arrival] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)
    cursors: dict[str, str] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    size: int = 0

    def add(self, arrival: Arrival) -> None:
        """One more mail."""
        self.arrivals.append(arrival)
        self.size += len(arrival.data)

    @property
    def is_full(self) -> bool:
        """Is it enough for one transaction?"""
        return len(self.arrivals) + len(self.withdrawn) >= MOST_MAILS or self.size >= _MOST_BYTES

    @property
    def is_empty(self) -> bool:
        """Is there nothing to write down?"""
        return not (self.arrivals or self.withdrawn or self.cursors or self.gone)


class Source(Protocol):
    """An archive or mailbox; all of it raises InputError and OSError for what cannot be read."""

    name: str
    """What tells it from the others, and people what it is."""
    list: str
    """The address of the list whose mails it has, "" if it has those of several."""

    def tips(self) -> dict[str, str]:
        """The cursors of a reading that has seen all that is there."""

    def present(self) -> Iterator[str]:
        """The message-ids of what is there and may come once more, as when an archive is edited."""

    def news(self, cursors: Mapping[str, str]) -> Iterator[Chunk]:
        """What has come since those cursors; a source that was never read has none, and all of it is new."""

    def sent_by(self, address: str) -> Iterator[str]:
        """The message-ids of all mails of a sender that it has."""


def blob_hash(data: bytes) -> str:
    """The hash that git gives a blob."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def header(data: bytes) -> bytes:
    """The header of a mail."""
    end = _END_OF_HEADER.search(data, 0, _HEADER)
    return data[: end.start() if end else _HEADER]


def key_of(message_id: str) -> int:
    """A message-id as a number of 63 bits, to keep very many of them."""
    return int.from_bytes(hashlib.sha256(message_id.encode("utf-8", "replace")).digest()[:8]) >> 1


def message_id(data: bytes) -> str:
    """The first message-id of a mail, "" if it has none: an archive may have added a second one."""
    match = _MESSAGE_ID.search(header(data))
    return match[1].decode("ascii", "replace") if match else ""


def sent_by(heads: Iterable[bytes], address: str) -> Iterator[str]:
    """The message-ids of the mails whose From has an address."""
    pattern = re.compile(
        rb"^from:(?:(?:[^\n]|\n[ \t])*[\s<])?" + re.escape(address.encode()) + rb"(?![\w.-])", re.I | re.M
    )
    for head in heads:
        if pattern.search(header(head)) and (id_ := message_id(head)):
            yield id_
