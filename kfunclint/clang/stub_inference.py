"""What names are, told from the text alone: the stubs before the first parse."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from kfunclint.c.brackets import Brackets
from kfunclint.c.declarators import STATEMENT
from kfunclint.c.lexer import Token
from kfunclint.clang.stubs import RANK, Stubs

TYPE_WORDS = frozenset(
    "void char short int long float double signed unsigned struct union enum bool _Bool __typeof__ typeof".split()
)
_QUALIFIERS = frozenset("const volatile static extern register inline restrict typedef __inline __inline__".split())
_OTHER = frozenset(
    "auto sizeof asm __asm__ __volatile__ __attribute__ __auto_type _Static_assert _Generic _Alignof __alignof__ "
    "__extension__ __func__ __FUNCTION__ __PRETTY_FUNCTION__ __label__ _Noreturn __real__ __imag__ _Atomic "
    "__FILE__ __LINE__ __COUNTER__ __VA_ARGS__ __thread __const __signed__ __restrict".split()
)
KEYWORDS = STATEMENT | TYPE_WORDS | _QUALIFIERS | _OTHER
_BEGIN_DECLARATION = TYPE_WORDS | {"static", "extern", "inline"}
_MAX_ATTRIBUTES = 8  # behind the parameters of one function
_BEGINS = frozenset({";", "{", "}", "", ":", "else", ")"})
_TAGS = frozenset({"struct", "union", "enum"})
_ENDS_OPERAND = frozenset({")", "]"})
TYPE_POSITIONS = 8  # arguments of an unknown macro of which the stub can leave out those that are types
CASE_VALUE = "(sizeof(char[0x5b000 + __COUNTER__]))"


class ShimNames(NamedTuple):
    """What needs no stub: the `names` of macros and types that the shim defines, and the `types` among them."""

    names: Collection[str]
    types: Collection[str]


class _Use(NamedTuple):
    """An unknown variable declared with an unknown type: the type and the number of its stars."""

    type: str
    stars: int


class Text:
    """The tokens of a text, and which of its brackets close which. `aliases` leads from names that tokens were given to
    what stands in the source."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = list(tokens)
        self.count = len(tokens)
        self.aliases: dict[str, str] = {}
        self.brackets = Brackets(tokens)
        self.closing, self.opening = self.brackets.closing, self.brackets.opening
        self._aggregates = {close for begin, close in self.closing.items() if self._is_aggregate(begin)}

    def _is_aggregate(self, brace: int) -> bool:
        return self.at(brace) == "{" and (self.at(brace - 1) in _TAGS or self.at(brace - 2) in _TAGS)

    def at(self, index: int) -> str:
        """The text of a token, "" outside."""
        return self.tokens[index].text if 0 <= index < self.count else ""

    def is_name(self, index: int) -> bool:
        """Is there a name, and no keyword?"""
        return 0 <= index < self.count and self.tokens[index].kind == "name" and self.at(index) not in KEYWORDS

    def rename(self, index: int, name: str) -> None:
        """Give a token another name, which must be as long."""
        self.aliases[name] = self.at(index)
        self.tokens[index] = self.tokens[index]._replace(text=name)

    def renamed(self, source: str) -> str:
        """The source of the text with the new names in it."""
        parts: list[str] = []
        end = 0
        for token in self.tokens if self.aliases else ():
            if token.text in self.aliases:
                parts += [source[end : token.offset], token.text]
                end = token.offset + len(token.text)
        return "".join([*parts, source[end:]])

    def kind(self, index: int) -> str:
        """What the object named there must be, from what follows it."""
        following = self.at(index + 1)
        if following == "->":
            return "link"
        if following == ".":
            return "struct"
        if following == "(":
            return "function"
        if following == "[":
            return self._array(self.closing.get(index + 1, self.count) + 1)
        if self.at(index - 1) == "*" and self._begins_operand(index - 1):
            return "pointer"
        return "number"

    def _array(self, behind: int) -> str:
        """What an array of the given rest is: what stands behind its first index."""
        if self.at(behind) != "[":
            return {"->": "links", ".": "structs"}.get(self.at(behind), "array")
        behind = self.closing.get(behind, self.count) + 1
        return {"->": "arrays of links", ".": "arrays of structs"}.get(self.at(behind), "arrays")

    def _begins_operand(self, index: int) -> bool:
        before = index - 1
        if before < 0 or self.at(before) in _ENDS_OPERAND:
            return False
        return self.tokens[before].kind == "punct" or self.at(before) in STATEMENT

    def is_type(self, index: int) -> bool:
        """Does the unknown name there stand where C wants a type?"""
        before, after = self.at(index - 1), self.at(index + 1)
        if index - 1 in self._aggregates:
            return False
        if after not in STATEMENT and index + 1 < self.count and self.tokens[index + 1].kind == "name":
            return before in _BEGINS or before in _QUALIFIERS or before in ("(", ",")
        if after == "*":
            return self._is_pointer_type(index, before)
        return after == ")" and before == "(" and self._is_cast(index)

    def _is_pointer_type(self, index: int, before: str) -> bool:
        end = index + 1
        while self.at(end) in ("*", "const", "restrict"):
            end += 1
        if before == "(" and self.at(end) == ")":
            return True
        if before in ("const", "static", "volatile", "extern", "inline"):
            return True
        declares = self.is_name(end) and self.at(end + 1) in (";", "=", ",", "[", "(", ")")
        return declares and before in (";", "{", "}", "")

    def _is_cast(self, index: int) -> bool:
        callee, operand = self.at(index - 2), index + 2
        if callee in ("sizeof", "typeof", "__typeof__"):
            return self.at(index).endswith("_t")
        if index >= 2 and (self.tokens[index - 2].kind == "name" or callee in _ENDS_OPERAND) and callee != "return":
            return False
        if operand >= self.count:
            return False
        kind = self.tokens[operand].kind
        return kind in ("number", "string") or (kind == "name" and self.at(operand) not in KEYWORDS - {"sizeof"})


