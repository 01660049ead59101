"""Places, brackets and calls, read from tokens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from kfunclint.c.lexer import Token
from kfunclint.finding import Place

_LONGEST_CALL = 400  # tokens between two parentheses; without a bound a file of open ones takes quadratic time
SetKey = tuple[str, str]  # a set: the file and its name


def place(path: str, token: Token) -> Place:
    """Where a token stands; of one over several lines, its first line."""
    return Place(path, token.line, token.column, token.column + len(token.text.partition("\n")[0]))


def bracketed(tokens: Sequence[Token], opening: int) -> list[list[Token]] | None:
    """What stands between the bracket at index `opening` and its partner, split at the commas; None for no partner."""
    depth = 0
    found: list[list[Token]] = [[]]
    for token in tokens[opening : opening + _LONGEST_CALL]:
        if token.text in ("(", "[", "{"):
            depth += 1
            if depth == 1:
                continue
        elif token.text in (")", "]", "}"):
            depth -= 1
            if depth == 0:
                return found
        if token.text == "," and depth == 1:
            found.append([])
        else:
            found[-1].append(token)
    return None


def named_calls(tokens: Sequence[Token], names: Iterable[str]) -> Iterator[tuple[Token, list[list[Token]]]]:
    """Every NAME(...) with its arguments, in code and not in directives or comments."""
    wanted = frozenset(names)
    tokens = [token for token in tokens if token.kind not in ("comment", "directive")]
    for index, token in enumerate(tokens[:-1]):
        if token.kind == "name" and token.text in wanted and tokens[index + 1].text == "(":
            arguments = bracketed(tokens, index + 1)
            if arguments is not None:
                yield token, arguments
