"""For programs: one JSON object, described by json.schema.json."""

from __future__ import annotations

import json
from typing import Any

from kfunclint.finding import Place
from kfunclint.index.census import Census, Row

SCHEMA = 1


def render(census: Census) -> str:
    """The census as a JSON object in ASCII, with a line break at the end; what is not known is null."""
    document = {
        "schema": SCHEMA,
        "tree": census.tree,
        "paths": list(census.paths),
        "kfuncs": census.kfuncs,
        "entries": [_entry(row) for row in census.rows],
    }
    return json.dumps(document, indent=2) + "\n"


def _entry(row: Row) -> dict[str, Any]:
    definition = row.definition
    return {
        "name": row.name,
        "flags": None if row.flags is None else list(row.flags),
        "set": None if row.set is None else {"name": row.set, "kind": row.set_kind, "path": row.file},
        "program_types": list(row.types),
        "filter": row.filter,
        "macro": row.macro,
        **_place(row.at),
        "definition": None
        if definition is None
        else _place(definition.at)
        | {"marker": definition.marker, "static": definition.static, "has_doc": definition.documented},
    }


def _place(at: Place) -> dict[str, Any]:
    return {"path": at.path, "line": at.line}
