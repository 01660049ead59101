"""What no compiler takes."""

from __future__ import annotations

from kfunclint.facts.fact import OneLineOfFunction
from kfunclint.finding import Place
from kfunclint.value import Value


class LostBracket(OneLineOfFunction, Value):
    """A parenthesis or square bracket without a partner, in a function that one patch of the series brings as a whole,
    without a directive in it."""

    name: str
    """That of the function."""
    at: Place
    text: str
    """( ) [ or ], as written."""
