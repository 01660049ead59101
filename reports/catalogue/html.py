"""One self-contained page: the kfunc catalogue of a kernel, to search in a browser or to print."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

from kfunclint import __version__, resources
from kfunclint.finding import Place
from kfunclint.index.census import Census, Row
from kfunclint.report import formats, links
from kfunclint.text import visible


def render(census: Census) -> str:
    """The page. Everything that comes from the tree is escaped, and characters that work unseen are written out."""
    rows = list(_rows(census))
    script = (resources.folder("reports") / "catalogue" / "html.js").read_text(encoding="utf-8")
    return (
        formats.templates()
        .get_template("catalogue/html.html.j2")
        .render(
            title=visible(census.title),
            tree=visible(census.tree),
            paths=[visible(path) for path in census.paths],
            kfuncs=census.kfuncs,
            hooks=census.hooks,
            rows=rows,
            flags=_every(row["flags"] for row in rows),
            types=_every(row["types"] for row in rows),
            files=_every(row["files"] for row in rows),
            version=__version__,
            script=script,
            digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        )
    )


def _every(lists: Iterable[Iterable[str]]) -> list[str]:
    return sorted({text for texts in lists for text in texts})


def _rows(census: Census) -> Iterator[dict[str, Any]]:
    """The rows; the first of each kfunc has its name for an address."""
    names = set()
    for row in census.rows:
        yield _row(row) | {"anchor": "" if row.name in names else "_".join(visible(row.name).split())}
        names.add(row.name)


def _row(row: Row) -> dict[str, Any]:
    definition = row.definition
    files = (row.file, row.at.path or "", (definition.at.path or "") if definition else row.file)
    return {
        "name": visible(row.name),
        "address": links.identifier(row.name),
        "unclear": row.flags is None,
        "flags": [visible(flag) for flag in row.flags or ()],
        "types": [visible(type_) for type_ in row.types],
        "files": [visible(path).replace(" ", "\u00a0") for path in dict.fromkeys(files)],
        "set": visible(row.set or ""),
        "filter": visible(row.filter or ""),
        "macro": visible(row.macro or ""),
        "entry": f":{row.at.line}" if definition and definition.at.path == row.at.path else _place(row.at),
        "defined": _place(definition.at) if definition else "",
        "doc": definition.documented if definition else None,
    }


def _place(at: Place) -> str:
    return visible(f"{at.path}:{at.line}")
