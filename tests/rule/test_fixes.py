"""Edits that many rules offer."""

from __future__ import annotations

import pytest
from conftest import Lint
from scans import one
from shelves import SET, series

from kfunclint.rule.fixes import add_flag, drop_flag


def test_adding_and_dropping_flags() -> None:
    (entry,) = one("BTF_ID_FLAGS(func, x, KF_A | KF_B)\n").entries
    assert entry.flags is not None
    (first,) = drop_flag(entry, entry.flags[0]).edits
    assert (first.at.column, first.at.end_column, first.text) == (23, 30, "")
    (last,) = drop_flag(entry, entry.flags[1]).edits
    assert (last.at.column, last.at.end_column) == (27, 34)
    (more,) = add_flag(entry, "KF_RCU").edits
    assert (more.at.column, more.text) == (34, " | KF_RCU")
    (bare,) = one("BTF_ID_FLAGS(func, x)\n").entries
    assert add_flag(bare, "KF_RCU").edits[0].text == ", KF_RCU"


CODE = """\
__bpf_kfunc {returns}bpf_shelf_up(struct shelf *shelf__nullable, int at)
{{
	struct shelf *up;

	if (at == 1)
		return {value};
	if (at)
		up = shelf__nullable->up;
	at = shelf__nullable->at;
	return {value};
}}

"""


@pytest.mark.parametrize(
    ("returns", "value", "early", "unsure"),
    [
        ("struct shelf *", "NULL", "return NULL;", False),
        ("int ", "-ENOENT", "return -ENOENT;", True),
        ("int ", "0", "return -EINVAL;", True),
        ("bool ", "true", "return false;", True),
        ("u64 ", "1", "return 0;", True),
        ("void ", "", "return;", False),
    ],
)
def test_an_early_return_gives_what_the_type_can(
    returns: str, value: str, early: str, unsure: bool, lint: Lint
) -> None:
    code = CODE.format(returns=returns, value=value).replace("return ;", "return;")
    code = code.replace("\tif (at)\n\t\tup = shelf__nullable->up;\n", "")
    found = lint(series("", code + SET.replace("_find", "_up")), kernel="6.12", only=("body/nullable-untested",))
    (fix,) = [finding.fix for finding in found.findings]
    assert fix is not None
    (edit,) = fix.edits
    assert (edit.text, fix.unsure) == (f"\tif (!shelf__nullable)\n\t\t{early}\n", unsure)
    assert bool(found.findings[0].diff) is not unsure


def test_no_test_is_put_where_none_can_stand(lint: Lint) -> None:
    code = CODE.format(returns="int ", value="0")  # the use is the body of an if without braces
    found = lint(series("", code + SET.replace("_find", "_up")), kernel="6.12", only=("body/nullable-untested",))
    assert [finding.fix.edits for finding in found.findings if finding.fix] == [()]


DOCUMENTED = """\
/**
 * bpf_shelf_up - Look one shelf up
 * @shelf: where to look from
{section} *
 * Return: the shelf above
 */
__bpf_kfunc struct shelf *bpf_shelf_up(struct shelf *shelf)
{{
	return shelf_up(shelf);
}}

"""


@pytest.mark.parametrize(
    ("section", "is_dropped"),
    [
        (" * @depth: how far to look\n", True),
        (" * @depth: how far to look,\n *         or 0\n", False),
        (" * @depth: how far to look\n * and what else there is to know\n", False),
    ],
)
def test_a_section_of_one_line_is_dropped(section: str, is_dropped: bool, lint: Lint) -> None:
    code = DOCUMENTED.format(section=section)
    found = lint(series("", code + SET.replace("_find", "_up")), kernel="6.12", only=("kerneldoc/parameter-excess",))
    (finding,) = found.findings
    assert bool(finding.fix and finding.fix.edits) == is_dropped
    assert ("\n- * @depth: how far to look\n" in (finding.diff or "")) == is_dropped


@pytest.mark.parametrize(
    ("start", "is_offered"),
    [("\tint at = 1;\n\n\treturn ", True), ("again:\n\treturn ", False), ("\tint at; return ", False)],
)
def test_flags_are_tested_behind_the_declarations(start: str, is_offered: bool, lint: Lint) -> None:
    code = f"__bpf_kfunc int bpf_shelf_up(struct shelf *shelf, u64 flags)\n{{\n{start}shelf_up(shelf);\n}}\n\n"
    found = lint(series("", code + SET.replace("_find", "_up")), kernel="6.12", only=("args/flags-ignored",))
    (fix,) = [finding.fix for finding in found.findings]
    assert fix is not None
    assert [edit.text for edit in fix.edits] == ["\tif (flags)\n\t\treturn -EINVAL;\n"] * is_offered
    assert fix.unsure == is_offered


@pytest.mark.parametrize(
    ("before", "kernel", "is_told"),
    [("", "6.12", True), ("", "6.6", False), ("__bpf_kfunc_start_defs();\n\n", "6.12", False)],
)
def test_where_a_kfunc_goes_that_is_static_no_more(before: str, kernel: str, is_told: bool, lint: Lint) -> None:
    behind = "__bpf_kfunc_end_defs();\n\n" if before else ""
    code = f"{before}__bpf_kfunc static int bpf_shelf_up(void)\n{{\n\treturn 0;\n}}\n\n{behind}"
    found = lint(series("", code + SET.replace("_find", "_up")), kernel=kernel, only=("defs/static-wrapper",))
    (fix,) = [finding.fix for finding in found.findings]
    assert fix is not None
    assert ("__bpf_kfunc_start_defs()" in fix.description) == is_told
    assert bool(fix.edits) == bool(before)
