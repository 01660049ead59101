"""Words and their misspellings."""

from __future__ import annotations


def one_edit_apart(one: str, other: str) -> bool:
    """Does one letter inserted, dropped, replaced, or swapped with its neighbour make the one into the other?"""
    if abs(len(one) - len(other)) > 1 or one == other:
        return False
    short, long = sorted((one, other), key=len)
    start = next((index for index, char in enumerate(short) if char != long[index]), len(short))
    if len(short) < len(long):
        return short[start:] == long[start + 1 :]
    swapped = long[start + 1 : start + 2] + long[start]
    return short[start + 1 :] == long[start + 1 :] or (
        short[start : start + 2] == swapped and short[start + 2 :] == long[start + 2 :]
    )
