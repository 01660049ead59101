"""C as tokens with places: linear, never raises, cares for nothing but the spelling."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal, NamedTuple, cast

_TOKEN = re.compile(
    r"""
      (?P<directive> ^[ \t]*(?:\#|%:)(?:[^\n\\/]++|\\\n|/\*(?s:.*?)(?:\*/|\Z)|[^\n])*+ )
    | [ \t]*+(?:
          (?P<name> [A-Za-z_$]\w* )
        | (?P<newline> \n )
        | (?P<number> \.?[0-9](?:[eEpP][+-]|[\w.])*+ )
        | (?P<comment> /\*(?s:.*?)(?:\*/|\Z) | //(?:\\\n|[^\n])*+ )
        | (?P<string> "(?:\\(?s:.)|[^"\\\n])*+"? )
        | (?P<char> '(?:\\(?s:.)|[^'\\\n])*+'? )
        | (?P<punct> ->|\+\+|--|<<=|>>=|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|\.\.\.|\#\#|[^\s\w] )
        | (?P<blank> \s | \Z )
      )
    """,
    re.VERBOSE | re.MULTILINE | re.ASCII,
)


TokenKind = Literal["name", "number", "string", "char", "punct", "comment", "directive"]


class Token(NamedTuple):
    """`line` and `column` are 1-based, of its first character, `offset` 0-based in the text that was scanned; comments
    and directives may span lines."""

    kind: TokenKind
    text: str
    line: int
    column: int
    offset: int

    @property
    def end_line(self) -> int:
        return self.line + self.text.count("\n")


def tokens(text: str, first_line: int = 1) -> list[Token]:
    """Every token of `text`, comments and directives among them; its first line has the number `first_line`."""
    all_tokens: list[Token] = []
    line, line_start = first_line, 0
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or ""
        if kind == "newline":
            line += 1
            line_start = match.end()
        elif kind != "blank":
            piece = match[kind]
            start = match.end() - len(piece)
            all_tokens.append(Token(cast(TokenKind, kind), piece, line, start - line_start + 1, start))
            if "\n" in piece:
                line += piece.count("\n")
                line_start = start + piece.rfind("\n") + 1
    return all_tokens


def code(text: str, first_line: int = 1) -> list[Token]:
    """The tokens of `text` without comments and directives."""
    return code_of(tokens(text, first_line))


def code_of(tokens: Iterable[Token]) -> list[Token]:
    """The tokens that are neither comments nor directives."""
    return [token for token in tokens if token.kind not in ("comment", "directive")]
