"""Sets of BTF ids, their entries and their registrations."""

from __future__ import annotations

from dataclasses import dataclass

from kfunclint.c.syntax import Node
from kfunclint.finding import Edit, Place


@dataclass(frozen=True, slots=True)
class Registration:
    """A call that hands a set to the kernel.

    `call` is register_btf_kfunc_id_set or one of its kin, `program_type` its first argument as written ("" where the
    call takes none), `set` the name of the set of BTF ids, None where the struct between the two is out of view.
    `owner` and `filter` are what that struct says of them, "" where it leaves them out, None where it is out of view.
    `result_ignored`: the call is a statement of its own, so its result is lost. `in_module`: the file says
    MODULE_LICENSE().
    """

    call: str
    program_type: str
    set: str | None
    at: Place
    owner: str | None = None
    filter: str | None = None
    result_ignored: bool = False
    in_module: bool = False

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

    `entries` are its lines in view, `is_complete` says that these are all; `unflagged_ids` the BTF_ID() lines among
    them, which have no flags. `registrations` are those in view; `program_types` are the program types of all there
    are, None where one may be out of view.
    """

    name: str
    kind: str
    at: Place
    registrations: tuple[Registration, ...] = ()
    entries: tuple[Listing, ...] = ()
    is_complete: bool = False
    unflagged_ids: tuple[Place, ...] = ()
    program_types: tuple[str, ...] | None = None

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

    def entry(self, name: str) -> Listing | None:
        """Its line about a kfunc, if it is in view."""
        return next((listing for listing in self.entries if listing.name == name), None)


@dataclass(frozen=True, slots=True)
class Entry(Listing):
    """BTF_ID_FLAGS(func, name, flags), with the set that it is in.

    `set` is None where neither end of the set is in view; `macro` names the X-macro that made the entry, if one did.
    `condition` are the #if lines around it, None where they are not all in view; `other_entries` the sets in view
    that list the same kfunc, each with what it says of it.
    """

    set: KfuncSet | None
    macro: str | None = None
    condition: tuple[str, ...] | None = None
    other_entries: tuple[tuple[KfuncSet, Listing], ...] = ()

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
