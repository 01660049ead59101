"""C as tokens with places: linear, never raises, cares for nothing but the spelling."""

from __future__ import annotations

import re
from typing import NamedTuple

_TOKEN = re.compile(
    r"""
      (?P<comment> /\*(?s:.*?)(?:\*/|\Z) | //(?:\\\n|[^\n])*+ )
    | (?P<directive> ^[ \t]*(?:\#|%:)(?:[^\n\\/]++|\\\n|/\*(?s:.*?)(?:\*/|\Z)|[^\n])*+ )
    | (?P<string> "(?:\\(?s:.)|[^"\\\n])*+"? )
    | (?P<char> '(?:\\(?s:.)|[^'\\\n])*+'? )
    | (?P<name> [A-Za-z_$]\w* )
    | (?P<number> \.?[0-9](?:[eEpP][+-]|[\w.])*+ )
    | (?P<punct> ->|\+\+|--|<<=|>>=|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|\.\.\.|\#\#|[^\s\w] )
    """,
    re.VERBOSE | re.MULTILINE | re.ASCII,
)


class Token(NamedTuple):
    """`kind` is name, number, string, char, punct, comment or directive; `line` and `column` are 1-based, of its first
    character, `offset` 0-based in the text that was scanned; comments and directives may span lines."""

    kind: str
    text: str
    line: int
    column: int
    offset: int

    @property
    def end_line(self) -> int:
        return self.line + self.text.count("\n")


def tokens(text: str, first_line: int = 1) -> list[Token]:
    """Every token of `text`, comments and directives among them; its first line has the number `first_line`."""
    found: list[Token] = []
    line, line_start, done = first_line, 0, 0
    for match in _TOKEN.finditer(text):
        start = match.start()
        if newlines := text.count("\n", done, start):
            line += newlines
            line_start = text.rfind("\n", done, start) + 1
        done = start
        found.append(Token(match.lastgroup or "", match.group(), line, start - line_start + 1, start))
    return found


def code(text: str, first_line: int = 1) -> list[Token]:
    """The tokens of `text` without comments and directives."""
    return [token for token in tokens(text, first_line) if token.kind not in ("comment", "directive")]
