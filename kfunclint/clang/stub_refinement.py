"""What the errors of a parse teach about names: the stubs before the next parse.

The errors are known by their English text, which libclang does not translate; nobody else ever sees it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator

from kfunclint.clang.native import Diagnostic
from kfunclint.clang.stub_inference import CASE_VALUE, KEYWORDS, TYPE_WORDS, ShimNames, Text
from kfunclint.clang.stubs import Stubs

_QUALIFIED = r"'(?:const |volatile )*(?P<tag>(?P<word>struct|union|enum) (?P<name>\w+))"
_NEAR = 400  # tokens between the place of an error and the name that it is about
_BOUNDS = frozenset({";", "{", "}"})
_PLAIN = {"->": "link", ".": "struct"}


class Refinement:
    """Turns errors into stubs for one text."""

    def __init__(self, text: Text, shim_names: ShimNames, stubs: Stubs) -> None:
        self.text = text
        self.shim_names = shim_names
        self.stubs = stubs
        self.own_names: dict[tuple[str, str], str] = {}
        self.places = [(token.line, token.column) for token in text.tokens]

    def learn(self, errors: Iterable[Diagnostic]) -> None:
        """Let the stubs grow by what the errors say; if that is nothing, members of one name may differ."""
        located = [(at, error.text) for error in errors if (at := self._token(error)) >= 0]
        for at, text in located:
            for pattern, handler in _HANDLERS:
                if match := pattern.search(text):
                    handler(self, at, match)
                    break
        if not self.stubs.changed:
            for statement in dict.fromkeys(self._statement(at) for at, _ in located):
                self._separate(statement)

    def _token(self, error: Diagnostic) -> int:
        return bisect_right(self.places, (error.place.line, error.place.column)) - 1

    def _separate(self, statement: range) -> None:
        """Give those members in a statement a name of their own that are something else than elsewhere."""
        for index in statement:
            name = self.text.at(index)
            if self.text.at(index - 1) not in ("->", ".") or name in self.text.aliases:
                continue
            kind = self.text.kind(index)
            if self.stubs.members.get(name, kind) != kind and (own_name := self._own_name(name, kind)):
                self.text.rename(index, own_name)
                self.stubs.grow(self.stubs.members, own_name, kind)

    def _statement(self, at: int) -> range:
        first, last = at, at
        while first > max(at - _NEAR, 0) and self.text.at(first - 1) not in _BOUNDS:
            first -= 1
        while last < min(at + _NEAR, self.text.count) and self.text.at(last) not in _BOUNDS:
            last += 1
        return range(first, last)

    def _own_name(self, name: str, kind: str) -> str | None:
        """The name of members of a kind that have `name` in the source, of the same length; None if there is none."""
        if (name, kind) not in self.own_names:
            count = len(self.own_names)
            own_name = f"${count:0{len(name) - 1}d}" if len(name) > 1 else "$"
            if len(own_name) != len(name) or own_name in self.text.aliases:
                return None
            self.own_names[name, kind] = own_name
        return self.own_names[name, kind]

    def _find(self, at: int, texts: Iterable[str]) -> int | None:
        """The first of some tokens from `at` on."""
        spellings = frozenset(texts)
        return next(
            (index for index in range(at, min(at + _NEAR, self.text.count)) if self.text.at(index) in spellings), None
        )

    def undeclared(self, at: int, match: re.Match[str]) -> None:
        """Use of undeclared identifier 'x'."""
        name = match["name"]
        use = self._find(at, (name,))
        if use is None:
            self._in_macro(name)
        elif self.text.is_type(use):
            self.stubs.grow(self.stubs.types, name, "number")
        elif name.isupper() or self.text.at(use - 1) == "case":
            self.stubs.add(self.stubs.constants, name)
        else:
            kind = self.text.kind(use)
            self.stubs.grow(self.stubs.objects, name, "number" if kind == "function" else kind)

    def _in_macro(self, name: str) -> None:
        """A name that only the text of a macro has."""
        if name.isupper():
            self.stubs.add(self.stubs.constants, name)
        else:
            self.stubs.grow(self.stubs.objects, name, "number")

    def unknown_type(self, at: int, match: re.Match[str]) -> None:
        """Unknown type name 'x': a type, or an attribute if more words of a declaration follow."""
        name = match["name"]
        if name in self.stubs.types or name in self.stubs.macros:
            return
        following = self.text.at(at + 1)
        words = following in KEYWORDS or following in self.shim_names.types
        if words or (self.text.is_name(at + 1) and (self.text.is_name(at + 2) or self.text.at(at + 2) == "*")):
            self.stubs.define(name, "")
        else:
            self.stubs.grow(self.stubs.types, name, "number")

    def no_member(self, at: int, match: re.Match[str]) -> None:
        """No member named 'x' in 'struct y'."""
        name = match["name"]
        use = self._find(at, (name,))
        self.stubs.grow(self.stubs.members, name, "number" if use is None else self.text.kind(use))
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
        if match["type"] in self.stubs.types:
            self.stubs.grow(self.stubs.types, match["type"], _PLAIN[self.text.at(operator)])
            return
        for value in self._values(operator - 1):
            self._be(value, _PLAIN[self.text.at(operator)])

    def _values(self, end: int) -> Iterator[int]:
        """The last tokens of all that can be the value of the expression which ends there."""
        opening = self.text.opening.get(end, 0)
        is_call = self.text.is_name(opening - 1)
        if self.text.at(end) != ")" or (is_call and self.text.at(opening - 1) not in self.shim_names.names):
            yield end
            return
        at = opening + 1
        while at < min(opening + _NEAR, self.text.count):
            text = self.text.at(at)
            if text in ("?", ":", ",", ")"):
                if self.text.at(at - 1) != "?" and (text != "?" or self.text.at(at + 1) == ":"):
                    yield from self._values(at - 1)
                if text in (",", ")"):
                    return
            at = self.text.closing.get(at, at) + 1

    def _be(self, at: int, kind: str) -> None:
        """Let a value that ends there be a struct or a pointer to one."""
        base = self.text.opening.get(at, 0) - 1
        if self.text.at(at) == "]":
            self._upgrade(base, f"{kind}s")
        elif self.text.at(at) != ")":
            self._upgrade(at, kind)
        elif self.text.is_name(base):
            self.stubs.grow(self.stubs.functions, self.text.at(base), kind)

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
        bracket = self._find(at, ("[",)) or 0
        for value in self._values(bracket - 1):
            if self.text.at(value) == ")":
                self._be(value, "link")
            else:
                self._upgrade(value, self.text.kind(bracket - 1))

    def called_object(self, at: int, match: re.Match[str]) -> None:
        """Called object type 'x' is not a function or function pointer."""
        del match
        parenthesis = self._find(at, ("(",))
        if parenthesis:
            self._upgrade(parenthesis - 1, "function")

    def indirection(self, at: int, match: re.Match[str]) -> None:
        """Indirection requires pointer operand."""
        del match
        while self.text.at(at) in ("*", "(") or (
            self.text.at(at) in self.shim_names.names and self.text.at(at + 1) == "("
        ):
            at += 1
        while self.text.at(at + 1) in ("->", "."):
            at += 2
        if self.text.at(at + 1) == "(" and self.text.is_name(at):
            self.stubs.grow(self.stubs.functions, self.text.at(at), "pointer")
        else:
            self._upgrade(at, "links" if self.text.at(at + 1) == "[" else "pointer")

    def not_constant(self, at: int, match: re.Match[str]) -> None:
        """Expression is not an integer constant expression: a macro behind `case`."""
        del match
        case = next((index for index in range(at, max(at - 4, -1), -1) if self.text.at(index) == "case"), None)
        if case is not None and self.text.is_name(case + 1) and self.text.at(case + 2) == "(":
            self.stubs.define(f"{self.text.at(case + 1)}(...)", CASE_VALUE)

    def expected_expression(self, at: int, match: re.Match[str]) -> None:
        """Expected expression, at a type among the arguments: the callee is a macro."""
        del match
        if self.text.at(at) not in TYPE_WORDS and self.text.at(at) not in self.shim_names.types:
            return
        depth = 0
        for index in range(at - 1, max(at - _NEAR, -1), -1):
            depth += {")": 1, "(": -1}.get(self.text.at(index), 0)
            if depth < 0:
                name = self.text.at(index - 1)
                if self.text.is_name(index - 1) and name not in self.shim_names.names:
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
        if name not in KEYWORDS and name.isidentifier() and name not in self.shim_names.names:
            self.stubs.define(f"{name}(...)", "")


_Handler = Callable[[Refinement, int, re.Match[str]], None]
_HANDLERS: list[tuple[re.Pattern[str], _Handler]] = [
    (re.compile(pattern), handler)
    for pattern, handler in [
        (r"^use of undeclared identifier '(?P<name>\w+)'", Refinement.undeclared),
        (r"^unknown type name '(?P<name>\w+)'", Refinement.unknown_type),
        (
            r"^no member named '(?P<name>\w+)' in '(?:const |volatile )*(?P<type>(?:struct |union )?\w+)'",
            Refinement.no_member,
        ),
        (rf"^incomplete definition of type {_QUALIFIED}'", Refinement.incomplete),
        (rf"incomplete (?:result |return |element )?type {_QUALIFIED}", Refinement.incomplete),
        (rf"{_QUALIFIED}'.* incomplete", Refinement.incomplete),
        (r"^member reference (?:base )?type '(?:const |volatile )*(?P<type>\w+)?", Refinement.not_a_structure),
        (r"^subscripted value is not", Refinement.subscripted),
        (r"^called object type", Refinement.called_object),
        (r"^indirection requires pointer operand", Refinement.indirection),
        (r"^expression is not an integer constant expression", Refinement.not_constant),
        (r"^expected expression", Refinement.expected_expression),
        (r"^field designator '(?P<name>\w+)' does not refer to any field", Refinement.no_field),
        (r"^a parameter list without types", Refinement.untyped_parameters),
    ]
]
