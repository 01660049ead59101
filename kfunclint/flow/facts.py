"""What is known of a term: bounds, that it is not 0, whether it is an error pointer. An abstract value, in the words of
the trade."""

from __future__ import annotations

from typing import NamedTuple

MAX_ERRNO = 4095  # include/linux/err.h, 6.12


class Known(NamedTuple):
    """The bounds of a number, both inclusive, None for one that is open; that it is not 0; of a pointer, whether it is
    an error pointer (include/linux/err.h: IS_ERR()), None where that is not known."""

    low: int | None = None
    high: int | None = None
    nonzero: bool = False
    error: bool | None = None

    @property
    def is_nonzero(self) -> bool:
        """Is it surely not 0?"""
        return self.nonzero or (self.low is not None and self.low > 0) or (self.high is not None and self.high < 0)

    @property
    def is_zero(self) -> bool:
        """Is it surely 0, or NULL?"""
        return self.low == 0 and self.high == 0

    @property
    def is_negative(self) -> bool:
        """Is it surely below 0?"""
        return self.high is not None and self.high < 0

    @property
    def is_natural(self) -> bool:
        """Is it surely not below 0?"""
        return self.low is not None and self.low >= 0

    def meet(self, other: Known) -> Known | None:
        """What is known if both are; None where they exclude each other."""
        if self.error is not None and other.error is not None and self.error is not other.error:
            return None
        error = other.error if self.error is None else self.error
        nonzero = self.nonzero or other.nonzero or error is True
        low = _narrower(self.low, other.low, lower=True)
        high = _narrower(self.high, other.high, lower=False)
        if nonzero and low == 0:
            low = 1
        if nonzero and high == 0:
            high = -1
        return None if low is not None and high is not None and low > high else Known(low, high, nonzero, error)

    def join(self, other: Known) -> Known:
        """What holds of either."""
        low = None if self.low is None or other.low is None else min(self.low, other.low)
        high = None if self.high is None or other.high is None else max(self.high, other.high)
        nonzero = self.is_nonzero and other.is_nonzero
        return Known(low, high, nonzero, self.error if self.error is other.error else None)


def _narrower(one: int | None, other: int | None, *, lower: bool) -> int | None:
    """The bound that says more, of two lower or two upper ones."""
    if one is None or other is None:
        return one if other is None else other
    return max(one, other) if lower else min(one, other)


NOTHING = Known()
TRUTH = Known(0, 1)
ZERO_KNOWN = Known(0, 0)
VALID = Known(nonzero=True)
ERRNO = Known(-MAX_ERRNO, -1, nonzero=True)
ERROR = Known(nonzero=True, error=True)
