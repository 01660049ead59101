"""What was made a moment ago and need not be made again."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """Values by key, as long as they were asked for in this round or the one before: memory is that of two rounds."""

    def __init__(self) -> None:
        self._last_round: dict[Hashable, T] = {}
        self._this_round: dict[Hashable, T] = {}

    def turn(self) -> None:
        """Begin the next round."""
        self._last_round, self._this_round = self._this_round, {}

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value for a key, made if it is not there."""
        if key not in self._this_round:
            self._this_round[key] = self._last_round[key] if key in self._last_round else make()
        return self._this_round[key]
