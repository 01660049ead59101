"""Whole files: what is kept of them, and that it is seen as in hunks."""

from __future__ import annotations

import pytest

from kfunclint.c.syntax import Function, Unit
from kfunclint.clang import Parser
from kfunclint.patch.postimage import Line, PostImage, VisibleRange

TEXT = """\
// SPDX-License-Identifier: GPL-2.0-only
#include <linux/shelf.h>

#define SHELF_MAX 8
#define SHELF_KFUNC(name) BTF_ID_FLAGS(func, name, KF_RCU)
#define SHELF_LIST \\
	SHELF_KFUNC(bpf_shelf_listed)

struct shelf {
	struct list_head books;
	shelf_id_t id;
} top_shelf __cacheline_aligned_in_smp;

static const struct shelf_ops ops[] = {
	[0] = { .name = "a }", .get = shelf_get },
};

static bool shelf_is_off(const struct shelf *s)
	__must_hold(&s->lock)
{
	return ops[0].off || s->id > SHELF_MAX;
}

static void shelf_unused(struct shelf *s)
{
	shelf_odd(s, unknown_type);
}

DEFINE_SHELF_HOOK(one)
{
	return 1;
}

DEFINE_SHELF_HOOK(two)
{
	return 2;
}

int shelf_changed(struct shelf *s)
{
	shelf_id_t s2 = s->id;

	return s2;
}

void bpf_shelf_listed(struct shelf *s__ign)
{
	if (s__ign)
		shelf_log(s__ign);
}

__bpf_kfunc_start_defs();

/**
 * bpf_shelf_get - Get { a shelf
 */
__bpf_kfunc struct shelf *
bpf_shelf_get(struct shelf *s, int (cb)(void *), const char name[static 1])
{
	struct shelf *this_shelf = this_shelf();
	struct shelf copy;

	if (shelf_is_off(s) || this_shelf->id == s->id)
		return NULL;
#ifdef CONFIG_SHELF_COPY
	copy = *s;
#endif
	copy.books = s->books;
	return s;
}

__bpf_kfunc int bpf_shelf_no_body(void);

__bpf_kfunc_end_defs();

BTF_KFUNCS_START(shelf_ids)
BTF_ID_FLAGS(func, bpf_shelf_get, KF_ACQUIRE | KF_RET_NULL)
SHELF_LIST
BTF_KFUNCS_END(shelf_ids)
"""


def whole(text: str, added: str = "") -> PostImage:
    """A text as a whole file, in which a series added the lines that hold some words."""
    lines = [Line(line, 1, 1) if added and added in line else Line(line) for line in text.splitlines()]
    return PostImage("kernel/shelf.c", (VisibleRange(1, tuple(lines)),), whole=True)


def parsed(parser: Parser, text: str = TEXT, added: str = "", **asked: object) -> Unit:
    unit = parser.parse(whole(text, added), **asked)  # type: ignore[arg-type]
    assert unit.failure is None
    return unit


def names(unit: Unit) -> list[str]:
    return [function.name for function in unit.functions]


def line_of(words: str) -> int:
    return TEXT[: TEXT.index(words)].count("\n") + 1


def test_kfuncs_and_their_helpers_are_kept(parser: Parser) -> None:
    assert names(parsed(parser)) == ["shelf_is_off", "bpf_shelf_get"]


def test_all_that_is_kept_is_complete(parser: Parser) -> None:
    assert all(function.complete for function in parsed(parser).functions)


def test_a_changed_function_is_kept(parser: Parser) -> None:
    assert "shelf_changed" in names(parsed(parser, added="return s2;"))


def test_a_function_that_lost_a_line_is_kept(parser: Parser) -> None:
    unit = parsed(parser, lines=[line_of("shelf_odd(")])
    assert "shelf_unused" in names(unit)


def test_a_name_of_another_file_is_kept(parser: Parser) -> None:
    assert "bpf_shelf_listed" in names(parsed(parser, names=["bpf_shelf_listed"]))


def test_an_entry_without_a_marker_is_enough(parser: Parser) -> None:
    assert "bpf_shelf_get" in names(parsed(parser, TEXT.replace("__bpf_kfunc struct", "struct")))


