"""Messages between parent, worker and child: JSON behind its length in four bytes, over pipes, with a time limit."""

from __future__ import annotations

import json
import os
import select
import time
from typing import Any

MAX_FRAME = 32 << 20
_CHUNK = 1 << 16
_LENGTH = 4


class Broken(Exception):
    """The other side is gone, too late, or does not keep to the form; `late` tells the second from the others."""

    def __init__(self, reason: str, late: bool = False) -> None:
        super().__init__(reason)
        self.late = late


def send(pipe: int, message: Any, deadline: float) -> None:
    """Write a message to a non-blocking pipe before `deadline`, a time.monotonic(). Raises Broken."""
    data = json.dumps(message, separators=(",", ":")).encode()
    unsent = memoryview(len(data).to_bytes(_LENGTH, "big") + data)
    while unsent:
        _wait(pipe, select.POLLOUT, deadline)
        try:
            unsent = unsent[os.write(pipe, unsent) :]
        except BlockingIOError:
            continue
        except OSError as error:
            raise Broken("gone") from error


def receive(pipe: int, deadline: float | None, limit: int = MAX_FRAME) -> Any:
    """Read a message of at most `limit` bytes from a non-blocking pipe. Raises Broken."""
    length = int.from_bytes(_read(pipe, _LENGTH, deadline), "big")
    if length > limit:
        raise Broken("answer too large")
    try:
        return json.loads(_read(pipe, length, deadline))
    except (ValueError, RecursionError) as error:
        raise Broken("answer not understood") from error


def _read(pipe: int, count: int, deadline: float | None) -> bytes:
    parts: list[bytes] = []
    while count:
        _wait(pipe, select.POLLIN, deadline)
        try:
            part = os.read(pipe, min(count, _CHUNK))
        except BlockingIOError:
            continue
        if not part:
            raise Broken("gone")
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def _wait(pipe: int, event: int, deadline: float | None) -> None:
    poll = select.poll()
    poll.register(pipe, event)
    milliseconds = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000
    if not poll.poll(milliseconds):
        raise Broken("time limit", late=True)
