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
    """A kind with its reason; as a text, what people are told."""

    kind: FailureKind
    reason: str

    def __str__(self) -> str:
        """ "parser stopped (CPU limit)", "not analysed: too long"."""
        if self.kind is FailureKind.STOPPED:
            return f"{self.kind} ({self.reason})"
        return f"{self.kind}: {self.reason}"


def answer(kind: FailureKind, reason: str) -> dict[str, list[str]]:
    """The answer of the parser's process that says so, as clang.units reads it."""
    return {"failure": [kind, reason]}


def stopped(reason: str) -> dict[str, list[str]]:
    """The answer for a parser that stopped."""
    return answer(FailureKind.STOPPED, reason)
