"""Sets of BTF ids, their entries and their registrations."""

from __future__ import annotations

from functools import cached_property
from typing import Literal

from kfunclint.c.syntax import Node
from kfunclint.facts.fact import Extent, OneLine, line_of
from kfunclint.facts.flag_names import FlagName
from kfunclint.finding import Place
from kfunclint.value import Value


class Registration(OneLine, Value):
    """A call that hands a set to the kernel."""

    call: str
    """register_btf_kfunc_id_set or one of its kin."""
    program_type: str
    """The first argument as written, "BPF_PROG_TYPE_XDP"; "" where the call takes none."""
    set: str | None
    """The name of the set of BTF ids; None where the struct between the two is out of view."""
    at: Place
    owner: str | None = None
    """The `.owner` of that struct as written; "" where it leaves it out, None where it is out of view."""
    filter: str | None = None
    """Its `.filter` likewise."""
    result_ignored: bool = False
    """Nothing is done with its result."""
    in_module: bool = False
    """The file says MODULE_LICENSE()."""
    fields_at: Place | None = None
    """Where the first field of that struct stands; None where that is out of view, or on the line of the brace."""


class FileRegistrations(Value):
    """All calls in view by which one file hands sets of kfuncs to the kernel, in the order of lines."""

    name: str
    """The path of the file."""
    at: Place
    """The first of the calls."""
    calls: tuple[Registration, ...]

    @property
    def function(self) -> None:
        """No kfunc is meant by them."""

    @property
    def extent(self) -> tuple[Extent, ...]:
        """The lines of the calls."""
        return tuple(line_of(call.at) for call in self.calls)


class Flag(Value):
    """A flag as written in an entry."""

    name: str
    at: Place


class Listing(Value):
    """What one line of a set says of a kfunc."""

    name: str
    at: Place
    """The name of the kfunc there."""
    flags: tuple[Flag, ...] | None
    """None where they are no plain OR of KF_ names, nor 0. Those of a `#define` in view stand where its name does."""
    zero: Place | None = None
    """Where "0" is written for no flags."""
    dropped: tuple[Flag, ...] = ()
    """Those behind a second comma, which the macro throws away (include/linux/btf_ids.h: __BTF_ID_FLAGS()); `flags` is
    None then."""
    commas: tuple[Place, ...] = ()
    """What stands in front of each of `dropped`, if that is a comma and blanks, on its line."""

    def flag(self, name: FlagName) -> Flag | None:
        """The flag of that name, if it is written there."""
        return next((flag for flag in self.flags or () if flag.name == name), None)

    def has(self, *names: FlagName) -> bool:
        """Are all of the flags written there?"""
        return all(self.flag(name) for name in names)


SetKind = Literal["KFUNCS", "SET8"]


class KfuncSet(Value):
    """A set of BTF ids."""

    name: str
    kind: SetKind
    """As in its macros, BTF_KFUNCS_START() and BTF_SET8_START()."""
    at: Place
    """Its name in the START macro, or in the END macro where the START is out of view."""
    registrations: tuple[Registration, ...] = ()
    """Those in view."""
    entries: tuple[Listing, ...] = ()
    """Its lines in view."""
    is_complete: bool = False
    """The entries are all there are."""
    unflagged_ids: tuple[Place, ...] = ()
    """Its BTF_ID() lines in view, which have no flags."""
    macros: tuple[Place, ...] = ()
    """The names of its START and END macro, if both are in view."""
    program_types: tuple[str, ...] | None = None
    """Those that it is registered for; None where a registration may be out of view."""

    @property
    def function(self) -> None:
        """No kfunc is meant by it alone."""

    @property
    def extent(self) -> tuple[Extent, ...]:
        """Its lines with the one above and the one below, as its END may be what was taken away; its registrations."""
        lines = [self.at.line, *(listing.at.line for listing in self.entries)]
        lines_of_set = Extent(self.at.path, min(lines) - 1, max(lines) + 1)
        return (lines_of_set, *(line_of(registration.at) for registration in self.registrations))

    @cached_property
    def is_fmodret(self) -> bool:
        """It lists hooks that programs may attach to, not kfuncs that they may call."""
        return any(registration.call == "register_btf_fmodret_id_set" for registration in self.registrations)

    @cached_property
    def is_kfuncs(self) -> bool:
        """Does it surely list kfuncs? A SET8 whose registration is out of view may list hooks, which have no flag but
        KF_SLEEPABLE."""
        registered = any(registration.call == "register_btf_kfunc_id_set" for registration in self.registrations)
        flagged = any(flag.name != "KF_SLEEPABLE" for entry in self.entries for flag in entry.flags or ())
        return not self.is_fmodret and (self.kind == "KFUNCS" or registered or flagged)

    def entry(self, name: str) -> Listing | None:
        """Its line about a kfunc, if it is in view."""
        return next((entry for entry in self.entries if entry.name == name), None)


class Entry(Listing):
    """BTF_ID_FLAGS(func, name, flags), with the set that it is in."""

    set: KfuncSet | None = None
    """None where neither end of the set is in view."""
    macro: str | None = None
    """The X-macro that made the entry, if one did."""
    condition: tuple[str, ...] | None = None
    """The #if lines around it, outermost first; None where they are not all in view."""
    other_entries: tuple[tuple[KfuncSet, Listing], ...] = ()
    """The other sets in view that list the same kfunc, each with what it says of it."""

    @property
    def function(self) -> str:
        """The kfunc that it registers."""
        return self.name

    @property
    def extent(self) -> tuple[Extent, ...]:
        """Its line, and those of the other sets."""
        return (line_of(self.at), *(line_of(listing.at) for _, listing in self.other_entries))

    @property
    def may_be_hook(self) -> bool:
        """May it list a hook that programs attach to? A SET8 whose registration is out of view may hold such."""
        return self.set is not None and not self.set.is_kfuncs


class Filter(Value):
    """A function that decides which programs may call the kfuncs of a hook: the `.filter` of a btf_kfunc_id_set."""

    name: str
    at: Place
    """Its name in the definition."""
    id: str
    """Its second parameter, the kfunc that is asked for."""
    body: Node

    @property
    def function(self) -> str:
        """Its name, as that of every fact's function."""
        return self.name

    @property
    def extent(self) -> tuple[Extent, ...]:
        """The whole function."""
        return (Extent(self.at.path, self.at.line, max(node.line for node in self.body.walk())),)
