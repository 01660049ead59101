"""Finds the formats of a census, the modules in reports/catalogue/, and loads the one that is asked for."""

from __future__ import annotations

from kfunclint import resources
from kfunclint.index.census import Census


def formats() -> tuple[str, ...]:
    """The names of all formats."""
    return tuple(sorted(path.stem for path in (resources.folder("reports") / "catalogue").glob("*.py")))


def render(name: str, census: Census, *, colour: bool = False) -> str:
    """The census in the format of that name; `colour` is for the formats that know colours.

    Raises ValueError for a name that is none.
    """
    if name not in formats():
        raise ValueError(f"{name!r} is not a format of a census, only {', '.join(formats())}")
    path = resources.folder("reports") / "catalogue" / f"{name}.py"
    module = resources.module(path, f"kfunclint.reports.catalogue.{name}")
    options = {"colour": True} if colour and "colour" in (module.render.__kwdefaults__ or ()) else {}
    return str(module.render(census, **options))
