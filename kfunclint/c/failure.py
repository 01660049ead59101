"""Why the parser made nothing of a file."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class FailureKind(StrEnum):
    """Who gave up: the library, limits before the parse, the parser's process, or the review that asks it."""

    UNUSABLE = "libclang is not usable"
    NOT_ANALYSED = "not analysed"
    STOPPED = "parser stopped"
    TOO_OFTEN = "not parsed"


class Failure(NamedTuple):
    """A kind with its reason, and the 1-based line that is it, if one is; as a text, what people are told."""

    kind: FailureKind
    reason: str
    line: int | None = None

    def __str__(self) -> str:
        """ "parser stopped (CPU limit)", "not analysed: too long"."""
        if self.kind is FailureKind.STOPPED:
            return f"{self.kind} ({self.reason})"
        return f"{self.kind}: {self.reason}"


def answer(kind: FailureKind, reason: str, line: int | None = None) -> dict[str, list[str | int | None]]:
    """The answer of the parser's process that says so, as clang.units reads it."""
    return {"failure": [kind, reason, line]}


def stopped(reason: str) -> dict[str, list[str | int | None]]:
    """The answer for a parser that stopped."""
    return answer(FailureKind.STOPPED, reason)