class _Guesser:
    """Goes through a text once."""

    def __init__(self, text: Text, shim_names: ShimNames, stubs: Stubs) -> None:
        self.text = text
        self.shim_names = shim_names
        self.stubs = stubs
        self.uses: dict[str, str] = {}
        self.local_uses: dict[str, str] = {}
        self.called: dict[str, str] = {}
        self.typed: dict[str, _Use] = {}
        self.typed_in_file: dict[str, _Use] = {}
        self.declared: set[str] = set()
        self.hiding_variables: set[str] = set()
        self.defined: set[str] = set()
        self.constants: set[str] = set()
        self.indices: set[str] = set()
        self.label = False
        self.braces: list[str] = []
        self.parentheses: list[int] = []
        self.commas: list[int] = []
        self.type_arguments: dict[str, set[int]] = {}
        self.handlers = {
            "{": self._open,
            "}": self._close,
            "(": self._begin,
            ")": self._end,
            ",": self._comma,
            ":": self._colon,
        }

    def run(self) -> None:
        """Fill the stubs."""
        for at, token in enumerate(self.text.tokens):
            if token.kind == "punct":
                if handler := self.handlers.get(token.text):
                    handler(at)
            elif token.kind == "name":
                if token.text in TYPE_WORDS or token.text in self.shim_names.types:
                    self._type_word(at)
                elif token.text not in KEYWORDS:
                    self._name(at, token.text)
                elif token.text == "case":
                    self.label = True
        self._conclude()

    # ---- brackets

    def _open(self, at: int) -> None:
        words = [self.text.at(index) for index in range(max(0, at - 3), at)]
        kind = "code"
        if words and words[-1] != ")":
            kind = "enum" if "enum" in words else "struct" if _TAGS & set(words) else "code"
        if words and words[-1] in ("=", ",", "{") and kind != "struct":
            kind = "table"
        self.braces.append(kind)
        self.parentheses, self.commas = [], []

    def _close(self, at: int) -> None:
        if self.text.tokens[at].column == 1:
            self.braces.clear()
            self._end_function()
        elif self.braces:
            self.braces.pop()
        self.parentheses, self.commas = [], []

    def _begin(self, at: int) -> None:
        self.parentheses.append(at)
        self.commas.append(0)

    def _end(self, at: int) -> None:
        del at
        if self.parentheses:
            self.parentheses.pop()
            self.commas.pop()

    def _comma(self, at: int) -> None:
        del at
        if self.commas:
            self.commas[-1] += 1

    def _colon(self, at: int) -> None:
        del at
        self.label = False

    # ---- names

    def _type_word(self, at: int) -> None:
        """A type as an argument: the callee must be a macro."""
        if not self.braces or not self.parentheses or self.text.at(at - 1) not in ("(", ","):
            return
        callee = self.parentheses[-1] - 1
        if self.text.is_name(callee) and self.text.at(callee) not in self.shim_names.names:
            self.type_arguments.setdefault(self.text.at(callee), set()).add(self.commas[-1])

    def _name(self, at: int, name: str) -> None:
        before, after = self.text.at(at - 1), self.text.at(at + 1)
        if before in _TAGS:
            self._tag(before, name, after)
        elif before in (".", "->"):
            if name not in self.shim_names.names:
                self.stubs.grow(self.stubs.members, name, self.text.kind(at))
        elif name in self.shim_names.names or before == "goto":
            return
        elif self._is_attribute(at, name):
            self.stubs.define(f"{name}(...)" if after == "(" else name, "")
        elif after == "(":
            self._callee(at, name)
        elif not self._is_label(at):
            self._object(at, name, before)

    def _tag(self, word: str, name: str, after: str) -> None:
        if after == "{":
            self.defined.add(f"{word} {name}")
        elif word == "enum":
            self.stubs.add(self.stubs.enums, name)
        else:
            self.stubs.add(self.stubs.aggregates, f"{word} {name}")

    def _is_label(self, at: int) -> bool:
        return self.text.at(at + 1) == ":" and self.text.at(at - 1) in (";", "{", "}", ")", ":")

    def _is_attribute(self, at: int, name: str) -> bool:
        """Is it an unknown word among those of a declaration, or behind a function's parameters?"""
        before = self.text.at(at - 1)
        after = self.text.at(at + 1)
        if after == "(":
            return not self.braces and not self.parentheses and self._is_attribute_call(at, before)
        if not self.braces and not self.parentheses and (after in self.shim_names.types or after in _BEGIN_DECLARATION):
            return True
        if not name.startswith("__"):
            return False
        follows = at > 0 and self.text.tokens[at - 1].kind == "name" and before not in STATEMENT
        name_follows = at + 1 < self.text.count and self.text.tokens[at + 1].kind == "name"
        if name_follows and (before == "*" or (follows and before not in _QUALIFIERS)):
            return True
        if name_follows and after not in STATEMENT:
            behind = self.text.at(at + 2)
            typed = after in TYPE_WORDS or after in _QUALIFIERS or after in self.shim_names.types
            return typed or (behind == "*" or self.text.is_name(at + 2))
        if after == "*":
            return follows and before not in _QUALIFIERS
        ends = after in (";", "=", ",", ")", "[")
        second = self.text.is_name(at - 2) or self.text.at(at - 2) == "*"
        return ends and self.text.is_name(at - 1) and second

    def _is_attribute_call(self, at: int, before: str) -> bool:
        close = self.text.closing.get(at + 1)
        if close is None or close + 1 >= self.text.count:
            return False
        following = self.text.tokens[close + 1]
        if before == ")":
            return self.text.tokens[at].text.startswith("__") and self._end_header(close + 1)
        return following.kind == "name" and not self._end_header(close + 1)

    def _end_header(self, at: int) -> bool:
        """Are the words there, up to a brace or semicolon, attributes behind the parameters of a function?"""
        for _ in range(_MAX_ATTRIBUTES):
            if not self.text.at(at).startswith("__"):
                break
            at = self.text.closing.get(at + 1, at) + 1 if self.text.at(at + 1) == "(" else at + 1
        return self.text.at(at) in ("{", ";")

    def _callee(self, at: int, name: str) -> None:
        close = self.text.closing.get(at + 1)
        behind = self.text.at(close + 1) if close is not None else ""
        if not self.braces:
            if not self.parentheses:
                self._at_top(at, name, close, behind)
            return
        before = self.text.at(at - 1)
        if before == "case":
            self.stubs.define(f"{name}(...)", CASE_VALUE)
        elif before == "=" and self.text.at(at - 2) == name:  # a variable that hides a macro of its name
            self.hiding_variables.add(name)
        elif before in _BEGINS and (behind == "{" or (_has_body(name) and behind not in (";", ",", ")", ""))):
            self.stubs.define(f"{name}(...)", f"__kfunclint_loop({name}, ##__VA_ARGS__)")
        else:
            if name in self.typed:
                self.local_uses[name] = "function"
            kind = {"->": "link", ".": "struct"}.get(behind, "number")
            if RANK[kind] >= RANK[self.called.get(name, "number")]:
                self.called[name] = kind

    def _at_top(self, at: int, name: str, close: int | None, behind: str) -> None:
        """A function, or a macro that stands for a declaration."""
        before = self.text.at(at - 1)
        begins_declaration = before in (";", "}", "", ")") or (
            at > 0 and self.text.tokens[at].column == 1 and before == "static"
        )
        if not begins_declaration or close is None:
            self.declared.add(name)
        elif behind == "{":
            function_name = f"__kfunclint_join(__kfunclint_made_{name}_, __COUNTER__)"
            self.stubs.define(f"{name}(...)", f"int {function_name}()")
        elif behind in (";", ""):
            self.stubs.define(f"{name}(...)", "")

    def _object(self, at: int, name: str, before: str) -> None:
        if self.text.is_type(at):
            self._type(at, name)
        elif before == "case" or (self.label and self.text.kind(at) == "number"):
            self.constants.add(name)
        elif (self.braces and self.braces[-1] == "enum" and before in ("{", ",")) or (
            not self.braces and not self.parentheses
        ):
            self.declared.add(name)
        elif self._joins_strings(at):
            self.stubs.define(name, '""')
        else:
            if before == "[" and self.text.at(at + 1) in ("]", "..."):
                self.indices.add(name)
            kind = self.text.kind(at)
            for uses in (self.uses, self.local_uses):
                if RANK[kind] >= RANK[uses.get(name, "number")]:
                    uses[name] = kind

    def _joins_strings(self, at: int) -> bool:
        return any(
            0 <= index < self.text.count and self.text.tokens[index].kind == "string" for index in (at - 1, at + 1)
        )

    def _type(self, at: int, name: str) -> None:
        self.stubs.grow(self.stubs.types, name, "number")
        end = at + 1
        while self.text.at(end) in ("*", "const"):
            end += 1
        if self.text.is_name(end):
            typed = self.typed if self.braces or self.parentheses else self.typed_in_file
            typed[self.text.at(end)] = _Use(name, end - at - 1)

    # ---- conclusions

    def _conclude(self) -> None:
        stubs = self.stubs
        self._drop_defined()
        self._end_function()
        self._types_from_uses(self.typed_in_file, self.uses)
        for name, positions in self.type_arguments.items():
            if name not in self.declared and f"{name}(...)" not in stubs.macros:
                stubs.define(*_without_types(name, positions))
        for name in self.hiding_variables:
            self._define_hidden(name)
        defined_names = self.declared | stubs.types.keys() | {macro.partition("(")[0] for macro in stubs.macros}
        self._constants(defined_names)
        for name, kind in self.uses.items():
            if name not in defined_names and name not in self.constants:
                self._declare(name, kind)
        for name, kind in self.called.items():
            if name not in defined_names and kind != "number":
                stubs.grow(stubs.functions, name, kind)

    def _drop_defined(self) -> None:
        """What the text defines itself needs to be announced at most."""
        for tag in self.defined:
            self.stubs.aggregates.pop(tag, None)
            self.stubs.enums.pop(tag.removeprefix("enum "), None)
            if not tag.startswith("enum "):
                self.stubs.add(self.stubs.forward, tag)

    def _define_hidden(self, name: str) -> None:
        """Make the macro of a name that is a variable, too."""
        self.stubs.define(f"{name}(...)", f"__kfunclint_is_{name}(__VA_ARGS__)")
        self.stubs.grow(self.stubs.functions, f"__kfunclint_is_{name}", self.called.get(name, "number"))

    def _constants(self, defined_names: Collection[str]) -> None:
        for name in sorted(self.constants.difference(defined_names)):
            self.stubs.add(self.stubs.constants, name)
            if name not in self.indices:
                self.stubs.add(self.stubs.labels, name)

    def _declare(self, name: str, kind: str) -> None:
        if name in self.called:
            self.stubs.grow(self.stubs.functions, name, self.called[name])
        elif kind == "number" and name.isupper():
            self.stubs.add(self.stubs.constants, name)
        else:
            self.stubs.grow(self.stubs.objects, name, kind)

    def _end_function(self) -> None:
        """The variables of the next one have nothing to do with those of this one."""
        self._types_from_uses(self.typed, self.local_uses)
        self.typed.clear()
        self.local_uses.clear()

    def _types_from_uses(self, typed: dict[str, _Use], uses: dict[str, str]) -> None:
        for variable, (type_, stars) in typed.items():
            kind = uses.get(variable)
            if stars == 0 and kind in ("struct", "link", "pointer", "function"):
                self.stubs.grow(self.stubs.types, type_, kind)
            elif stars == 1 and kind in ("link", "structs"):
                self.stubs.grow(self.stubs.types, type_, "struct")


def _has_body(macro: str) -> bool:
    """Does the name of a macro tell that a statement belongs to it?"""
    return "for_each" in macro or macro.startswith("scoped_")


def _without_types(name: str, positions: set[int]) -> tuple[str, str]:
    """A macro that calls a function of its name without the arguments that are types."""
    last = min(max(positions), TYPE_POSITIONS - 1)
    parameters = [f"a{position}_" for position in range(last + 1)]
    values = [parameter for position, parameter in enumerate(parameters) if position not in positions]
    macro = f"{name}({', '.join([*parameters, '...'])})"
    if values:
        return macro, f"__kfunclint_is_{name}({', '.join(values)}, ##__VA_ARGS__)"
    return macro, f"__kfunclint_is_{name}(__VA_ARGS__)"


def infer(text: Text, shim_names: ShimNames, stubs: Stubs) -> None:
    """Fill `stubs` with what the text needs."""
    _Guesser(text, shim_names, stubs).run()
