"""The upper edge of a hunk: what a cut-off statement, block, function or table needs to stand alone."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

from kfunclint.c.declarators import STATEMENT
from kfunclint.c.lexer import Token

UNKNOWN = "__kfunclint_unknown()"
_LOOPS = frozenset({"for", "while", "do"})
_BINARY = frozenset("&& || ? : + | == != . -> , ) ] = < > <= >= / % ^ << >> += -= |= &=".split())


class TopEdge(NamedTuple):
    """The repair of the upper edge.

    Tokens below `skip` are dropped. `inside`: a function's body is cut, so its header and a brace go first, then
    `before`; `braced`: the body's own brace is in view. `extra` closing braces go before the token at `close` (the
    brace that ends the body), or at the end of the hunk if that is None. `end` is the index of the first token that the
    cut cannot concern.
    """

    skip: int = 0
    inside: bool = False
    braced: bool = False
    before: str = ""
    extra: int = 0
    close: int | None = None
    end: int = 0


def repair(tokens: Sequence[Token], first_line: str, whole: int, in_table: bool) -> TopEdge:
    """How to repair the upper edge of a hunk of which the first complete function begins with the token at `whole`.

    `first_line`: the line on which the first token stands. `in_table`: the @@ heading says that the hunk begins in a
    struct, an enum or an initializer.
    """
    tokens = tokens[:whole]
    if not tokens:
        return TopEdge()
    closers = _unmatched(tokens)
    close = next((at for at in closers if tokens[at].column == 1), None)
    body = _cut_parameters(tokens)
    if body is not None:
        return TopEdge(skip=body, inside=True, braced=True, end=_after(tokens, body))
    first = _first_at_top(tokens, close)
    if first is not None:
        return TopEdge(skip=first, end=first)
    if close is None and tokens[0].column == 1 and not closers and not _is_label(tokens, 0):
        return TopEdge()
    return _inside(tokens, first_line, close, in_table)


def _unmatched(tokens: Sequence[Token]) -> list[int]:
    """The closing braces whose opening ones are not in view, up to the one that ends the function."""
    closers: list[int] = []
    depth = 0
    for at, token in enumerate(tokens):
        if token.text == "{":
            depth += 1
        elif token.text == "}":
            if depth:
                depth -= 1
            else:
                closers.append(at)
                if token.column == 1:
                    break
    return closers


def _cut_parameters(tokens: Sequence[Token]) -> int | None:
    """The brace that begins a function whose header is cut off."""
    for at, token in enumerate(tokens):
        if token.text in (";", "}"):
            return None
        if token.text == "{":
            cut = at == 0 or tokens[0].column > 1 or _lost_parentheses(tokens[:at]) > 0
            return at if token.column == 1 and cut else None
    return None


def _after(tokens: Sequence[Token], brace: int) -> int:
    """The first token behind the function whose body begins there."""
    for at in range(brace + 1, len(tokens)):
        if tokens[at].text == "}" and tokens[at].column == 1:
            return at + 1
    return len(tokens)


def _first_at_top(tokens: Sequence[Token], close: int | None) -> int | None:
    """The first token that begins something at the top level, if no body ends above it."""
    for at, token in enumerate(tokens[:close]):
        if token.column == 1 and token.text == "{":
            return None
        if token.column == 1 and token.kind == "name" and not _is_label(tokens, at):
            return at
    return None


def _is_label(tokens: Sequence[Token], at: int) -> bool:
    return tokens[at].kind == "name" and at + 1 < len(tokens) and tokens[at + 1].text == ":"


def _lost_parentheses(tokens: Sequence[Token]) -> int:
    """How many tokens from the first on belong to parentheses that were opened out of view."""
    depth, end = 0, 0
    for at, token in enumerate(tokens):
        if token.text in ("(", "["):
            depth += 1
        elif token.text in (")", "]"):
            depth -= 1
            if depth < 0:
                depth, end = 0, at + 1
    return end


def _inside(tokens: Sequence[Token], first_line: str, close: int | None, in_table: bool) -> TopEdge:
    end = len(tokens) if close is None else close
    if _is_table(tokens, end, close, in_table):
        skip = end if close is None else _semicolon(tokens, end) + 1
        return TopEdge(skip=skip, end=skip)
    skip, lead = _cut_statement(tokens[:end], first_line)
    levels = _Levels()
    levels.read(tokens[:end], skip, lead)
    before, extra = levels.openers()
    return TopEdge(skip, True, False, before, extra, close, end if close is None else close + 1)


def _is_table(tokens: Sequence[Token], end: int, close: int | None, in_table: bool) -> bool:
    """Is this the rest of a struct, an enum or an initializer?"""
    if close is not None:
        if close + 1 < len(tokens) and (tokens[close + 1].text == ";" or tokens[close + 1].line == tokens[close].line):
            return True
        if close + 1 < len(tokens):
            return False
    texts = {token.text for token in tokens[:end]}
    if texts & STATEMENT:
        return False
    if in_table:
        return True
    designated = tokens[0].text == "." and end > 2 and tokens[2].text == "="
    return ";" not in texts and (designated or "(" not in texts or "}," in _pairs(tokens[:end]))


def _pairs(tokens: Sequence[Token]) -> set[str]:
    return {brace.text + following.text for brace, following in itertools.pairwise(tokens) if brace.text == "}"}


def _semicolon(tokens: Sequence[Token], at: int) -> int:
    return next((index for index in range(at, len(tokens)) if tokens[index].text == ";"), len(tokens) - 1)


def _cut_statement(tokens: Sequence[Token], first_line: str) -> tuple[int, str]:
    """How many tokens to drop because the statement they end begins out of view, and what to put in their place.

    The place of an opening brace that is left without its statement is marked by "{".
    """
    lost = max(_lost_parentheses(tokens), _lost_braces(tokens))
    if lost:
        if lost == len(tokens):
            return lost, ""
        following = tokens[lost]
        if following.text == "{":
            return lost, "{"
        if following.text == ";" or tokens[lost - 1].text in (";", ","):
            return lost, ""
        if following.text in STATEMENT or (following.line > tokens[lost - 1].line and following.text not in _BINARY):
            return lost, f"if ({UNKNOWN}) "
        return _to_end(tokens, lost)
    if tokens and (tokens[0].text in _BINARY or _is_aligned(first_line)):
        return _to_end(tokens, 0)
    if tokens and tokens[0].text == "else":
        return 0, f"if ({UNKNOWN}) ; "
    return 0, "{" if tokens and tokens[0].text == "{" else ""


def _is_aligned(line: str) -> bool:
    """Is it indented with spaces behind tabs, as the continuation of a statement is?"""
    indent = line[: len(line) - len(line.lstrip())]
    return indent.endswith(" ") and "\t" in indent and line.strip() != ""


def _lost_braces(tokens: Sequence[Token]) -> int:
    """How many tokens end an initializer or a statement expression that was begun out of view."""
    depth, end = 0, 0
    for at, token in enumerate(tokens):
        if token.text == "{":
            depth += 1
        elif token.text == "}":
            if depth:
                depth -= 1
            elif at + 1 < len(tokens) and tokens[at + 1].text in (";", ",", ")"):
                end = at + 2
    return end


def _to_end(tokens: Sequence[Token], at: int) -> tuple[int, str]:
    """Drop the rest of an expression: up to its semicolon or brace."""
    depth = 0
    for index in range(at, len(tokens)):
        text = tokens[index].text
        if text in ("(", "["):
            depth += 1
        elif text in (")", "]"):
            depth -= 1
        elif depth <= 0 and text in (";", "{", "}"):
            return index, "{" if text == "{" else ""
    return len(tokens), ""


class _Level:
    """What stands in a block of which only the end is in view: does it need a switch or a loop around it?"""

    def __init__(self) -> None:
        self.case = False
        self.breaks = False
        self.continues = False
        self.next = ""

    @property
    def needs_loop(self) -> bool:
        return self.continues or (self.breaks and not self.case)


class _Levels:
    """The blocks that are open at the first line, the innermost first; the last one is the body of the function."""

    def __init__(self) -> None:
        self.levels = [_Level()]
        self.lead: _Level | None = None
        self.lead_text = ""
        self._pending = ""
        self._stack: list[str] = []
        self._around: dict[str, int] = {}

    def read(self, tokens: Sequence[Token], skip: int, lead: str) -> None:
        """Go through the tokens from `skip` on; `lead` is what _cut_statement() says."""
        self.lead_text = lead
        if lead == "{":
            self.lead = _Level()
        parentheses = 0
        for at in range(skip, len(tokens)):
            text = tokens[at].text
            if text in ("(", ")"):
                parentheses += 1 if text == "(" else -1
            elif text == "{":
                self._open("lead" if at == skip and self.lead else self._pending)
            elif text == "}":
                self._close(tokens[at + 1].text if at + 1 < len(tokens) else "")
            elif text == ";" and parentheses <= 0:
                self._pending = ""
            elif tokens[at].kind == "name":
                self._word(text)

    def _word(self, text: str) -> None:
        if text in _LOOPS or "for_each" in text:
            self._pending = "loop"
        elif text == "switch":
            self._pending = "switch"
        elif text in ("case", "default", "break", "continue"):
            self._note(text)

    def _open(self, kind: str) -> None:
        self._stack.append(kind)
        self._around[kind] = self._around.get(kind, 0) + 1
        self._pending = ""

    def _close(self, following: str) -> None:
        if self._stack:
            self._around[self._stack.pop()] -= 1
            return
        self.levels[-1].next = following
        self.levels.append(_Level())

    def _note(self, text: str) -> None:
        level = self.lead if self.lead and self._around.get("lead") else self.levels[-1]
        in_loop = self._pending == "loop" or bool(self._around.get("loop"))
        in_switch = self._pending == "switch" or bool(self._around.get("switch"))
        if text in ("case", "default"):
            level.case |= not in_switch
        elif text == "break":
            level.breaks |= not (in_loop or in_switch)
        else:
            level.continues |= not in_loop

    def openers(self) -> tuple[str, int]:
        """The text that opens the blocks, and how many of them nothing in view closes."""
        loop = f"for (; {UNKNOWN};) "
        lead, wants_loop = self._lead(loop)
        texts: list[str] = []
        plain: int | None = None
        for at, level in enumerate(self.levels[:-1]):
            if level.needs_loop:
                wants_loop, plain = True, None
            if level.next == "while":
                texts.append("do {")
                wants_loop = False
            elif level.case:
                texts.append(f"switch ({UNKNOWN}) {{")
            else:
                texts.append(f"if ({UNKNOWN}) {{")
                plain = at if level.next != "else" else plain
        if wants_loop and plain is not None:
            texts[plain] = loop + "{"
            wants_loop = False
        outer = self.levels[-1]
        extra = [loop + "{"] if wants_loop or outer.needs_loop else []
        extra += [f"switch ({UNKNOWN}) {{"] if outer.case else []
        return " ".join([*extra, *reversed(texts), lead]), len(extra)

    def _lead(self, loop: str) -> tuple[str, bool]:
        if not self.lead:
            return self.lead_text.replace("{", "", 1), False
        if self.lead.case:
            return f"switch ({UNKNOWN}) ", self.lead.continues
        return (loop if self.lead.needs_loop else f"if ({UNKNOWN}) "), False
