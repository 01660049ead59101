"""One self-contained page: the kfunc catalogue of a kernel, to search in a browser or to print."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from typing import Any

from kfunclint import __version__
from kfunclint.finding import Place
from kfunclint.index.census import Census, Row
from kfunclint.report import formats
from kfunclint.text import visible

# without a script the page is the whole table
_SCRIPT = """\
const form = document.getElementById("search");
const [text, flag, type, file] = ["text", "flag", "type", "file"].map((id) => document.getElementById(id));
const rows = [...document.querySelectorAll("tbody tr")];
const words = rows.map((row) => row.textContent.toLowerCase());
function among(list, value) { return !value || list.split(" ").includes(value); }
function show() {
  const wanted = text.value.toLowerCase().split(/\\s+/);
  let count = 0;
  rows.forEach((row, at) => {
    const { flags, types, files } = row.dataset;
    row.hidden = !(among(flags, flag.value) && among(types, type.value) && among(files, file.value)
      && wanted.every((word) => words[at].includes(word)));
    count += row.hidden ? 0 : 1;
  });
  document.getElementById("count").textContent = `${count} of ${rows.length} entries`;
}
function step(key) {
  const shown = rows.filter((row) => !row.hidden);
  const at = shown.indexOf(document.activeElement);
  const next = key === "j" ? shown[at + 1] : shown[Math.max(at, 1) - 1];
  if (next) { next.focus(); next.scrollIntoView({ block: "nearest" }); }
}
form.hidden = false;
form.addEventListener("input", show);
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", () => setTimeout(show));
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") { form.reset(); document.activeElement.blur(); return; }
  if (["INPUT", "SELECT"].includes(document.activeElement.tagName)) return;
  if (event.key === "/") { event.preventDefault(); text.focus(); }
  if (["j", "k"].includes(event.key)) step(event.key);
});
show();
"""


def render(census: Census) -> str:
    """The page. Everything that comes from the tree is escaped, and characters that work unseen are written out."""
    rows = [_row(row) for row in census.rows]
    digest = base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode()
    return (
        formats.templates()
        .get_template("catalogue/html.html.j2")
        .render(
            tree=visible(census.tree),
            paths=[visible(path) for path in census.paths],
            kfuncs=census.kfuncs,
            rows=rows,
            flags=_every(row["flags"] for row in rows),
            types=_every(row["types"] for row in rows),
            files=_every(row["files"] for row in rows),
            version=__version__,
            script=_SCRIPT,
            digest=digest,
        )
    )


def _every(lists: Iterable[Iterable[str]]) -> list[str]:
    return sorted({text for texts in lists for text in texts})


def _row(row: Row) -> dict[str, Any]:
    definition = row.definition
    files = (row.file, row.at.path or "", (definition.at.path or "") if definition else row.file)
    return {
        "name": visible(row.name),
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
