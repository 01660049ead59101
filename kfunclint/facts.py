"""What a series says about its kfuncs, as frozen values: all that a rule sees."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar, cast

from kfunclint.c.syntax import Node, Parameter, Type, bare, is_pointer, is_scalar, is_struct_pointer, struct_of
from kfunclint.finding import Edit, Place
from kfunclint.spelling import one_edit_apart

_NAME = re.compile(r"(?<![\w/.<>@=*&\\$%#+~^|:'-])[a-z]\w*_\w*(?![\w/*\[\]\\@<>|{}'-]|\.\w|->|::)", re.ASCII)
_NAMED = re.compile(r"\w+(?:\(\))?\s*(?:-|:|$)")
_SHORTEST_NAME = 6


@dataclass(frozen=True, slots=True)
class Registration:
    """A call that hands a set to the kernel.

    `call` is register_btf_kfunc_id_set or one of its kin, `program_type` its first argument as written ("" where the
    call takes none), `set` the name of the set of BTF ids, None where the struct between the two is out of view.
    `owner` and `filter` are what that struct says of them, "" where it leaves them out, None where it is out of view.
    `ignored`: the call is a statement of its own, so its result is lost. `module`: the file says MODULE_LICENSE().
    """

    call: str
    program_type: str
    set: str | None
    at: Place
    owner: str | None = None
    filter: str | None = None
    ignored: bool = False
    module: bool = False

    @property
    def function(self) -> None:
        """No kfunc is meant by it alone."""


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag as written in an entry."""

    name: str
    at: Place


@dataclass(frozen=True, slots=True)
class Listing:
    """What one line of a set says: the kfunc and its flags, None where they are not a plain OR of KF_ names.

    `at` is the name of the kfunc there.
    """

    name: str
    at: Place
    flags: tuple[Flag, ...] | None

    def flag(self, name: str) -> Flag | None:
        """The flag of that name, if it is written there."""
        return next((flag for flag in self.flags or () if flag.name == name), None)

    def has(self, *names: str) -> bool:
        """Are all of the flags written there?"""
        return all(self.flag(name) for name in names)


@dataclass(frozen=True, slots=True)
class KfuncSet:
    """A set of BTF ids: `kind` is KFUNCS or SET8, as in its macros; `at` is its name in the START macro, or in the END
    macro where the START is out of view.

    `listings` are its lines in view, `whole` says that these are all; `strays` the BTF_ID() lines among them, which
    have no flags. `registrations` are those in view; `hooks` are the program types of all there are, None where one
    may be out of view.
    """

    name: str
    kind: str
    at: Place
    registrations: tuple[Registration, ...] = ()
    listings: tuple[Listing, ...] = ()
    whole: bool = False
    strays: tuple[Place, ...] = ()
    hooks: tuple[str, ...] | None = None

    @property
    def function(self) -> None:
        """No kfunc is meant by it alone."""

    @property
    def is_fmodret(self) -> bool:
        """It lists hooks that programs may attach to, not kfuncs that they may call."""
        return any(registration.call == "register_btf_fmodret_id_set" for registration in self.registrations)

    @property
    def is_kfuncs(self) -> bool:
        """Does it surely list kfuncs? A SET8 whose registration is out of view may list hooks."""
        registered = any(registration.call == "register_btf_kfunc_id_set" for registration in self.registrations)
        return not self.is_fmodret and (self.kind == "KFUNCS" or registered)

    def listing(self, name: str) -> Listing | None:
        """Its line about a kfunc, if it is in view."""
        return next((listing for listing in self.listings if listing.name == name), None)


@dataclass(frozen=True, slots=True)
class Entry(Listing):
    """BTF_ID_FLAGS(func, name, flags), with the set that it is in.

    `set` is None where neither end of the set is in view; `macro` names the X-macro that made the entry, if one did.
    `condition` are the #if lines around it, None where they are not all in view; `twins` the sets in view that list the
    same kfunc, each with what it says of it.
    """

    set: KfuncSet | None
    macro: str | None = None
    condition: tuple[str, ...] | None = None
    twins: tuple[tuple[KfuncSet, Listing], ...] = ()

    @property
    def function(self) -> str:
        """The kfunc that it registers."""
        return self.name

    @property
    def may_be_hook(self) -> bool:
        """May it list a hook that programs attach to? A SET8 whose registration is out of view may hold such."""
        return self.set is not None and not self.set.is_kfuncs

    def adding(self, name: str) -> tuple[Edit, ...]:
        """The edit that adds a flag behind the others; none for an entry that a macro makes."""
        if self.flags is None or self.macro:
            return ()
        last = self.flags[-1].at if self.flags else self.at
        text = f" | {name}" if self.flags else f", {name}"
        return (Edit(Place(last.path, last.line, last.end_column, last.end_column), text),)

    def dropping(self, flag: Flag) -> tuple[Edit, ...]:
        """The edit that takes out one of several flags; none where they stand on lines of their own."""
        flags = [known.at for known in self.flags or ()]
        index = flags.index(flag.at)
        if len(flags) == 1:
            return ()
        first, last = (index, index + 1) if index == 0 else (index - 1, index)
        if flags[first].line != flags[last].line:
            return ()
        start, end = (
            (flags[first].column, flags[last].column) if index == 0 else (flags[first].end_column, flag.at.end_column)
        )
        return (Edit(Place(flag.at.path, flag.at.line, start, end), ""),)


@dataclass(frozen=True, slots=True)
class Section:
    """A section of a kernel-doc comment: "@task" as written, "return" or "context" in lower case, "@returns" for what
    only the newer kernel-doc takes for a Return: section."""

    name: str
    at: Place


