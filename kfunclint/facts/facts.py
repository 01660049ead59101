"""What a series says about its kfuncs, as frozen values: all that a rule sees."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, cast

from kfunclint.c.syntax import struct_of
from kfunclint.facts.fact import Fact
from kfunclint.facts.kfunc import Kfunc
from kfunclint.value import Value

T = TypeVar("T", bound=Fact)


class Facts(Value):
    """All facts of one series by type, those of each type in the order of files and lines."""

    types: Mapping[type[Any], tuple[Fact, ...]]

    def by_type(self, kind: type[T]) -> tuple[T, ...]:
        """The facts of one type. Raises KeyError for one that nothing in kfunclint/extract/ makes."""
        if kind not in self.types:
            raise KeyError(f"no extractor in kfunclint/extract/ yields {kind.__name__}")
        return cast("tuple[T, ...]", self.types[kind])

    def replaced(self, kind: type[T], facts: Iterable[T]) -> Facts:
        """The same with other facts of one type."""
        return Facts({**self.types, kind: tuple(facts)})

    def filtered(self, holds: Callable[[Fact], bool]) -> Facts:
        """Those facts for which it holds, of every type."""
        return Facts({kind: tuple(filter(holds, facts)) for kind, facts in self.types.items()})

    @property
    def released(self) -> frozenset[str]:
        """The structs that kfuncs with KF_RELEASE take first."""
        kfuncs = self.by_type(Kfunc)
        firsts = (
            kfunc.signature.parameters[0].type
            for kfunc in kfuncs
            if kfunc.signature.parameters and kfunc.has("KF_RELEASE")
        )
        return frozenset(name for type_ in firsts if (name := struct_of(type_)) is not None)

    @property
    def acquired(self) -> frozenset[str]:
        """The structs that kfuncs with KF_ACQUIRE return."""
        results = (kfunc.signature.return_type for kfunc in self.by_type(Kfunc) if kfunc.has("KF_ACQUIRE"))
        return frozenset(name for type_ in results if (name := struct_of(type_)) is not None)
