"""What the errors of a parse teach about names: the stubs before the next parse.

The errors are known by their English text, which libclang does not translate; nobody else ever sees it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable

from kfunclint.clang.guess import CASE_VALUE, KEYWORDS, TYPE_WORDS, Known, Text
from kfunclint.clang.native import Diagnostic
from kfunclint.clang.stubs import Stubs

_QUALIFIED = r"'(?:const |volatile )*(?P<tag>(?P<word>struct|union|enum) (?P<name>\w+))"
_NEAR = 400  # tokens between the place of an error and the name that it is about
_ARRAYS = {"->": "links", ".": "structs"}
_PLAIN = {"->": "link", ".": "struct"}


class Rounds:
    """Turns errors into stubs for one text."""

    def __init__(self, text: Text, known: Known, stubs: Stubs) -> None:
        self.text = text
        self.known = known
        self.stubs = stubs
        self.places = [(token.line, token.column) for token in text.tokens]

    def learn(self, errors: Iterable[Diagnostic]) -> None:
        """Let the stubs grow by what the errors say."""
        for error in errors:
            at = bisect_right(self.places, (error.place.line, error.place.column)) - 1
            if at < 0:
                continue
            for pattern, handler in _HANDLERS:
                if match := pattern.search(error.text):
                    handler(self, at, match)
                    break

    def _find(self, at: int, texts: Iterable[str]) -> int | None:
        """The first of some tokens from `at` on."""
        wanted = frozenset(texts)
        return next(
            (index for index in range(at, min(at + _NEAR, self.text.count)) if self.text.at(index) in wanted), None
        )

    def undeclared(self, at: int, match: re.Match[str]) -> None:
        """Use of undeclared identifier 'x'."""
        name = match["name"]
        found = self._find(at, (name,))
        if found is None:
            return
        if self.text.is_type(found):
            self.stubs.grow(self.stubs.types, name, "number")
        elif name.isupper() or self.text.at(found - 1) == "case":
            self.stubs.add(self.stubs.constants, name)
        else:
            kind = self.text.kind(found)
            self.stubs.grow(self.stubs.objects, name, "number" if kind == "function" else kind)

    def unknown_type(self, at: int, match: re.Match[str]) -> None:
        """Unknown type name 'x': a type, or an attribute if more words of a declaration follow."""
        name = match["name"]
        if name in self.stubs.types or name in self.stubs.macros:
            return
        following = self.text.at(at + 1)
        words = following in KEYWORDS or following in self.known.types
        if words or (self.text.is_name(at + 1) and (self.text.is_name(at + 2) or self.text.at(at + 2) == "*")):
            self.stubs.define(name, "")
        else:
            self.stubs.grow(self.stubs.types, name, "number")

    def no_member(self, at: int, match: re.Match[str]) -> None:
        """No member named 'x' in 'struct y'."""
        name = match["name"]
        found = self._find(at, (name,))
        self.stubs.grow(self.stubs.members, name, "number" if found is None else self.text.kind(found))
        if match["type"] in self.stubs.types:
            self.stubs.grow(self.stubs.types, match["type"], "struct")

    def incomplete(self, at: int, match: re.Match[str]) -> None:
        """Incomplete definition of type 'struct y', or a variable of it."""
        del at
        if match["word"] == "enum":
            self.stubs.add(self.stubs.enums, match["name"])
        elif match["tag"] not in self.stubs.forward:
            self.stubs.add(self.stubs.aggregates, match["tag"])

    def not_a_structure(self, at: int, match: re.Match[str]) -> None:
        """Member reference type 'x' is not a pointer, or is not a structure or union."""
        operator = next((index for index in (at, at - 1, at + 1, at + 2) if self.text.at(index) in _PLAIN), None)
        if operator is None:
            operator = self._find(at, _PLAIN)
        if operator is None:
            return
        kinds = _PLAIN
        if match["type"] in self.stubs.types:
            self.stubs.grow(self.stubs.types, match["type"], _PLAIN[self.text.at(operator)])
            return
        base = operator - 1
        if self.text.at(base) == "]":
            base, kinds = self.text.opening.get(base, 0) - 1, _ARRAYS
        if self.text.at(base) == ")":
            opening = self.text.opening.get(base, 0)
            if self.text.is_name(opening - 1) and self.text.at(opening - 1) not in self.known.names:
                self.stubs.grow(self.stubs.functions, self.text.at(opening - 1), kinds[self.text.at(operator)])
                return
            base = self._end_of_argument(opening) - 1
        self._upgrade(base, kinds[self.text.at(operator)])

    def _end_of_argument(self, opening: int) -> int:
        """What ends the first argument of a macro that hands it through, or what stands in plain parentheses."""
        at = opening + 1
        while at < min(opening + _NEAR, self.text.count) and self.text.at(at) not in (",", ")"):
            at = self.text.closing.get(at, at) + 1
        return at

    def _upgrade(self, at: int, kind: str) -> None:
        """Let the object or member named there be at least of a kind."""
        name = self.text.at(at)
        if not self.text.is_name(at):
            return
        if self.text.at(at - 1) in ("->", "."):
            self.stubs.grow(self.stubs.members, name, kind)
        elif name in self.stubs.objects:
            self.stubs.grow(self.stubs.objects, name, kind)

    def subscripted(self, at: int, match: re.Match[str]) -> None:
        """Subscripted value is not an array, pointer, or vector."""
        del match
        bracket = self._find(at, ("[",))
        if bracket:
            self._upgrade(bracket - 1, self.text.kind(bracket - 1))

    def called_object(self, at: int, match: re.Match[str]) -> None:
        """Called object type 'x' is not a function or function pointer."""
        del match
        parenthesis = self._find(at, ("(",))
        if parenthesis:
            self._upgrade(parenthesis - 1, "function")

    def indirection(self, at: int, match: re.Match[str]) -> None:
        """Indirection requires pointer operand."""
        del match
        while self.text.at(at) in ("*", "("):
            at += 1
        while self.text.at(at + 1) in ("->", "."):
            at += 2
        self._upgrade(at, "pointer")

    def not_constant(self, at: int, match: re.Match[str]) -> None:
        """Expression is not an integer constant expression: a macro behind `case`."""
        del match
        case = next((index for index in range(at, max(at - 4, -1), -1) if self.text.at(index) == "case"), None)
        if case is not None and self.text.is_name(case + 1) and self.text.at(case + 2) == "(":
            self.stubs.define(f"{self.text.at(case + 1)}(...)", CASE_VALUE)

    def expected_expression(self, at: int, match: re.Match[str]) -> None:
        """Expected expression, at a type among the arguments: the callee is a macro."""
        del match
        if self.text.at(at) not in TYPE_WORDS and self.text.at(at) not in self.known.types:
            return
        depth = 0
        for index in range(at - 1, max(at - _NEAR, -1), -1):
            depth += {")": 1, "(": -1}.get(self.text.at(index), 0)
            if depth < 0:
                name = self.text.at(index - 1)
                if self.text.is_name(index - 1) and name not in self.known.names:
                    self.stubs.define(f"{name}(...)", f"__kfunclint_is_{name}()")
                return

    def no_field(self, at: int, match: re.Match[str]) -> None:
        """Field designator 'x' does not refer to any field in type 'struct y'."""
        del at
        self.stubs.grow(self.stubs.members, match["name"], "number")

    def untyped_parameters(self, at: int, match: re.Match[str]) -> None:
        """A parameter list without types: a macro at the top level that stands for a declaration."""
        del match
        name = self.text.at(at - 1) if self.text.at(at) == "(" else self.text.at(at)
        if name not in KEYWORDS and name.isidentifier() and name not in self.known.names:
            self.stubs.define(f"{name}(...)", "")


_Handler = Callable[[Rounds, int, re.Match[str]], None]
_HANDLERS: list[tuple[re.Pattern[str], _Handler]] = [
    (re.compile(pattern), handler)
    for pattern, handler in [
        (r"^use of undeclared identifier '(?P<name>\w+)'", Rounds.undeclared),
        (r"^unknown type name '(?P<name>\w+)'", Rounds.unknown_type),
        (
            r"^no member named '(?P<name>\w+)' in '(?:const |volatile )*(?P<type>(?:struct |union )?\w+)'",
            Rounds.no_member,
        ),
        (rf"^incomplete definition of type {_QUALIFIED}'", Rounds.incomplete),
        (rf"incomplete (?:result |return |element )?type {_QUALIFIED}", Rounds.incomplete),
        (rf"{_QUALIFIED}'.* incomplete", Rounds.incomplete),
        (r"^member reference (?:base )?type '(?:const |volatile )*(?P<type>\w+)?", Rounds.not_a_structure),
        (r"^subscripted value is not", Rounds.subscripted),
        (r"^called object type", Rounds.called_object),
        (r"^indirection requires pointer operand", Rounds.indirection),
        (r"^expression is not an integer constant expression", Rounds.not_constant),
        (r"^expected expression", Rounds.expected_expression),
        (r"^field designator '(?P<name>\w+)' does not refer to any field", Rounds.no_field),
        (r"^a parameter list without types", Rounds.untyped_parameters),
    ]
]
