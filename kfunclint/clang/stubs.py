"""Declarations for names that a hunk uses and does not declare, as text to include before it.

Every unknown struct gets every member that the text mentions, so that one parse is enough for most hunks. What a name
is only ever grows (`RANK`), so that asking again and again comes to an end.
"""

from __future__ import annotations

_FORMS = {
    "number": ("long", "{}"),
    "pointer": ("long", "*{}"),
    "array": ("long", "{}[8]"),
    "arrays": ("long", "{}[8][8]"),
    "function": ("long", "(*{})()"),
    "struct": ("inner", "{}"),
    "link": ("any", "*{}"),
    "structs": ("inner", "{}[8]"),
    "arrays of structs": ("inner", "{}[8][8]"),
    "links": ("any", "*{}[8]"),
    "arrays of links": ("any", "*{}[8][8]"),
}
"""What a name can be, by how much it allows, and how C declares it: `any` is the struct that has all members, `inner`
that of one level below."""
RANK = {kind: rank for rank, kind in enumerate(_FORMS)}
"""How much each kind allows."""

_LEVELS = 3  # how deep a member that is a struct can hold another one
_MAX_NAMES = 20_000
_ANY = "__kfunclint_any"


class Stubs:
    """The declarations known to be needed. `changed` tells whether any was added since the last text()."""

    def __init__(self) -> None:
        self.changed = False
        self.members: dict[str, str] = {}
        self.objects: dict[str, str] = {}
        self.types: dict[str, str] = {}
        self.functions: dict[str, str] = {}
        self.constants: dict[str, None] = {}
        self.labels: dict[str, None] = {}
        self.aggregates: dict[str, None] = {}
        self.enums: dict[str, None] = {}
        self.macros: dict[str, str] = {}
        self.forward: dict[str, None] = {}

    def grow(self, names: dict[str, str], name: str, kind: str) -> None:
        """Let a name of one of the tables be at least of a kind."""
        if (name not in names and len(names) < _MAX_NAMES) or RANK[kind] > RANK[names.get(name, "arrays of links")]:
            names[name] = kind
            self.changed = True

    def add(self, names: dict[str, None], name: str) -> None:
        """Put a name into one of the sets."""
        if name not in names and len(names) < _MAX_NAMES:
            names[name] = None
            self.changed = True

    def define(self, macro: str, text: str) -> None:
        """Define a macro: its name, with parameters if it takes any, and what it stands for."""
        if macro not in self.macros and len(self.macros) < _MAX_NAMES:
            self.macros[macro] = text
            self.changed = True

    def text(self) -> str:
        """All declarations, in an order in which C accepts them."""
        self.changed = False
        lines = [f"{tag};" for tag in self.forward]
        lines += [f"enum {tag} {{ __kfunclint_enum_{tag} }};" for tag in self.enums]
        lines += [f"enum {{ {name} = {self._value(at, name)} }};" for at, name in enumerate(self.constants)]
        lines += [self._any(level) for level in reversed(range(_LEVELS))]
        lines += [f"{tag} {{ struct {_ANY}; }};" for tag in self.aggregates]
        lines += [f"typedef {_declaration(name, kind, 0)};" for name, kind in self.types.items()]
        lines += [f"extern {_declaration(name, kind, 0)};" for name, kind in self.objects.items()]
        lines += [f"{_declaration(f'{name}()', kind, 0)};" for name, kind in self.functions.items()]
        lines += [f"#define {name} {text}" for name, text in self.macros.items()]
        return "\n".join(lines) + "\n"

    def _value(self, at: int, name: str) -> int:
        """A value of its own for a constant; of `labels`, also what is made of several with | or +.

        Two case labels of the same value would cost the whole switch, a large index into an array a lot of memory.
        """
        if name not in self.labels:
            return 0x4B000 + at
        return (at + 1) * 0x9E3779B1 & (at + 1) * 0x85EBCA6B & 0x3FFFFFFF

    def _any(self, level: int) -> str:
        """The struct that has all members; those at a deeper level are for members that are structs."""
        fields = " ".join(f"{_declaration(name, kind, level + 1)};" for name, kind in self.members.items())
        return f"struct {_any_name(level)} {{ {fields} }};"


def _any_name(level: int) -> str:
    return _ANY + (str(level) if level else "")


def _declaration(name: str, kind: str, level: int) -> str:
    """The C declaration of a name; `level` is that of the struct which it is, if it is one."""
    inner = f"struct {_any_name(level)}" if level < _LEVELS else "long"
    type_, form = _FORMS[kind]
    spelled = {"inner": inner, "any": f"struct {_ANY}"}.get(type_, type_)
    return f"{spelled} {form.format(name)}"
