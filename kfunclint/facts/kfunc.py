"""A kfunc, and the functions beside it."""

from __future__ import annotations

from collections.abc import Mapping

from kfunclint.c.syntax import Function, Node, Parameter, Type, bare, is_pointer, is_scalar, is_struct_pointer
from kfunclint.facts.docs import Doc, Prose
from kfunclint.facts.fact import Extent, OneLineOfFunction, line_of
from kfunclint.facts.flag_names import FlagName
from kfunclint.facts.sets import Entry
from kfunclint.finding import Place
from kfunclint.flow.account import Account
from kfunclint.flow.accounts import Accounts
from kfunclint.flow.behaviour import Behaviour
from kfunclint.resources import table
from kfunclint.value import Value, field

MOST_ENTRIES = 16  # of one kfunc: a list of one name beside as many definitions of it would take quadratic time


class Dtor(Value):
    """BTF_ID(func, name) in a list of destructors (kernel/bpf/btf.c: btf_find_dtor_kfunc())."""

    object: str
    """The struct that the BTF_ID() above it names."""
    at: Place
    """The name of the destructor in the list."""


class Signature(Value):
    """What a function takes and returns, in the spelling of C."""

    return_type: str | None
    """As C spells it: "struct task_struct *", "int"; None where no line in view shows it."""
    parameters: tuple[Parameter, ...]
    """In order; each has its place where that is known. None of them where the name of the function is not in view."""
    has_all_names: bool = False
    """The names of all parameters are in view, so each has its place."""
    is_exact: bool = False
    """The header is whole in view and the parser read it as it is written, so all fields are to be relied on."""
    is_variadic: bool = False
    """It ends in "..."; False where it is not exact."""
    return_place: Place | None = None
    """Where the return type stands; None where it is not exact."""

    @property
    def returns_pointer(self) -> bool:
        """Does it return a pointer, of whatever type?"""
        return is_pointer(self.return_type)

    @property
    def returns_struct_pointer(self) -> bool:
        """Does it return a pointer to a struct or union?"""
        return is_struct_pointer(self.return_type)

    @property
    def returns_void_pointer(self) -> bool:
        """Does it return `void *`?"""
        return bare(self.return_type) == "void *"

    @property
    def returns_no_pointer(self) -> bool:
        """Does it surely return a number or nothing? A typedef may be anything."""
        return is_scalar(self.return_type) or bare(self.return_type) == "void"

    @property
    def returns_no_struct(self) -> bool:
        """Does it surely return something else than a pointer to a struct or union?"""
        pointee = bare(self.return_type).removesuffix(" *")
        return self.returns_no_pointer or is_scalar(pointee) or pointee == "void"

    @property
    def kernel_objects(self) -> tuple[Parameter, ...]:
        """The parameters that are surely objects of the kernel: no context, no memory of the program, and nothing that
        the verifier knows by its type or its suffix."""
        following = (*(parameter.name for parameter in self.parameters[1:]), "")
        pairs = zip(self.parameters, following, strict=False)
        return tuple(parameter for parameter, behind in pairs if _is_kernel_object(parameter, behind))


def _is_kernel_object(parameter: Parameter, behind: str) -> bool:
    name = bare(parameter.type).removesuffix(" *")
    plain = "__" not in parameter.name.strip("_") and not behind.endswith(("__sz", "__szk"))
    special = name.startswith("struct bpf_") or name in table("special")["context"]["types"]
    return parameter.is_struct_pointer and plain and not special


