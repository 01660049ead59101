"""Texts as people and terminals can take them."""

from __future__ import annotations

import unicodedata


def pluralize(number: int, noun: str) -> str:
    """A number with its noun: "1 check", "2 checks", "3 patches", "4 fixes"."""
    ending = "" if number == 1 else "es" if noun.endswith(("ch", "x")) else "s"
    return f"{number} {noun}{ending}"


def last_line(text: str) -> str:
    """The last line of a text that is not blank."""
    return text.strip().rpartition("\n")[2]


CUT = "[...]"
_LONGEST = 480  # characters; the longest line of C in Linux 6.12 has 453
_BEFORE = 160


def excerpt(text: str, column: int = 1) -> tuple[str, int]:
    """A line fit to be quoted, and where in it the column is, 1-based: of a long one the part around the column, with
    "[...]" for what is left out."""
    if len(text) <= _LONGEST:
        return text, column
    start = max(0, min(column - 1 - _BEFORE, len(text) - _LONGEST))
    before = f"{CUT} " if start else ""
    after = f" {CUT}" if start + _LONGEST < len(text) else ""
    return f"{before}{text[start : start + _LONGEST]}{after}", column - start + len(before)


_HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")


def visible(text: str) -> str:
    """The text with every character that works unseen (escape, NUL, bidi override) written out; tabs stay."""
    if text.isprintable():
        return text
    return "".join(_escape(char) if unicodedata.category(char) in _HIDDEN and char != "\t" else char for char in text)


def _escape(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
