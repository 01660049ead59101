"""The lower edge of a hunk: what closes whatever is open at its last line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from kfunclint.c.declarators import STATEMENT
from kfunclint.c.lexer import Token
from kfunclint.clang.top_edge import UNKNOWN

_NEEDS_OPERAND = frozenset("&& || ! ~ - + * / % = , ? : & | ^ < > <= >= == != << >> += -= |= &= ^= ( [ -> .".split())
_AGGREGATE = frozenset({"struct", "union", "enum"})


class BottomEdge(NamedTuple):
    """The repair of the lower edge: drop the tokens from `cut` on, then write `after`. `start` is the index of the
    first token of what is cut off; nothing is cut off if it is the number of tokens."""

    cut: int
    after: str
    start: int


class _Frame(NamedTuple):
    """An open brace, and the statement around it that goes on behind it."""

    kind: str
    start: int | None
    parentheses: tuple[int, ...]


def repair(tokens: Sequence[Token], inside: str) -> BottomEdge:
    """How to repair the lower edge; `inside` has a letter for every brace that was put before the first token."""
    reader = _EndReader(tokens, inside)
    for at in range(len(tokens)):
        reader.step(at)
    return reader.result()


class _EndReader:
    """Knows at every token which braces and parentheses are open and where the current statement begins."""

    def __init__(self, tokens: Sequence[Token], inside: str) -> None:
        self.tokens = tokens
        self.frames = [_Frame("do" if letter == "d" else "block", None, ()) for letter in inside]
        self.outer = 0  # the first token of the construct at the top level
        self.start: int | None = None
        self.parentheses: list[int] = []
        self.questions = 0

    def step(self, at: int) -> None:
        """Take the next token."""
        text = self.tokens[at].text
        if not self.frames and not self.parentheses:
            self._top(at)
        if text in ("(", "["):
            self.start = at if self.start is None else self.start
            self.parentheses.append(at)
        elif text in (")", "]"):
            if self.parentheses:
                self.parentheses.pop()
        elif text == "{":
            self._open(at)
        elif text == "}":
            self._close(at)
        else:
            self._other(at, text)

    def _top(self, at: int) -> None:
        """A token in column 1 begins something new, if it does not go on with the words in front of it."""
        token = self.tokens[at]
        before = self.tokens[at - 1] if at else None
        goes_on = before is not None and self.start is not None and (before.kind == "name" or before.text == "*")
        if token.column == 1 and token.text != "{" and not goes_on:
            self.outer, self.start = at, None
        elif self.start is None:
            self.outer = at

    def _other(self, at: int, text: str) -> None:
        in_table = bool(self.frames) and self.frames[-1].kind == "table"
        if (text == ";" and not self.parentheses and not in_table) or (
            text == ":" and not self.parentheses and self._is_label(at)
        ):
            self._end()
        elif self.start is None and text != "else":
            self.start = at
        if text == "?":
            self.questions += 1
        elif text == ":":
            self.questions -= 1

    def _is_label(self, at: int) -> bool:
        if self.start is None or not self.frames:
            return False
        if self.tokens[self.start].text in ("case", "default"):
            return self.questions <= 0
        return at == self.start + 1 and self.tokens[self.start].kind == "name"

    def _end(self) -> None:
        self.start = None
        self.parentheses = []
        self.questions = 0

    def _open(self, at: int) -> None:
        kind = self._kind(at)
        self.frames.append(_Frame(kind, self.start, tuple(self.parentheses[-64:])))
        self._end()

    def _kind(self, at: int) -> str:
        before = self.tokens[at - 1].text if at else ""
        if before == "(" and self.frames:
            return "expression"
        if before in ("=", "[") or self.parentheses or (self.frames and self.frames[-1].kind == "table"):
            return "table"
        if before == "do":
            return "do"
        if self.start is not None:
            words = [token.text for token in self.tokens[self.start : min(self.start + 4, at)]]
            if not self._ends_header(at - 1) and any(word in _AGGREGATE for word in words):
                return "aggregate"
            if before == ")" and self.frames and self._holds_value(words):
                return "table"
        return "block"

    def _ends_header(self, at: int) -> bool:
        """Is there the end of a parameter list, with or without attributes behind it?"""
        while at > 0 and self.tokens[at].text.startswith("__"):
            at -= 1
        return self.tokens[at].text == ")"

    def _holds_value(self, words: list[str]) -> bool:
        """Is this the start of an expression, so that a brace behind parentheses makes a compound literal?"""
        return words[0] == "return" or (words[0] not in STATEMENT and "=" in words)

    def _close(self, at: int) -> None:
        if not self.frames:
            self._end()
            return
        frame = self.frames.pop()
        self._end()
        if frame.kind in ("table", "aggregate", "expression"):
            self.start, self.parentheses = frame.start, list(frame.parentheses)
        if not self.frames and self.start is None:
            self.outer = at + 1

    def result(self) -> BottomEdge:
        """What to write behind the last token."""
        count = len(self.tokens)
        if not self.frames:
            return self._top_result(count)
        texts = [self._statement()]
        while self.frames:
            frame = self.frames.pop()
            self.start, self.parentheses = frame.start, list(frame.parentheses)
            in_statement = bool(self.frames) and self.frames[-1].kind != "table"
            texts.append(self._closing(frame, in_statement))
        return BottomEdge(count, " ".join(texts), self.outer)

    def _top_result(self, count: int) -> BottomEdge:
        if self.start is None:
            return BottomEdge(count, "", count)
        if not self.parentheses and self.tokens[-1].text == ")":
            return BottomEdge(count, ";" if self.tokens[self.start].text != self.tokens[-1].text else "", self.outer)
        return BottomEdge(self.outer, "", self.outer)

    def _closing(self, frame: _Frame, in_statement: bool) -> str:
        brackets = "".join(")" if self.tokens[at].text == "(" else "]" for at in reversed(frame.parentheses))
        match frame.kind:
            case "table":
                nested = bool(self.frames) and self.frames[-1].kind == "table"
                return "}" if nested else f"}}{brackets};"
            case "aggregate":
                return "};"
            case "do":
                return f"}} while ({UNKNOWN});"
            case "expression":
                return f"}}{brackets}{';' if in_statement else ''}"
        return "}"

    def _statement(self) -> str:
        """What ends the statement that is cut off."""
        last = self.tokens[-1].text if self.tokens else ""
        if self.frames[-1].kind == "table":
            return self._entry(last)
        if self.start is None:
            return ";" if last in (":", ")", "else", "do") else ""
        return self._rest(last)

    def _entry(self, last: str) -> str:
        if self.start is None:
            return ""
        brackets = "".join(")" if self.tokens[at].text == "(" else "]" for at in reversed(self.parentheses))
        operand = "0" if last in _NEEDS_OPERAND and last not in (",", ".", "->") else ""
        return operand + brackets

    def _rest(self, last: str) -> str:
        assert self.start is not None
        first = self.tokens[self.start].text
        text = f" {UNKNOWN}" if last in _NEEDS_OPERAND and last not in {"->", "."} else ""
        if self.parentheses and first == "for" and len(self.parentheses) == 1:
            semicolons = sum(token.text == ";" for token in self.tokens[self.parentheses[0] :])
            text += ";" * (2 - semicolons)
        brackets = "".join(")" if self.tokens[at].text == "(" else "]" for at in reversed(self.parentheses))
        text += (f" : {UNKNOWN}" if self.questions > 0 and not brackets else "") + brackets
        if first == "do":
            return f"{text}; while ({UNKNOWN});"
        if first == "case" and not brackets:
            return f"{text}: ;"
        return f"{text};"