class Definition(Value):
    """What stands from the first line of a function's header to its closing brace, and right above."""

    last_line: int
    """1-based, in the post-image: that of the closing brace."""
    shows_name: bool
    """Its name is in view, not only in a @@ heading."""
    body: Node | None
    """None unless all of it is in view and was parsed."""
    misread_line: int | None
    """1-based, in the post-image: the first line that was not understood, where all of it is in view and was not parsed
    for that; else None."""
    accounts: Accounts = field(compare=False)
    """What the functions of its file do, as far as they are whole in view."""
    has_marker: bool
    """It carries __bpf_kfunc."""
    is_static: bool
    static_at: Place | None
    """The word `static`; None where the header is not exact or has none."""
    is_used: bool | None
    """Code of the series that is part of the kernel names it elsewhere than to declare or register it; None in a review
    of a whole tree, which looks into the files with kfuncs only."""
    weak_at: Place | None
    """The word `__weak` in front of its name; None where it has none."""
    is_new: bool
    """The series brings every line of it."""
    worker: Function | None
    """The static function, whole in view, that does all its work: the body is a call of it, and nothing else names
    it."""
    zero_returns: tuple[Place, ...]
    """The 0 of each `return 0;`, which the body does not tell from NULL."""
    error_pointer_returns: tuple[Place, ...]
    """The call in each `return ERR_PTR(-EINVAL);` on one line, whatever the error."""
    follows_code: bool
    """Code stands right above it, no comment of any kind."""
    preprocessor_conditions: tuple[str, ...] | None
    """The #if lines around it, see extract.conditions; None where they are not all in view, or where its file declares
    the name more than once."""


class DiagRegion(Value):
    """A __diag_push() that silences -Wmissing-prototypes, with what belongs to it."""

    push: Place
    ignores: tuple[Place, ...] = ()
    """The lines of the __diag_ignore() right below it, where these silence nothing but warnings about missing
    prototypes and declarations; () where they may do more, or their __diag_pop() is out of view."""
    pop: Place | None = None
    """The __diag_pop() behind them, None where `ignores` has no line."""


class DefsRegion(Value):
    """How a definition stands to the region in which -Wmissing-prototypes is off (include/linux/btf.h:
    __bpf_kfunc_start_defs(), __bpf_hook_start())."""

    inside: bool | None = None
    """It stands between the two macros, or what they stand for written by hand; None where that is out of view."""
    by_hand: DiagRegion | None = None
    """Where it is written by hand."""
    has_prototype: bool = False
    """It stands outside, and a declaration of it is in view."""


class SeriesFacts(Value):
    """What holds for all kfuncs of a series; one value, that each of them points to."""

    verifier_words: frozenset[str] = frozenset()
    """The names and strings that the series shows of kernel/bpf/verifier.c."""
    aggregates: frozenset[str] = frozenset()
    """The names that typedefs in view give to a struct or a union."""
    struct_sizes: Mapping[str, int] = field(default_factory=dict)
    """The sizes in bytes of those states of iterators that are defined in view and hold nothing but integers."""
    released_structs: frozenset[str] | None = None
    """The structs of which some kfunc of the kernel drops a reference; None unless all of them are known."""


