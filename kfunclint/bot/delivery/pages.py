"""Pages in a folder that a web server can serve: one for each series, and an index of them all."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from kfunclint import __version__
from kfunclint.bot.delivery.message import page_name
from kfunclint.bot.ledger.database import Database
from kfunclint.checker.result import Review
from kfunclint.report import formats
from kfunclint.text import visible

_MOST = 1000


def write_page(folder: Path, review: Review) -> None:
    """Write the page of a series; one that is there is replaced. Raises OSError."""
    _write(folder / page_name(review), formats.render("html", review))


def write_index(folder: Path, database: Database) -> None:
    """Write the page that names all others, the newest first. Raises OSError."""
    rows = database.rows(_REVIEWED, _MOST)
    template = formats.templates().get_template("bot-index.html.j2")
    _write(folder / "index.html", template.render(rows=[_row(row) for row in rows], version=__version__))


def _row(row: Any) -> dict[str, Any]:
    """What the index says of a series, for its template."""
    return {
        "page": row["page"],
        "title": visible(row["title"]),
        "author": visible(row["author"]),
        "day": time.strftime("%Y-%m-%d", time.gmtime(row["reviewed"])),
        "counts": [(level, row[level]) for level in ("error", "warning", "check") if row[level]],
        "note": visible(row["why"]),
    }


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        os.fchmod(file.fileno(), 0o644)  # a web server reads it
    temporary.rename(path)


_REVIEWED = (
    "SELECT series.*, (SELECT count(*) FROM finding WHERE finding.series = series.key AND level = 'error') AS error,"
    " (SELECT count(*) FROM finding WHERE finding.series = series.key AND level = 'warning') AS warning,"
    " (SELECT count(*) FROM finding WHERE finding.series = series.key AND level = 'check') AS 'check'"
    " FROM series WHERE page <> '' AND reviewed IS NOT NULL ORDER BY reviewed DESC, key LIMIT ?"
)
