"""Places, names and calls, read from tokens."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from kfunclint.c import lexer
from kfunclint.c.brackets import Brackets
from kfunclint.c.lexer import Token
from kfunclint.finding import Place

SetKey = tuple[str, str]  # a set: the file and its name

NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
"""A name of C, in a line or a directive."""


def place(path: str, token: Token) -> Place:
    """Where a token stands; of one over several lines, its first line."""
    return Place(path, token.line, token.column, token.column + len(token.text.partition("\n")[0]))


def named_calls(tokens: Sequence[Token], names: Iterable[str]) -> Iterator[tuple[Token, list[Sequence[Token]]]]:
    """Every NAME(...) with its arguments, in code and not in directives or comments."""
    macros = frozenset(names)
    code = lexer.code_of(tokens)
    calls = [at for at, (name, behind) in enumerate(pairwise(code)) if name.text in macros and behind.text == "("]
    brackets = Brackets(code if calls else ())
    for at in calls:
        arguments = brackets.arguments(at + 1)
        if arguments is not None:
            yield code[at], arguments


def names_in(ranges: Iterable[Sequence[Token]]) -> Iterator[str]:
    """The names in the code of visible ranges, as often as it has them, directives included and comments not."""
    texts = (token.text for tokens in ranges for token in tokens if token.kind != "comment")
    return (name for text in texts for name in NAME.findall(text))
