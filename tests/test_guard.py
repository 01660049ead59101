"""Guards that are rows of a table, as a subsystem would add them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from conftest import Lint

from kfunclint import guard, rule

ROW = """\
[depot-closed-unchecked]
title = "A kfunc uses a depot without testing depots_open() first"
why = "There are none before the depots are open."
bad = "return main_depot();"
good = "if (!depots_open())"
uses = ["top_depot", "main_depot()"]
guard = "depots_open()"
holds = true
because = "there is none before"
takes = ["struct depot *"]
see = "kernel/depot.c: depots_open()"
"""
PATCH = """\
From: Ann Author <ann@example.org>
Subject: [PATCH] depot: one more

One more.
---
diff --git a/kernel/depot.c b/kernel/depot.c
new file mode 100644
--- /dev/null
+++ b/kernel/depot.c
@@ -0,0 +1,{count} @@
+__bpf_kfunc struct depot *bpf_depot({parameters})
+{{
{body}
+}}
"""


def row(**changes: Any) -> dict[str, Any]:
    return {**tomllib.loads(ROW)["depot-closed-unchecked"], **changes}


def folder(tmp_path: Path, text: str) -> Path:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "guards.toml").write_text(text)
    return tmp_path


def patch(body: str, parameters: str = "void") -> str:
    lines = "".join(f"+\t{line}\n" for line in body.split("\n"))
    return PATCH.format(count=body.count("\n") + 4, parameters=parameters, body=lines.rstrip("\n"))


@pytest.mark.parametrize(
    ("body", "guilty"),
    [
        ("return top_depot;", True),
        ("return main_depot();", True),
        ("if (depots_open())\n\treturn NULL;\nreturn top_depot;", True),
        ("if (!depots_open())\n\treturn NULL;\nreturn top_depot;", False),
        ("if (!depots_open())\n\treturn NULL;\nreturn main_depot();", False),
        ("return depots_open() ? main_depot() : NULL;", False),
        ("return other_depot();", False),
    ],
)
def test_a_row_is_a_rule(body: str, guilty: bool, tmp_path: Path, lint: Lint) -> None:
    (own,) = rule.load(folder(tmp_path, ROW), "own")
    assert own.id == "guards/depot-closed-unchecked"
    found = lint(patch(body), rules=(own,)).findings
    assert [finding.rule for finding in found] == [own.id] * guilty
    if guilty:
        assert found[0].message.endswith("without testing depots_open(): there is none before")
        assert found[0].fix is not None
        assert found[0].fix.description == "return NULL first if !depots_open()"


def test_a_kfunc_that_takes_one_is_left_alone(tmp_path: Path, lint: Lint) -> None:
    rules = rule.load(folder(tmp_path, ROW), "own")
    assert not lint(patch("return top_depot;", "struct depot *depot"), rules=rules).findings


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"guard": "depots_open"}, "call without arguments"),
        ({"guard": 3}, "guard must be a text"),
        ({"holds": "yes"}, "true or false"),
        ({"uses": []}, "variable or a call"),
        ({"uses": "top_depot"}, "list of texts"),
        ({"level": "fatal"}, "one of check, warning, error"),
        ({"because": None}, "because must be a text"),
        ({"besides": 1}, "no such key: besides"),
    ],
)
def test_a_wrong_row_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(guard.BadRow, match=words):
        guard.parsed(row(**changes))


@pytest.mark.parametrize("text", ["[x", "[x]\ntitle = 1\n", ROW + 'since = "soon"\n', "x = 1\n"])
def test_a_wrong_table_names_its_file(text: str, tmp_path: Path) -> None:
    with pytest.raises(rule.BadRule, match=r"guards\.toml"):
        rule.load(folder(tmp_path, text), "own")
