"""A type of facts is one file in facts/ and one in extract/: nothing lists them."""

from __future__ import annotations

import importlib
import inspect

from conftest import ROOT

from kfunclint.extract.extractor import Extractor, Material, extractor
from kfunclint.extract.facts import extractors
from kfunclint.facts.fact import Extent
from kfunclint.facts.sets import Listing
from kfunclint.finding import Place
from kfunclint.flow.behaviour import shipped
from kfunclint.value import Value


class Word(Value):
    """A type of facts that only these tests have."""

    text: str
    at: Place
    function: str | None = None

    @property
    def extent(self) -> tuple[Extent, ...]:
        return (Extent(self.at.path, self.at.line, self.at.line),)


calls: list[str] = []


@extractor(Word)
def words(material: Material) -> list[Word]:
    calls.append("words")
    return [Word(material.once(_text), Place("a.c", 1))]


def _text(material: Material) -> str:
    calls.append("text")
    return "word"


def test_every_type_with_an_extent_has_an_extractor() -> None:
    modules = [
        importlib.import_module(f"kfunclint.facts.{path.stem}") for path in (ROOT / "kfunclint/facts").glob("*.py")
    ]
    classes = {value for module in modules for value in vars(module).values() if inspect.isclass(value)}
    facts = {value for value in classes if hasattr(value, "extent") and issubclass(value, Value)}
    assert facts == extractors().keys()
    assert Listing not in facts


def test_facts_are_made_once() -> None:
    calls.clear()
    assert isinstance(words, Extractor)
    material = Material([], None, [], [], {}, behaviours=shipped(), extractors={Word: words})
    assert material.facts(Word) == material.facts(Word)
    assert material.once(_text) == "word"
    assert calls == ["words", "text"]
