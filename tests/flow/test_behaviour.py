"""The table of what functions out of view do."""

from __future__ import annotations

import re

import pytest
from conftest import ROOT

from kfunclint.flow.behaviour import Rows, behaviours, shipped, spelled_out
from kfunclint.resources import rows, table

ROWS = table("functions")
README = (ROOT / "rules" / "README.md").read_text()
KEYS = {
    key
    for line in README[README.index("| key | type |") : README.index("## The fixture")].splitlines()
    for key in re.findall(r"`(\w+)`", line.split("|")[1] if line.startswith("| `") else "")
} | {"tries", "fails"}
LISTS = ("reads", "writes", "puts", "frees", "keeps")


def test_names_with_choices() -> None:
    assert list(spelled_out("plain")) == ["plain"]
    assert list(spelled_out("{,__}a_{b,c}")) == ["a_b", "a_c", "__a_b", "__a_c"]


def test_rows_are_read_one_by_one_as_they_are_together() -> None:
    assert dict(rows("functions")) == ROWS


def test_a_later_table_beats_an_earlier_one_where_it_holds() -> None:
    first: Rows = {"{f,g}": {"null": "first"}}
    second: Rows = {"g": {"null": "second"}, "f": {"null": "never", "until": "6.1"}}
    both = behaviours((first, second), lambda since, until: until is None)
    assert {name: row.null for name, row in both.items()} == {"f": "first", "g": "second"}
    assert "h" not in both


def test_no_function_has_two_rows() -> None:
    names = [name for row in ROWS for name in spelled_out(row)]
    assert len(names) == len(set(names)) == len(shipped().rows)


@pytest.mark.parametrize("name", ROWS)
def test_a_row_has_what_the_readme_tells(name: str) -> None:
    row = ROWS[name]
    assert row.keys() <= KEYS
    assert row["source"].rpartition(", ")[2].split()[-1] in ("6.1", "6.12", "7.3")
    assert all(isinstance(row[key], list) and all(at >= 0 for at in row[key]) for key in LISTS if key in row)
    assert len(row) > 1


def test_a_row_holds_for_its_releases() -> None:
    written: Rows = {
        "f": {"null": "it is old", "until": "6.12"},
        "g": {"null": "there is none", "sleeps": True, "since": {"sleeps": "7.0"}},
        "{h,i}": {"reads": [0, 1], "since": "6.8"},
    }
    old, new = (
        behaviours((written,), lambda since, until, at=at: (since or at) <= at <= (until or at))  # type: ignore[misc]
        for at in ("6.1", "7.3")
    )
    assert (sorted(old), sorted(new)) == (["f", "g"], ["g", "h", "i"])
    assert not old["g"].sleeps
    assert new["g"].sleeps
    assert old["g"].null == new["g"].null == "there is none"


def test_locks_are_given_back_by_functions_of_the_table() -> None:
    known = shipped().rows
    assert not [row.lock for row in known.values() if row.lock and not known[row.lock].unlock]
    assert not [row.put for row in known.values() if row.put and not known[row.put].puts]
    assert not [name for name, row in known.items() if (row.tries or row.fails) and not row.lock and row.takes is None]
    assert {row.section for row in known.values()} == {"", "enter", "leave", "scope", "unscope", "needs"}
