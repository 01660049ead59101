"""Finds the lines for which files could not be parsed."""

from __future__ import annotations

from collections.abc import Iterator

from kfunclint.extract.extractor import Material, extractor
from kfunclint.facts.unreadable import Unreadable
from kfunclint.finding import Place

_SHOWN = 40  # characters


@extractor(Unreadable)
def unreadable(material: Material) -> Iterator[Unreadable]:
    """The lines that break a limit of the parser."""
    for source in material.sources:
        unit = material.units.get(source.path)
        number = unit.failure.line if unit and unit.failure else None
        line = source.line(number) if number else None
        if number and line and unit and unit.failure:
            yield Unreadable(Place(source.path, number, 1, min(len(line.text), _SHOWN) + 1), unit.failure.reason)