class Kfunc(Value):
    """A function that BPF may call, joined from definition, entries and kernel-doc.

    It carries __bpf_kfunc, or an entry in view or a list of destructors names it.
    """

    name: str
    at: Place
    """Its name in the definition; where that is not in view, the first line of it that is."""
    signature: Signature
    definition: Definition
    defs_region: DefsRegion
    entries: tuple[Entry, ...]
    """Those in view, in the order of files and lines; where they are more than MOST_ENTRIES, as many of the first ones,
    of its own file if that has any."""
    doc: Doc | None
    """The kernel-doc right above it, or one that names it and stands above something else."""
    destructor: Dtor | None = None
    """Its line in a list of destructors, if one names it."""
    mentions: tuple[Prose, ...] = ()
    """The title of the patch that adds it, the paragraphs of messages that say "name()", and those of its kernel-doc
    if the series has a hand in that."""
    entry_missing: bool = False
    """The series brings it, or its name, with the marker and without an entry, beside a new kfunc with one, and names
    it nowhere but to call it."""
    types: Mapping[str, Type] | None = None
    """The types of the signature and of what the body compares with, see c.syntax.Unit; None unless the headers of a
    tree were asked."""
    series: SeriesFacts = SeriesFacts()

    @property
    def function(self) -> str:
        """Its name, as that of every fact's function."""
        return self.name

    @property
    def extent(self) -> tuple[Extent, ...]:
        """Its definition with its kernel-doc, and its entries."""
        doc = [line for lines in self.doc.extent for line in (lines.first, lines.last)] if self.doc else []
        lines = [self.at.line, self.definition.last_line, *doc]
        return (Extent(self.at.path, min(lines), max(lines)), *(line_of(entry.at) for entry in self.entries))

    @property
    def alternate_places(self) -> tuple[Place, ...]:
        """Where else a parameter can be said to be wrong: at the name, and where it is registered."""
        return (self.at, *(entry.at for entry in self.entries))

    def taught_by_series(self, parameter: str) -> bool:
        """Does the series teach the verifier a suffix that the parameter's name has?"""
        words = self.series.verifier_words
        return any(word.startswith('"__') and parameter.endswith(word.strip('"')) for word in words)

    @property
    def is_unregistered(self) -> bool:
        """Is it marked as a kfunc, and neither an entry nor a list of destructors in view names it?"""
        return self.definition.has_marker and not self.entries and self.destructor is None

    @property
    def is_called(self) -> bool:
        """Do programs call it for certain, by a prototype that is known, and with no exception made in the verifier?

        It is marked as a kfunc or stands in a set of kfuncs, and the series does not teach the verifier its name.
        """
        if not self.signature.is_exact or self.name in self.series.verifier_words:
            return False
        return self.definition.has_marker or any(
            entry.set is not None and entry.set.is_kfuncs for entry in self.entries
        )

    def has(self, flag: FlagName) -> bool:
        """Does an entry in view give it the flag?"""
        return any(entry.flag(flag) for entry in self.entries)

    @property
    def shows_all_parameters(self) -> bool:
        """Are all its parameters in view?"""
        return self.definition.body is not None or self.signature.has_all_names

    @property
    def takes_no_pointer(self) -> bool:
        """Are all its parameters in view, and numbers?"""
        return self.shows_all_parameters and all(parameter.is_scalar for parameter in self.signature.parameters)

    @property
    def implicit_parameters(self) -> tuple[Parameter, ...]:
        """Its last parameters that the verifier passes, not the program: with KF_IMPLICIT_ARGS all from the first of a
        type that can be implicit (tools/bpf/resolve_btfids/main.c: process_kfunc_with_implicit_args())."""
        parameters = self.signature.parameters
        first = next((index for index, parameter in enumerate(parameters) if parameter.may_be_implicit), None)
        return parameters[first:] if first is not None and self.has("KF_IMPLICIT_ARGS") else ()

    @property
    def account(self) -> Account | None:
        """What its body does, path by path; None where not all of it is in view, or it is too much to follow."""
        body = self.definition.body
        return self.definition.accounts.of(self.name, body) if body is not None else None

    def behaviour(self, name: str) -> Behaviour:
        """What a function out of view does, in the kernel that is judged for."""
        return self.definition.accounts.behaviours.of(name)

    def place(self, node: Node) -> Place:
        """Where a node of its body stands."""
        return Place(self.at.path, node.line, node.column, node.column + max(len(node.text), 1))


class KfuncOfTest(Value):
    """A kfunc in a file that breaks the contract on purpose, to see the verifier refuse it; rules that ask for them are
    given the kfunc."""

    kfunc: Kfunc

    @property
    def name(self) -> str:
        """That of the kfunc."""
        return self.kfunc.name

    @property
    def at(self) -> Place:
        """Where the kfunc has its name."""
        return self.kfunc.at

    @property
    def function(self) -> str:
        """Its name, as that of every fact's function."""
        return self.name

    @property
    def extent(self) -> tuple[Extent, ...]:
        """The lines of the kfunc."""
        return self.kfunc.extent


class Helper(OneLineOfFunction, Value):
    """A global function that the series brings into a file of kfuncs, maybe where -Wmissing-prototypes is off.

    It is no kfunc itself, and only called, and only in its file.
    """

    name: str
    at: Place
    """Its name in the definition."""
    returns_at: Place
    """Where its return type stands."""
