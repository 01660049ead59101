"""The rows of functions.toml, held against the trees that they name."""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path

import pytest

from kfunclint.flow.behaviour import spelled_out
from kfunclint.resources import table

TREES = Path(os.environ["KFUNCLINT_TREES"])
ROWS = table("functions")
_GUARD = re.compile(r"(?:un|scoped_)?guard\((\w+)\)")
_RELEASE = re.compile(r"(\d\.\d+)$")


@cache
def text(release: str, path: str) -> str:
    return (TREES / f"linux-source-{release}" / path).read_text(errors="replace")


def names_of(row: str) -> set[str]:
    """The functions of a row as their file may define them: an allocation is a macro around another name."""
    return {_GUARD.sub(r"\1", name) for name in spelled_out(row)}


@pytest.mark.parametrize("row", ROWS)
def test_the_source_of_a_row_has_its_function(row: str) -> None:
    source = ROWS[row]["source"]
    release = _RELEASE.search(source)
    assert release is not None
    paths = re.findall(r"[\w./-]+\.[ch]\b", source)
    assert paths
    texts = [text(release[1], path) for path in paths]
    missing = {name for name in names_of(row) if not any(re.search(rf"\b_*{name}\b", one) for one in texts)}
    assert not missing
