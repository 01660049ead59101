"""How facts are made: an extractor yields those of one type, and may ask for those of others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from kfunclint.facts.fact import Fact
from kfunclint.value import Value

if TYPE_CHECKING:
    from kfunclint.c.syntax import Unit
    from kfunclint.extract.sets import LexicalScan
    from kfunclint.finding import Place
    from kfunclint.flow.behaviour import Behaviours
    from kfunclint.patch.diff import Patch
    from kfunclint.patch.postimage import PostImage

T = TypeVar("T", bound=Fact)
R = TypeVar("R")


class Extractor(Value, Generic[T]):
    """Makes all facts of one type, in the order of files and lines."""

    yields: type[T]
    extract: Callable[[Material], Iterable[T]]


def extractor(yields: type[T]) -> Callable[[Callable[[Material], Iterable[T]]], Extractor[T]]:
    """Make an extractor of a function; it is found wherever it stands in kfunclint/extract/."""
    return lambda extract: Extractor(yields, extract)


class Material:
    """What the facts of one series are made of, and what was made of it so far.

    `scans` are of `sources`, one each; `units` are by path; `cover` is the cover letter; `behaviours` tells what
    functions out of view do. `is_of_tests`: it is about the files that test the verifier, which else have no say.
    """

    def __init__(
        self,
        patches: Iterable[Patch],
        cover: Patch | None,
        sources: Sequence[PostImage],
        scans: Sequence[LexicalScan],
        units: Mapping[str, Unit],
        *,
        behaviours: Behaviours,
        extractors: Mapping[type[Any], Extractor[Any]],
        is_of_tests: bool = False,
    ) -> None:
        self.patches = tuple(patches)
        self.cover = cover
        self.sources = sources
        self.scans = scans
        self.units = units
        self.behaviours = behaviours
        self.is_of_tests = is_of_tests
        self._extractors = extractors
        self._cache: dict[object, Any] = {}
        self._by_path = {source.path: source for source in sources}

    @property
    def of_tests(self) -> Material:
        """The same, of which only the files have a say that test the verifier."""
        return Material(
            self.patches,
            self.cover,
            self.sources,
            self.scans,
            self.units,
            behaviours=self.behaviours,
            extractors=self._extractors,
            is_of_tests=True,
        )

    def facts(self, kind: type[T]) -> tuple[T, ...]:
        """The facts of one type, made at the first call."""
        if kind not in self._cache:
            self._cache[kind] = tuple(self._extractors[kind].extract(self))
        return cast("tuple[T, ...]", self._cache[kind])

    def is_added(self, at: Place) -> bool:
        """Does the series add the line of a place?"""
        source = self._by_path.get(at.path or "")
        return source is not None and source.is_added(at.line)

    def once(self, make: Callable[[Material], R]) -> R:
        """What a function makes of it, for those who share it; made at the first call."""
        if make not in self._cache:
            self._cache[make] = make(self)
        return cast("R", self._cache[make])
