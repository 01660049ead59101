"""The one way in which input is refused."""

from __future__ import annotations


class Unreviewable(Exception):
    """A mail, or a whole input, that cannot be reviewed.

    `str()` of it is the one line a user sees: `file:line: reason`, without the line where none is meant.
    """

    def __init__(self, file: str, line: int | None, reason: str) -> None:
        super().__init__(f"{file}:{line}: {reason}" if line else f"{file}: {reason}")
        self.file = file
        self.line = line
        self.reason = reason
