"""A kfunc, and the functions beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kfunclint.c.syntax import Node, Parameter, Type, bare, is_pointer, is_scalar, is_struct_pointer
from kfunclint.facts.docs import Doc, Prose, Section
from kfunclint.facts.sets import Entry
from kfunclint.facts.spelling import one_edit_apart
from kfunclint.finding import Place


@dataclass(frozen=True, slots=True)
class Dtor:
    """BTF_ID(func, name) in a list of destructors: `object` is the struct above it, `at` the name."""

    object: str
    at: Place


@dataclass(frozen=True, slots=True)
class Kfunc:
    """A function that BPF may call, joined from definition, entries and kernel-doc.

    It carries __bpf_kfunc (`marker`), or an entry in view or a list of destructors (`dtor`) names it. `at` is its name
    in the definition, `end_line` the line of its closing brace; `parameters_at` are the names of its parameters there,
    None where not all are in view. `body` is None unless all of it is in view and was parsed. `doc` is the kernel-doc
    right above it, or one that names it and stands above something else. `bare`: code stands right above it, no comment
    of any kind. `added`: the series brings all of it. `weak`: it carries __weak. `condition` are the #if lines around
    it, None where they are not all in view. `told` are the title of the patch that adds it, the paragraphs of messages
    that say "name()", and those of its kernel-doc if the series has a hand in that.

    `exact`: its header is whole in view and the parser read it as it is written, so `returns`, `parameters`, `variadic`
    and `marker` are to be relied on; then `returns_at` is its return type. `in_defs`: it stands between
    __bpf_kfunc_start_defs() and __bpf_kfunc_end_defs(), or what they stand for written by hand (then `by_hand` is the
    __diag_push() there), None where that is out of view; where it does not, `declared` says that a declaration of it is
    in view. `unlisted`: the series brings it, or its name, with the marker and without an entry, beside a new kfunc
    with one, and names it nowhere but to call it. `verifier` are the names and strings that the series shows of
    kernel/bpf/verifier.c.
    `types` are those of the signature and of what the body compares with, see Unit, None unless the headers of a tree
    were asked; `released` the structs of which some kfunc of the kernel drops a reference, None unless all of them are
    known. `helpers` are
    the bodies of the static functions of its file by name, as far as they are whole in view.
    """

    name: str
    at: Place
    end_line: int
    returns: str
    parameters: tuple[Parameter, ...]
    parameters_at: tuple[Place, ...] | None
    static: bool
    marker: bool
    body: Node | None
    entries: tuple[Entry, ...]
    doc: Doc | None
    bare: bool
    added: bool
    weak: bool = False
    condition: tuple[str, ...] | None = None
    told: tuple[Prose, ...] = ()
    exact: bool = False
    variadic: bool = False
    returns_at: Place | None = None
    in_defs: bool | None = None
    by_hand: Place | None = None
    declared: bool = False
    unlisted: bool = False
    dtor: Dtor | None = None
    verifier: frozenset[str] = frozenset()
    types: Mapping[str, Type] | None = None
    released: frozenset[str] | None = None
    helpers: Mapping[str, Node] = field(default_factory=dict)

    @property
    def function(self) -> str:
        """Itself."""
        return self.name

    @property
    def also(self) -> tuple[Place, ...]:
        """Where else a parameter can be said to be wrong: at the name, and where it is registered."""
        return (self.at, *(entry.at for entry in self.entries))

    def taught(self, parameter: str) -> bool:
        """Does the series teach the verifier a suffix that the parameter's name has?"""
        return any(word.startswith('"__') and parameter.endswith(word.strip('"')) for word in self.verifier)

    @property
    def is_called(self) -> bool:
        """Do programs call it for certain, by a prototype that is known, and with no exception made in the verifier?

        It is marked as a kfunc or stands in a set of kfuncs, and the series does not teach the verifier its name.
        """
        if not self.exact or self.name in self.verifier:
            return False
        return self.marker or any(entry.set is not None and entry.set.is_kfuncs for entry in self.entries)

    def has(self, flag: str) -> bool:
        """Does an entry in view give it the flag?"""
        return any(entry.flag(flag) for entry in self.entries)

    @property
    def returns_pointer(self) -> bool:
        """Does it return a pointer, of whatever type?"""
        return is_pointer(self.returns)

    @property
    def returns_struct_pointer(self) -> bool:
        """Does it return a pointer to a struct or union?"""
        return is_struct_pointer(self.returns)

    @property
    def returns_no_pointer(self) -> bool:
        """Does it surely return a number or nothing? A typedef may be anything."""
        return is_scalar(self.returns) or bare(self.returns) == "void"

    @property
    def returns_no_struct(self) -> bool:
        """Does it surely return something else than a pointer to a struct or union?"""
        pointee = bare(self.returns).removesuffix(" *")
        return self.returns_no_pointer or is_scalar(pointee) or pointee == "void"

    @property
    def prototype(self) -> bool:
        """Are all its parameters in view?"""
        return self.body is not None or self.parameters_at is not None

    @property
    def takes_no_pointer(self) -> bool:
        """Are all its parameters in view, and numbers?"""
        return self.prototype and all(parameter.is_scalar for parameter in self.parameters)

    @property
    def supplied(self) -> tuple[Parameter, ...]:
        """Its last parameters that the verifier passes, not the program: with KF_IMPLICIT_ARGS all from the first of a
        type that can be implicit (tools/bpf/resolve_btfids/main.c: process_kfunc_with_implicit_args())."""
        first = next((index for index, one in enumerate(self.parameters) if one.may_be_implicit), None)
        return self.parameters[first:] if first is not None and self.has("KF_IMPLICIT_ARGS") else ()

    @property
    def returns_void_pointer(self) -> bool:
        """Does it return `void *`?"""
        return bare(self.returns) == "void *"

    @property
    def documented(self) -> Doc | None:
        """Its kernel-doc, if that names it and stands right above it; of any other kernel-doc reads no more."""
        doc = self.doc
        if doc is None or doc.above not in (None, self.name):
            return None
        return doc if doc.name == self.name else None

    @property
    def undescribed(self) -> tuple[tuple[str, Place], ...]:
        """The parameters without a section in its kernel-doc, each with its place in the definition."""
        doc = self.documented
        names = zip((parameter.name for parameter in self.parameters), self.parameters_at or (), strict=False)
        return tuple((name, at) for name, at in names if not doc.section(f"@{name}")) if doc else ()

    @property
    def excess(self) -> tuple[Section, ...]:
        """The sections of its kernel-doc that are named after a parameter which it has not; not "@returns"."""
        known = {f"@{parameter.name}" for parameter in self.parameters} | {"@...", "@returns"}
        sections = self.documented.sections if self.documented and self.parameters_at is not None else ()
        return tuple(section for section in sections if section.name[0] == "@" and section.name not in known)

    def meant_by(self, section: Section) -> str | None:
        """The one undescribed parameter that a section in excess is named after but for a suffix or one letter."""
        name = section.name[1:]
        near = [
            known
            for known, _ in self.undescribed
            if known.startswith(f"{name}__") or (len(name) > 2 and one_edit_apart(name, known))
        ]
        return near[0] if len(near) == 1 else None

    def place(self, node: Node) -> Place:
        """Where a node of its body stands."""
        return Place(self.at.path, node.line, node.column, node.column + max(len(node.text), 1))


@dataclass(frozen=True, slots=True)
class Helper:
    """A global function that the series brings into a file of kfuncs, maybe where -Wmissing-prototypes is off.

    It is no kfunc itself, and only called, and only in its file. `at` is its name in the definition.
    """

    name: str
    at: Place

    @property
    def function(self) -> str:
        """Itself."""
        return self.name
