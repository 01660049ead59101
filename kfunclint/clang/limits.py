"""What is too large to be parsed: kernel code is nowhere near, and a parser dies of far more."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from kfunclint.c.declarators import STATEMENT

if TYPE_CHECKING:
    from kfunclint.clang.stub_inference import Text  # half the limits are asked where nothing is parsed

MAX_BYTES = 2 << 20
MAX_LINE = 4096
MAX_CONTINUED = 1000
MAX_BRACKETS = 128
MAX_RUN = 64
MAX_NESTED = 128
MAX_ELSE_IF = 256
MAX_LABELS = 64
MAX_OPERATORS = 1000
MAX_DEPTH = 200  # nodes in one another; consumers may recurse
MAX_EXPANDED = 1_000_000  # tokens of a macro

_MACRO = re.compile(r"[ \t]*(?:#|%:)[ \t]*define[ \t]+([A-Za-z_]\w*)(?:\([^)]*\))?(.*)", re.ASCII)
_WORD = re.compile(r"\w+|\S", re.ASCII)
_RUN = frozenset({"!", "~", "*", "&", "-", "+", "++", "--", "sizeof", "__extension__", "__real__", "__imag__"})
_CONTROL = frozenset({"if", "for", "while", "do", "switch", "else"})
_OPERATORS = frozenset(
    "+ - * / % & | ^ && || == != < > <= >= << >> = += -= *= /= %= &= |= ^= <<= >>= , ? : -> . [ (".split()
)


class Objection(NamedTuple):
    """The limit that a text breaks, and the line that breaks it: 1-based, None where no single line does."""

    reason: str
    line: int | None


def objection_to_lines(lines: Sequence[tuple[int, str]]) -> Objection | None:
    """The limit that the lines of a file, each with its number, break; None if they may be looked at."""
    if sum(len(line) for _, line in lines) + len(lines) > MAX_BYTES:
        return Objection(f"more than {MAX_BYTES >> 20} MiB", None)
    continued = 0
    for number, line in lines:
        if len(line) > MAX_LINE:
            return Objection(f"a line of more than {MAX_LINE} characters", number)
        continued = continued + 1 if line.rstrip().endswith("\\") else 0
        if continued > MAX_CONTINUED:
            return Objection(f"a line continued more than {MAX_CONTINUED} times", number)
    return None


def objection_to_text(text: Text) -> Objection | None:
    """The limit that the tokens of a file break, None if they may be parsed."""
    counter = _Counter(text)
    for at in range(text.count):
        counter.step(at)
        if reason := counter.reason():
            return Objection(reason, text.tokens[at].line)
    return None


def objection_to_macros(source: str) -> Objection | None:
    """The first macro of a source that becomes too much by those that it names, None if all may be expanded."""
    macros = {
        match[1]: (number, _WORD.findall(match[2]))
        for number, line in enumerate(source.split("\n"), 1)
        if "define" in line and (match := _MACRO.match(line))
    }
    sizes: dict[str, int] = {}
    for name, (number, _) in macros.items():
        _expand(name, macros, sizes)
        if sizes[name] > MAX_EXPANDED:
            return Objection(f"a macro of more than {MAX_EXPANDED} tokens", number)
    return None


def _expand(name: str, macros: Mapping[str, tuple[int, Sequence[str]]], sizes: dict[str, int]) -> None:
    """Add to `sizes` of how many tokens a macro, and each that it names, consists in the end; one that leads to itself
    is no macro there."""
    waiting = [] if name in sizes else [name]
    entered: set[str] = set()
    while waiting:
        macro = waiting[-1]
        words = macros[macro][1]
        if macro in entered or macro in sizes:
            waiting.pop()
            sizes.setdefault(macro, min(MAX_EXPANDED + 1, sum(sizes.get(word, 1) for word in words)))
        else:
            entered.add(macro)
            waiting += [word for word in words if word in macros and word not in sizes and word not in entered]


class _Counter:
    """Counts what clang recurses over."""

    def __init__(self, text: Text) -> None:
        self.text = text
        self.brackets = 0
        self.run = 0
        self.nested = 0
        self.else_if = 0
        self.labels = 0
        self.operators = 0
        self._parentheses = 0
        self._tables: list[bool] = []
        self._chains: list[tuple[int, int]] = []

    def reason(self) -> str | None:
        """The limit that is broken now, if one is."""
        if self.brackets > MAX_BRACKETS:
            return f"brackets nested more than {MAX_BRACKETS} deep"
        if self.run > MAX_RUN:
            return f"more than {MAX_RUN} operators or casts in a row"
        if self.nested > MAX_NESTED:
            return f"statements nested more than {MAX_NESTED} deep without braces"
        if self.else_if > MAX_ELSE_IF:
            return f"more than {MAX_ELSE_IF} times else-if"
        if self.labels > MAX_LABELS:
            return f"more than {MAX_LABELS} labels in a row"
        if self.operators > MAX_OPERATORS:
            return f"more than {MAX_OPERATORS} operators in a statement"
        return None

    def step(self, at: int) -> None:
        """Count the token at `at`."""
        word = self.text.at(at)
        if self._begins_at_top(at):
            self.operators = 0
        if word in ("{", "(", "["):
            self._open(word, at)
        elif word in ("}", ")", "]"):
            self._close(word)
        elif word == ";" and not self._parentheses:
            self.operators = self.nested = self.labels = 0
        elif word in _CONTROL:
            self._control(word, at)
        self._count(word, at)

    def _count(self, word: str, at: int) -> None:
        if word == ":" and not (self._tables and self._tables[-1]):
            self.labels += 1
        elif word == "?":
            self.labels -= 1
        if word in _RUN or (word == ")" and self._is_cast(at)):
            self.run += 1
        elif self.run and word not in ("(", ")") and not self._in_cast(at):
            self.run = 0
        if word in _OPERATORS and not any(self._tables[-1:]):
            self.operators += 1

    def _begins_at_top(self, at: int) -> bool:
        """Does something begin there without a semicolon in front of it, as the lines of a set do?"""
        token = self.text.tokens[at]
        return token.column == 1 and token.kind == "name" and not self._tables and self.text.at(at - 1) == ")"

    def _open(self, word: str, at: int) -> None:
        self.brackets += 1
        self._parentheses += word == "("
        if word == "{":
            table = self.text.at(at - 1) in ("=", ",", "{") or any(self._tables[-1:])
            self._tables.append(table and self.text.at(at - 1) != ";")
            self._chains.append((self.else_if, self._parentheses))
            self.operators = self.nested = self.labels = self.else_if = self._parentheses = 0

    def _close(self, word: str) -> None:
        self.brackets = max(0, self.brackets - 1)
        if word == ")":
            self._parentheses = max(0, self._parentheses - 1)
        if word == "}":
            self.operators = self.nested = self.labels = 0
            if self._tables:
                self._tables.pop()
                self.else_if, self._parentheses = self._chains.pop()

    def _control(self, word: str, at: int) -> None:
        if word == "else":
            if self.text.at(at + 1) == "if":
                self.else_if += 1
        elif word == "if" and self.text.at(at - 1) == "else":
            self.nested = max(0, self.nested)
        else:
            self.nested += 1
            if self.text.at(at - 1) in (";", "}"):
                self.else_if = 0

    def _is_cast(self, at: int) -> bool:
        """Does a parenthesis end what looks like a cast: nothing but words and stars?"""
        begin = self.text.opening.get(at)
        return (
            begin is not None
            and at - begin <= 6
            and self.text.at(begin - 1) not in STATEMENT
            and not (begin > 0 and self.text.is_name(begin - 1))
        )

    def _in_cast(self, at: int) -> bool:
        """Is the word part of a cast?"""
        for close in range(at + 1, min(at + 6, self.text.count)):
            if self.text.at(close) == ")":
                return self._is_cast(close)
        return False