@dataclass(frozen=True, slots=True)
class Doc:
    """A kernel-doc comment that is whole in view.

    `name` is what its first line documents ("" where that line is no name), `at` the place of that name or of the
    first line, `purpose` what that line says of it; `lines` are its lines of text without the leading " * ", each with
    its place. `above` is the name of what follows, as kernel-doc reads it: None where it cannot. `struct` is the struct
    that it documents and that follows, "" for none, `members` are its members; none where one of them is not plain.
    """

    name: str
    at: Place
    purpose: str
    lines: tuple[tuple[Place, str], ...]
    sections: tuple[Section, ...]
    above: str | None
    struct: str = ""
    members: tuple[tuple[str, Place], ...] = ()

    @property
    def function(self) -> str | None:
        """What it documents."""
        return self.name or None

    def section(self, *names: str) -> Section | None:
        """The first section that has one of the names."""
        return next((section for section in self.sections if section.name in names), None)

    @property
    def result(self) -> tuple[tuple[Place, str], ...]:
        """The lines about what is returned: those of the Return: section up to an empty line or the next section."""
        start = self.section("return")
        if start is None:
            return ()
        others = {section.at.line for section in self.sections if section is not start}
        below = [(at, text) for at, text in self.lines if at.line >= start.at.line]
        end = next((n for n, (at, text) in enumerate(below) if not text or at.line in others), len(below))
        return tuple(below[:end])


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
class Comment:
    """A C comment in view, as written; `kernel_doc`: it opens with /**; `whole`: both its ends are in view."""

    at: Place
    text: str
    kernel_doc: bool
    whole: bool

    @property
    def function(self) -> None:
        """No kfunc is meant by it alone."""


@dataclass(frozen=True, slots=True)
class Prose:
    """A paragraph that people read.

    `kind`: of a commit message ("message"), a cover letter ("cover"), the title of either ("title"), a comment or
    kernel-doc ("comment", "doc").
    `lines` are its lines, each with the place of its first character; quoted mail, code, shell output, diffs, trailers
    and tables are left out before. `function` is the kfunc whose comment it is, if any; `names` are the words, in lower
    case, that the code of the series uses as names or in them, before or after. `meant` has the name that was meant
    for each that no file of the tree holds and that is nearly one of those, None without a tree.
    """

    kind: str
    lines: tuple[tuple[Place, str], ...]
    function: str | None = None
    names: frozenset[str] = frozenset()
    meant: Mapping[str, str] | None = None

    @property
    def strangers(self) -> Iterator[re.Match[str]]:
        """The names in its text, in lower case as they are, that no line of the series has.

        The name that a kernel-doc begins with is none: it is held against the function below.
        """
        text = self.text
        named = _NAMED.match(text) if self.kind == "doc" else None
        for match in _NAME.finditer(text, named.end() if named else 0):
            if len(match[0]) >= _SHORTEST_NAME and match[0].islower() and match[0] not in self.names:
                yield match

    @property
    def text(self) -> str:
        """The paragraph on one line: the lines joined by single spaces."""
        return " ".join(text for _, text in self.lines)

    def place(self, start: int, end: int) -> Place:
        """Where `text[start:end]` stands; a match over a line break is given up to the end of its first line.

        Raises IndexError for a start behind the text.
        """
        for at, text in self.lines:
            if start < len(text):
                column = at.column + start
                return Place(at.path, at.line, column, min(column + end - start, at.column + len(text)), at.patch)
            start, end = start - len(text) - 1, end - len(text) - 1
        raise IndexError(start)


@dataclass(frozen=True, slots=True)
class Filter:
    """A function that decides which programs may call the kfuncs of a hook: the `.filter` of a btf_kfunc_id_set.

    `at` is its name in the definition, `id` its second parameter, the kfunc that is asked for.
    """

    name: str
    at: Place
    id: str
    body: Node

    @property
    def function(self) -> str:
        """Itself."""
        return self.name


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


Fact = Kfunc | Entry | KfuncSet | Registration | Filter | Helper | Doc | Comment | Prose
T = TypeVar("T", bound=Fact)


@dataclass(frozen=True, slots=True)
class Facts:
    """All facts of one series, each kind in the order of files and lines."""

    kfuncs: tuple[Kfunc, ...]
    entries: tuple[Entry, ...]
    sets: tuple[KfuncSet, ...]
    registrations: tuple[Registration, ...]
    filters: tuple[Filter, ...]
    helpers: tuple[Helper, ...]
    docs: tuple[Doc, ...]
    comments: tuple[Comment, ...]
    prose: tuple[Prose, ...]

    @property
    def released(self) -> frozenset[str]:
        """The structs that kfuncs with KF_RELEASE take first."""
        firsts = (kfunc.parameters[0].type for kfunc in self.kfuncs if kfunc.parameters and kfunc.has("KF_RELEASE"))
        return frozenset(name for type_ in firsts if (name := struct_of(type_)) is not None)

    @property
    def acquired(self) -> frozenset[str]:
        """The structs that kfuncs with KF_ACQUIRE return."""
        results = (kfunc.returns for kfunc in self.kfuncs if kfunc.has("KF_ACQUIRE"))
        return frozenset(name for type_ in results if (name := struct_of(type_)) is not None)

    def of(self, kind: type[T]) -> tuple[T, ...]:
        """The facts of one type."""
        every: dict[object, tuple[Fact, ...]] = {
            Kfunc: self.kfuncs,
            Entry: self.entries,
            KfuncSet: self.sets,
            Registration: self.registrations,
            Filter: self.filters,
            Helper: self.helpers,
            Doc: self.docs,
            Comment: self.comments,
            Prose: self.prose,
        }
        return cast("tuple[T, ...]", every[kind])
