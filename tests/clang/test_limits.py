"""What the parser does not take on, and the line that is why."""

from __future__ import annotations

import pytest
from conftest import Lint

from kfunclint.clang import limits
from kfunclint.clang.limits import objection_to_lines, objection_to_macros

HEAD = "From: Ann Author <ann@example.org>\nSubject: [PATCH] x\n\nx\n---\n"
SURE = ("__bpf_kfunc struct depot *bpf_depot(int a)", "{", "\tif (a)", "\t\treturn NULL;", "\treturn depot;", "}")
SET = ("BTF_KFUNCS_START(ids)", "BTF_ID_FLAGS(func, bpf_depot)", "BTF_KFUNCS_END(ids)")
TOWER = ["#define A0 x", *(f"#define A{level + 1} A{level} A{level}" for level in range(24))]


def new_file(*lines: str) -> str:
    """A mail that brings a file with these lines."""
    added = "".join(f"+{line}\n" for line in lines)
    return f"{HEAD}diff --git a/a.c b/a.c\n--- /dev/null\n+++ b/a.c\n@@ -0,0 +1,{len(lines)} @@\n{added}"


def test_the_first_line_that_breaks_a_limit_is_told() -> None:
    lines = [(7, "x"), (8, "x" * (limits.MAX_LINE + 1)), (9, "x" * (limits.MAX_LINE + 1))]
    objection = objection_to_lines(lines)
    assert objection
    assert objection.line == 8
    assert objection_to_lines(lines[:1]) is None
    too_much = objection_to_lines([(1, "x" * 4000)] * 600)
    assert too_much
    assert too_much.line is None


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("\n".join(TOWER), 21),
        ("\n".join(reversed(TOWER)), 1),
        ("\n".join(["int a;", *TOWER[:20]]), None),
        ("#define A B B\n#define B A A\n#define C C C", None),
        ("#define X(a, b) " + "a b " * 1000, None),
        ("#define P(x) x\n" * 10_000, None),
    ],
    ids="tower upside-down small cycles parameters many".split(),
)
def test_a_macro_of_macros_is_measured_before_it_is_expanded(source: str, line: int | None) -> None:
    objection = objection_to_macros(source)
    assert (objection and objection.line) == line


def test_macros_are_measured_in_linear_time() -> None:
    """Each of 4,000 macros names 400 of the others; to go through all below each would take minutes."""
    names = [f"M{at}" for at in range(4000)]
    lines = [f"#define {name} x {' '.join(names[at + 1 : at + 401])}" for at, name in enumerate(names)]
    assert objection_to_macros("\n".join(lines))


@pytest.mark.parametrize(
    "line", ["/* " + "x" * 5000 + " */", *["\n+".join(TOWER)], "int a = " + "(" * 200 + "1" + ")" * 200 + ";"]
)
def test_a_line_does_not_hide_its_file(lint: Lint, line: str) -> None:
    """What stands in front of a sure error must not make it a pass."""
    plain = lint(new_file(*SURE, *SET))
    assert "flags/ret-null-missing" in {finding.rule for finding in plain.findings}
    assert not plain.unchecked
    hidden = lint(new_file(*line.split("\n+"), *SURE, *SET))
    assert "defs/unreadable" in {finding.rule for finding in hidden.findings}
    assert hidden.unchecked == {"a.c"}
    assert hidden.troubles[0].startswith("a.c: not analysed: ")