def test_lines_and_signature_are_those_of_the_file(parser: Parser) -> None:
    kfunc = parsed(parser).functions[-1]
    assert (kfunc.first_line, kfunc.line) == (line_of("__bpf_kfunc struct shelf *"), line_of("bpf_shelf_get(struct"))
    assert kfunc.end_line == line_of("__bpf_kfunc int bpf_shelf_no_body") - 2
    assert kfunc.returns == "struct shelf *"
    assert [parameter.name for parameter in kfunc.parameters] == ["s", "cb", "name"]
    assert kfunc.marker
    assert not kfunc.static


def test_a_struct_assigned_to_a_member_of_unknown_type(parser: Parser) -> None:
    text = """\
__bpf_kfunc int bpf_shelf_move(union shelf_place *to, struct shelf *s)
{
	struct shelf_range range;
	struct shelf_range first = s->id;

	range.min = *to;
	return 0;
}
"""
    (kfunc,) = parsed(parser, text).functions
    assert kfunc.complete
    (assignment,) = [node for node in kfunc.body.walk() if node.kind == "assign"]
    assert [(kid.kind, kid.text) for kid in assignment.kids] == [("member", ".min"), ("unary", "*")]


def test_of_two_functions_made_by_one_macro_one_is_kept(parser: Parser) -> None:
    (made,) = [function for function in parsed(parser, added="return 2;").functions if not function.name]
    assert made.first_line == line_of("DEFINE_SHELF_HOOK(two)")
    assert [node.text for node in made.body.walk() if node.kind == "number"] == ["2"]


def test_a_macro_hidden_by_a_variable_is_called(parser: Parser) -> None:
    kfunc = parsed(parser).functions[-1]
    assert [node.text for node in kfunc.body.walk() if node.kind == "call"] == ["this_shelf", "shelf_is_off"]


@pytest.mark.parametrize(
    "odd",
    [
        "int one_line(void)\n{ return 0; }\n",
        "static int x[] = {\n\t1,\n};\n",
        "struct\nshelf_tag\n{\n\tint a;\n};\n",
        "void same_line(void) {\n\tif (x) {\n\t\ty();\n\t}\n}\n",
        f"int deep[] = {{\n\t{'(' * 200}1{')' * 200},\n}};\n",
        "void outdented(void)\n{\n\tif (x) {\n}\n\ty();\n}\n",
        "void with_table(void) {\n\tint x[] = {\n\t\t1,\n\t};\n}\n",
        'void text(void)\n{\n\tprint("}");\n}\n',
        "#if A\nvoid split(int a)\n#else\nvoid split(void)\n#endif\n{\n\tx();\n}\n",
        "static void locked(struct shelf *s) __releases(&a) __acquires(&a)\n{\n\tx(s);\n}\n",
        "SHELF_SHOW(name,\n\t   other)\n{\n\treturn 1;\n}\n",
        "}\n",
    ],
)
def test_odd_text_does_not_hide_a_kfunc(odd: str, parser: Parser) -> None:
    text = odd + "__bpf_kfunc int bpf_shelf_last(struct shelf *s)\n{\n\tif (s)\n\t\treturn 1;\n\treturn 0;\n}\n"
    found = [function for function in parsed(parser, text).functions if function.name == "bpf_shelf_last"]
    assert [count(function, "return") for function in found] == [2]


def count(function: Function, kind: str) -> int:
    return sum(node.kind == kind for node in function.body.walk())


def test_a_function_declared_with_attributes_is_called(parser: Parser) -> None:
    text = """\
static void __shelf_lock(struct shelf *s)
	__acquires(&s->lock)
{
	spin_lock(&s->lock);
}

__bpf_kfunc void bpf_shelf_lock(struct shelf *s)
{
	__shelf_lock(s);
}
"""
    kfunc = parsed(parser, text).functions[-1]
    assert [node.text for node in kfunc.body.walk() if node.kind == "call"] == ["__shelf_lock"]


def test_variables_of_one_name_do_not_share_a_type(parser: Parser) -> None:
    text = """\
__bpf_kfunc int bpf_shelf_call(struct shelf *s, void *p)
{
	shelf_cb_t cb = (shelf_cb_t)p;

	return cb(s);
}

__bpf_kfunc int bpf_shelf_look(struct shelf *s)
{
	struct shelf_cb *cb = s->cb;

	return cb->id;
}
"""
    assert [function.complete for function in parsed(parser, text).functions] == [True, True]
