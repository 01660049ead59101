"""What a series says about its kfuncs, as frozen values: all that a rule sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar, cast

from kfunclint.c.syntax import struct_of
from kfunclint.facts.docs import Comment, Doc, Prose
from kfunclint.facts.kfunc import Helper, Kfunc
from kfunclint.facts.sets import Entry, Filter, KfuncSet, Registration

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
        firsts = (
            kfunc.signature.parameters[0].type
            for kfunc in self.kfuncs
            if kfunc.signature.parameters and kfunc.has("KF_RELEASE")
        )
        return frozenset(name for type_ in firsts if (name := struct_of(type_)) is not None)

    @property
    def acquired(self) -> frozenset[str]:
        """The structs that kfuncs with KF_ACQUIRE return."""
        results = (kfunc.signature.return_type for kfunc in self.kfuncs if kfunc.has("KF_ACQUIRE"))
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
