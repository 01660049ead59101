"""The #if lines around each line of a file."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence

from kfunclint.c.lexer import Token

_DEEPEST = 64  # conditions around a line that are told apart
_CONDITIONAL = re.compile(r"[ \t]*#[ \t]*(if|ifdef|ifndef|else|elif|endif)\b", re.ASCII)


class Conditions:
    """The #if lines around each line of a file.

    They are words such as "CONFIG_NET" or "!CONFIG_NET", outermost first. In a visible range that does not begin at
    line 1 an unknown number of others stands around all: a word that begins with "?" stands for them, the same one as
    long as none of them has ended.
    """

    def __init__(self, ranges: Iterable[Sequence[Token]]) -> None:
        self._from: list[int] = []
        self._words: list[tuple[str, ...]] = []
        for tokens in ranges:
            if tokens:
                self._add(tokens)

    def _add(self, tokens: Sequence[Token]) -> None:
        first = tokens[0].line
        words: tuple[str, ...] = () if first == 1 else (f"?{first}",)
        self._keep(first, words)
        for token in tokens:
            if token.kind == "directive" and (match := _CONDITIONAL.match(token.text)):
                words = _after(words, match[1], token)
                self._keep(token.end_line, words)

    def _keep(self, line: int, words: tuple[str, ...]) -> None:
        self._from.append(line)
        self._words.append(words)

    def at(self, line: int) -> tuple[str, ...]:
        """The words around a line (1-based) that is in view."""
        return self._words[max(0, bisect_right(self._from, line) - 1)] if self._words else (f"?{line}",)


def _after(words: tuple[str, ...], kind: str, token: Token) -> tuple[str, ...]:
    """The words behind a conditional directive, where `words` hold before it."""
    if kind.startswith("if"):
        return (*words, _condition(kind, token.text))[-_DEEPEST:]
    if not words or words[-1].startswith("?"):
        return (*words[:-1], f"?{token.line}")
    if kind == "endif":
        return words[:-1]
    if kind == "else" and not words[-1].startswith("elif "):
        last = words[-1]
        return (*words[:-1], last.removeprefix("!") if last.startswith("!") else f"!{last}")
    return (*words[:-1], f"elif {token.line}")


def _condition(kind: str, text: str) -> str:
    words = "".join(re.sub(r"/\*.*?\*/|//.*", "", text, flags=re.DOTALL).replace("\\\n", " ").split())
    words = words.removeprefix(f"#{kind}")
    words = re.sub(r"(?:defined|IS_ENABLED|IS_BUILTIN|IS_REACHABLE)\(?(\w+)\)?", r"\1", words)
    return f"!{words}" if kind == "ifndef" else words
