"""How much may be spent on following bodies: one limit for a function, one for all functions of a review."""

from __future__ import annotations

MOST_OF_A_FUNCTION = 12_000  # of cost; no function of Linux 6.12 or 7.3 that a kfunc calls takes more than 4,000
MOST_OF_A_REVIEW = 60_000  # some five seconds
LARGE = MOST_OF_A_FUNCTION // 4  # from here on fewer paths are kept apart


class TooMuch(Exception):
    """The budget is spent: nothing is known of the function."""


class Purse:
    """What is left for all functions of a review together."""

    def __init__(self, left: int = MOST_OF_A_REVIEW) -> None:
        self.left = left


class Budget:
    """What one function may cost. One unit is a block that a path goes through."""

    def __init__(self, purse: Purse) -> None:
        self._purse = purse
        self.spent = 0

    def spend(self, cost: int) -> None:
        """Raises TooMuch where the function, or all together, cost more than they may."""
        self.spent += cost
        self._purse.left -= cost
        if self.spent > MOST_OF_A_FUNCTION or self._purse.left < 0:
            raise TooMuch

    @property
    def is_large(self) -> bool:
        """Has the function cost so much that less of it should be told apart?"""
        return self.spent > LARGE
