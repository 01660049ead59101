"""Which bracket closes which, and what stands between the two."""

from __future__ import annotations

from collections.abc import Sequence

from kfunclint.c.lexer import Token

LONGEST = 400
"""So many tokens a call has at most that arguments() looks into: a file of nested ones would take quadratic time."""

_OPENER = {")": "(", "]": "[", "}": "{"}


class Brackets:
    """The brackets of some tokens as 0-based indices: `closing` leads from ( [ { to the partner, `opening` back.

    One without a partner is in neither. What is still open where another kind closes around it, or where a brace
    begins a line, as those of a function do, has none; braces do not end with parentheses.
    """

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.closing: dict[int, int] = {}
        self.opening: dict[int, int] = {}
        self._pair()

    def _pair(self) -> None:
        open_: dict[str, list[int]] = {"(": [], "[": [], "{": []}
        for at, token in enumerate(self.tokens):
            text = token.text
            if text in open_:
                open_[text].append(at)
            elif (opener := _OPENER.get(text)) and open_[opener]:
                begin = open_[opener].pop()
                self.closing[begin], self.opening[at] = at, begin
                if text != "}":
                    inner = open_["[" if text == ")" else "("]
                    while inner and inner[-1] > begin:
                        inner.pop()
            if token.column == 1 and text in ("{", "}"):
                open_["("], open_["["] = [], []

    def arguments(self, opening: int) -> list[Sequence[Token]] | None:
        """What stands between the bracket at an index and its partner, split at the commas; None for no partner, or
        one that is LONGEST tokens away."""
        close = self.closing.get(opening, opening + LONGEST)
        if close - opening >= LONGEST:
            return None
        commas: list[int] = []
        at = opening + 1
        while at < close:
            if self.tokens[at].text == ",":
                commas.append(at)
            at = self.closing.get(at, at) + 1
        starts, ends = [opening, *commas], [*commas, close]
        return [self.tokens[start + 1 : end] for start, end in zip(starts, ends, strict=True)]


def arguments(tokens: Sequence[Token], opening: int) -> list[Sequence[Token]] | None:
    """The same for a single bracket, of which LONGEST tokens are looked at."""
    return Brackets(tokens[opening : opening + LONGEST]).arguments(0)
