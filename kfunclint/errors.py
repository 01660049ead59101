"""The one way in which input is refused."""

from __future__ import annotations

from collections.abc import Mapping


class InputError(Exception):
    """A mail, or a whole input, that cannot be reviewed.

    `str()` of it is the one line a user sees: `file:line: reason`, without the line where none is meant.
    """

    def __init__(self, file: str, line: int | None, reason: str) -> None:
        super().__init__(file, line, reason)  # with these three, pickle makes it anew
        self.file = file
        self.line = line
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}" if self.line else f"{self.file}: {self.reason}"


def hint(name: str, names: Mapping[str, str]) -> str:
    """A question about the name that is most like a wrong one, "" if none is like it; `names` has the right names by
    what people may write for them."""
    from difflib import get_close_matches  # costs 5 ms, and only a wrong name needs it

    closest = get_close_matches(name, names, n=1)
    return f", did you mean {names[closest[0]]}?" if closest else ""
