"""Guards that are rows of a table, as a subsystem would add them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from conftest import Lint

from kfunclint import resources
from kfunclint.flow.behaviour import shipped
from kfunclint.rule import loader
from kfunclint.rule.guard import BadRow, parsed
from kfunclint.rule.rule import BadRule
from kfunclint.value import replace

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
    (own,) = loader.load(folder(tmp_path, ROW), "own")
    assert own.id == "guards/depot-closed-unchecked"
    found = lint(patch(body), rules=(own,)).findings
    assert [finding.rule for finding in found] == [own.id] * guilty
    if guilty:
        assert found[0].message.endswith("without testing depots_open(): there is none before")
        assert found[0].fix is not None
        assert found[0].fix.description == "return NULL first if !depots_open()"


MEMBER = {
    "uses": ["struct depot->top", "->gate", "depot_walk()"],
    "guard": "depot_open(@)",
    "same": {"depot_lock(@)": True, "depot_kind(@, DEPOT_MAIN)": True},
    "takes": [],
}


@pytest.mark.parametrize(
    ("body", "guilty"),
    [
        ("return depot->top->load;", True),
        ("if (!depot->top)\n\treturn NULL;\nreturn depot->top->load;", True),
        ("if (!depot_open(depot))\n\treturn NULL;\nreturn depot->top->load;", False),
        ("struct crate *top = depot->top;\n\nif (depot_open(depot))\n\treturn top->load;\nreturn NULL;", False),
        ("if (depot_open(depot))\n\treturn NULL;\nreturn depot->top->load;", True),
        ("if (!depot_open(other))\n\treturn NULL;\nreturn depot->top->load;", True),
        ("if (!depot_kind(depot, DEPOT_MAIN))\n\treturn NULL;\nreturn depot->top->load;", False),
        ("if (!depot_kind(depot, DEPOT_SPARE))\n\treturn NULL;\nreturn depot->top->load;", True),
        ("guard(depot)(depot);\nreturn depot->top->load;", True),
        ("return depot->top;", False),
        ("return other->top->load;", False),
        ("return other->gate->load;", True),
        ("depot_walk(depot->first);\nreturn NULL;", True),
        ("if (depot_open(depot->first))\n\tdepot_walk(depot->first);\nreturn NULL;", False),
    ],
)
def test_a_row_about_members(body: str, guilty: bool, tmp_path: Path, lint: Lint) -> None:
    guard = parsed(row(**MEMBER))
    (own,) = loader.load(folder(tmp_path, ROW), "own")
    rules = (replace(own, check=guard.check),)
    found = lint(patch(body, "struct depot *depot, struct other *other"), rules=rules).findings
    assert len(found) == guilty


def test_a_guard_may_be_a_lock(tmp_path: Path, lint: Lint) -> None:
    guard = parsed(row(uses=["->top"], guard="task_lock(@)", takes=[]))
    (own,) = loader.load(folder(tmp_path, ROW), "own")
    rules = (replace(own, check=guard.check),)
    body = "task_lock(task);\nkeep(task->top->load);\ntask_unlock(task);\nreturn NULL;"
    assert not lint(patch(body, "struct task_struct *task"), rules=rules).findings
    (found,) = lint(patch("return task->top->load;", "struct task_struct *task"), rules=rules).findings
    assert "uses ->top outside of task_lock()" in found.message


def test_a_kfunc_that_takes_one_is_left_alone(tmp_path: Path, lint: Lint) -> None:
    rules = loader.load(folder(tmp_path, ROW), "own")
    assert not lint(patch("return top_depot;", "struct depot *depot"), rules=rules).findings


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"guard": "depots_open"}, "must be a call"),
        ({"guard": 3}, "guard must be a text"),
        ({"holds": "yes"}, "true or false"),
        ({"uses": []}, "variable or a call"),
        ({"uses": "top_depot"}, "list of texts"),
        ({"uses": ["depot->"]}, "variable or a call"),
        ({"level": "fatal"}, "one of check, warning, error"),
        ({"because": None}, "because must be a text"),
        ({"since": 6.12}, "since must be a release"),
        ({"strict": "yes"}, "strict must be true or false"),
        ({"besides": 1}, "no such key: 'besides'"),
    ],
)
def test_a_wrong_row_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(BadRow, match=words):
        parsed(row(**changes))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[x", " expected ']' at the end"),
        ("\n[x]\ntitle = 1\n", "2: title must be a text"),
        (ROW + 'since = "soon"\n', "1: 'soon' is not a kernel release"),
        ("x = 1\n", "1: a row must be a table"),
        ('["x\\u001b"]', r"1: 'x\\x1b' is not a name"),
        ("x" * 70_000, " larger than 64 KiB"),
    ],
)
def test_a_wrong_table_names_its_file_and_line(text: str, line: str, tmp_path: Path) -> None:
    with pytest.raises(BadRule, match=rf"guards\.toml:{line}"):
        loader.load(folder(tmp_path, text), "own")


def test_tables_are_loaded_without_running_python(tmp_path: Path) -> None:
    own = folder(tmp_path, ROW)
    (own / "flags").mkdir()
    (own / "flags" / "own.py").write_text("raise SystemExit\n")
    assert [found.id for found in loader.load(own, "own", python=False)] == ["guards/depot-closed-unchecked"]


USES = {
    "returned": "return root;",
    "read through": "return root->first;",
    "handed on": "return give(root);",
    "in a condition": "if (root->open)\n\treturn first;\nreturn NULL;",
    "in a loop": "while (n--)\n\tuse(root);\nreturn NULL;",
    "in a switch": "switch (n) {\ncase 1:\n\treturn root;\ndefault:\n\treturn NULL;\n}",
}
GUARDS = {
    "early return": "if (depot_off())\n\treturn NULL;",
    "unlikely": "if (unlikely(depot_off()))\n\treturn NULL;",
    "beside another": "if (n || depot_off())\n\treturn NULL;",
    "goto": "if (depot_off())\n\tgoto out;",
    "local": "off = depot_off();\nif (off)\n\treturn NULL;",
    "both branches": "if (n) {\n\tif (depot_off())\n\t\treturn NULL;\n} else if (depot_off()) {\n\treturn NULL;\n}",
    "warning": "if (WARN_ON_ONCE(depot_off()))\n\treturn NULL;",
}
FORM = (
    ROW.replace('"top_depot", "main_depot()"', '"root"')
    .replace("depots_open()", "depot_off()")
    .replace("true", "false")
)


@pytest.mark.parametrize("use", USES.values(), ids=USES)
@pytest.mark.parametrize("asked", GUARDS.values(), ids=GUARDS)
def test_a_guard_in_front_silences_and_one_behind_does_not(asked: str, use: str, tmp_path: Path, lint: Lint) -> None:
    rules = loader.load(folder(tmp_path, FORM), "own")
    start, end = "bool off;\n", "\nout:\nreturn NULL;"
    use_first = use.replace("return", "kept =")  # so that control goes on to the guard
    assert not lint(patch(f"{start}{asked}\n{use}{end}", "int n"), rules=rules).findings
    assert lint(patch(f"{start}{use}{end}", "int n"), rules=rules).findings
    assert lint(patch(f"{start}{use_first}\n{asked}{end}", "int n"), rules=rules).findings


# of a use and the condition under which it is wrong, the ways to keep them apart, and the ways not to
APART = {
    "early return": "\tif ({bad})\n\t\treturn 0;\n{use}",
    "goto": "\tif ({bad})\n\t\tgoto out;\n{use}out:\n",
    "around": "\tif (!({bad})) {{\n{use}\t}}\n",
    "else": "\tif ({bad}) {{\n\t\tn++;\n\t}} else {{\n{use}\t}}\n",
    "beside another": "\tif (n || {bad})\n\t\treturn 0;\n{use}",
    "before a loop": "\tif ({bad})\n\t\treturn 0;\n\twhile (n--) {{\n{use}\t}}\n",
    "in a flag": "\tbool bad = {bad};\n\n\tif (bad)\n\t\treturn 0;\n{use}",
    "in a flag of its own": "\tbool bad = false;\n\n\tif ({bad})\n\t\tbad = true;\n\tif (bad)\n\t\treturn 0;\n{use}",
    "in the negated flag": "\tbool good = !({bad});\n\n\tif (good) {{\n{use}\t}}\n",
    "in an error": "\tint err = 0;\n\n\tif ({bad})\n\t\terr = -EINVAL;\n\tif (err)\n\t\treturn err;\n{use}",
    "in an error that is chosen": "\tint err = {bad} ? -EINVAL : 0;\n\n\tif (err < 0)\n\t\treturn err;\n{use}",
    "in an error that is compared": "\tint err = {bad} ? -EINVAL : 0;\n\n\tif (err != 0)\n\t\treturn err;\n{use}",
    "in a sum of flags": "\tint bad = 0;\n\n\tbad |= {bad};\n\tif (bad)\n\t\treturn 0;\n{use}",
    "handed to a check": "\tint err = check({bad});\n\n\tif (err)\n\t\treturn err;\n{use}",
    "assigned in the test": "\tint err;\n\n\tif ((err = check({bad})))\n\t\treturn err;\n{use}",
    "in a warning": "\tif (WARN_ON_ONCE({bad}))\n\t\treturn -EINVAL;\n{use}",
    "in a statement expression": "\tint err = ({{ int one = 0; if ({bad}) one = -EINVAL; one; }});\n\n"
    "\tif (err)\n\t\treturn err;\n{use}",
    "once around": "\tdo {{\n\t\tif ({bad})\n\t\t\tbreak;\n{use}\t}} while (0);\n",
    "in a switch over it": "\tswitch (!!({bad})) {{\n\tcase 1:\n\t\treturn 0;\n\tdefault:\n\t\tbreak;\n\t}}\n{use}",
    "before a switch": "\tif ({bad})\n\t\treturn 0;\n\tswitch (n) {{\n\tcase 1:\n{use}\t\tbreak;\n\t}}\n",
}
TOGETHER = {
    "no test": "{use}",
    "behind": "{use}\tif ({bad})\n\t\treturn 0;\n",
    "one path": "\tif (n) {{\n\t\tif ({bad})\n\t\t\treturn 0;\n\t}}\n{use}",
    "in a flag that is not asked": "\tbool bad = {bad};\n{use}\tif (bad)\n\t\treturn 0;\n",
    "in a flag on one path": "\tbool bad = false;\n\n\tif (n)\n\t\tbad = {bad};\n\tif (bad)\n\t\treturn 0;\n{use}",
    "in a warning alone": '\tpr_debug("%d", {bad});\n{use}',
    "both needed": "\tif (n && {bad})\n\t\treturn 0;\n{use}",
}


WITH_A_TYPE = ("list_first_entry_or_null", "list_first_or_null_rcu", "hlist_entry_safe", "rb_entry_safe")


def pairs() -> dict[str, list[tuple[str, str, str]]]:
    """For every rule the uses of its tables as C: what comes first, the condition under which it is wrong, the use."""
    known = resources.table("may_be_null")
    lookups = {name: row for name, row in shipped().rows.items() if row.null}
    sinks = {name: row.index for name, row in shipped().rows.items() if row.index is not None}
    rows = [row for found in resources.table("guards").values() if (row := parsed(found))]
    sources = [
        f"{name}({'n, struct depot, node' if name in WITH_A_TYPE else ', '.join('n' * (row.without_flags or 1))})"
        for name, row in lookups.items()
    ]
    sources += [f"current->{name}" for name in known["task"]]
    sources += [f"rcu_dereference({name})" for name in known["variable"]]
    sources += [f"p->{name}[1]" for name in known["element"]]
    indices = [", ".join(["p"] * at + ["item"]) for at in sinks.values()]
    return {
        "guards": [
            ("", row.guard if not row.holds else f"!{row.guard}", f"kept = {use};")
            for row in rows
            for use in row.uses
            if "->" not in use
        ],
        "guards/lookup-untested": [(f"\tq = {source};\n", "!q", "kept = q->first;") for source in sources],
        "guards/index-unchecked": [
            ("", "item >= NR_ITEMS", f"kept = {name}({given});") for name, given in zip(sinks, indices, strict=True)
        ]
        + [("", "item >= NR_ITEMS", "kept = p->all[item];")],
    }


def kfuncs(rows: list[tuple[str, str, str]], form: str) -> str:
    """A patch with one kfunc for each row."""
    text = ""
    for at, (before, bad, use) in enumerate(rows):
        inside = form.format(bad=bad, use=f"\t\t{use}\n")
        text += f"__bpf_kfunc int bpf_{at}(struct depot *p, int n, u32 item)\n{{\n{before}{inside}\treturn 0;\n}}\n\n"
    lines = text.rstrip("\n").split("\n")
    head = PATCH.partition("@@")[0]
    return f"{head}@@ -0,0 +1,{len(lines)} @@\n" + "".join(f"+{line}\n" for line in lines)


@pytest.mark.parametrize("form", APART.values(), ids=APART)
@pytest.mark.parametrize("name", pairs())
def test_no_row_of_a_table_speaks_behind_its_test(name: str, form: str, lint: Lint) -> None:
    assert not lint(kfuncs(pairs()[name], form), only=(name,)).findings


@pytest.mark.parametrize("form", TOGETHER.values(), ids=TOGETHER)
@pytest.mark.parametrize("name", pairs())
def test_every_row_of_a_table_speaks_without_its_test(name: str, form: str, lint: Lint) -> None:
    rows = pairs()[name]
    found = lint(kfuncs(rows, form), only=(name,)).findings
    assert {finding.function for finding in found} == {f"bpf_{at}" for at in range(len(rows))}
