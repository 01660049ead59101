"""A table for people, one line an entry."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kfunclint.index.census import Census, Row
from kfunclint.text import visible

_HEAD = ("kfunc", "doc", "defined", "flags", "set", "registered for")
_BOLD = "\x1b[1m{}\x1b[0m"


def render(census: Census, *, colour: bool = False) -> str:
    """The table under a line of heads, and a line of counts; nothing in it is a control character but line breaks and,
    with `colour`, those of the colours."""
    lines = [_HEAD, *(tuple(map(visible, _cells(row))) for row in census.rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    head, *rows = (_line(line, widths) for line in lines)
    hooks = f", hooks {census.hooks}" if census.hooks else ""
    counts = f"{visible(census.tree)}: kfuncs {census.kfuncs}{hooks}, entries {len(census.rows)}"
    return "\n".join([_BOLD.format(head) if colour else head, *rows, "", counts]) + "\n"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _cells(row: Row) -> Iterator[str]:
    """The cells of a row; "-" for none, "?" for what is not known."""
    definition = row.definition
    yield row.name
    yield "?" if definition is None else "yes" if definition.documented else "-"
    yield "?" if definition is None else f"{definition.at.path}:{definition.at.line}"
    yield "?" if row.flags is None else " | ".join(row.flags) or "-"
    yield row.set or "?"
    types = ", ".join(row.types) or "no registration"
    yield f"{types}; filter {row.filter}" if row.filter else types
