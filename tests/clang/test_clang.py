"""What the parser sees of hunks: which functions, what of them, and whether all of it."""

from __future__ import annotations

import pytest
from hunks import function, functions, parse, signature, statements, visible

from kfunclint.clang import Parser
from kfunclint.clang import repair as mending

# Functions whole in the hunk: the text, and what is to be seen of the signature.
WHOLE = {
    "marker": (
        "__bpf_kfunc struct shelf *bpf_shelf_get(struct shelf *parent, u32 flags)\n{\n}\n",
        "marker struct shelf *:bpf_shelf_get(struct shelf *:parent, u32:flags)",
    ),
    "marker on a line of its own": ("__bpf_kfunc\nint bpf_shelf_use(void)\n{\n}\n", "marker int:bpf_shelf_use()"),
    "return type on a line of its own": (
        "__bpf_kfunc struct shelf *\nbpf_shelf_get(int n,\n\t      struct row *row__ign)\n{\n}\n",
        "marker struct shelf *:bpf_shelf_get(int:n, struct row *:row__ign)",
    ),
    "types": (
        "const void *shelf(const char *s, int (*fn)(int), char buf[16], shelf_t __user *at, enum row r, ...)\n{\n}\n",
        "const void *:shelf(const char *:s, int (*)(int):fn, char[16]:buf, shelf_t *:at, enum row:r, ...)",
    ),
    "static": ("static inline bool shelf_is_open(void)\n{\n}\n", "static bool:shelf_is_open()"),
    "body on one line": ("int shelf_use(void) { return 1; }\n", "int:shelf_use()"),
    "brace behind the parameters": ("int shelf_use(void) {\n\treturn 1;\n}\n", "int:shelf_use()"),
    "unknown attribute before the type": ("SHELF_API struct shelf *get(void)\n{\n}\n", "struct shelf *:get()"),
    "unknown attribute before static": ("no_shelf static int\nget(void)\n{\n}\n", "static int:get()"),
    "unknown attribute behind the type": (
        "static struct shelf * __top get(void)\n{\n}\n",
        "static struct shelf *:get()",
    ),
    "unknown attribute with arguments": ("static __shelf(3) int get(int x)\n{\n}\n", "static int:get(int:x)"),
    "known attribute behind the parameters": ("int get(int x) __must_hold(&lock)\n{\n}\n", "int:get(int:x)"),
    "unknown attributes behind the parameters": ("int get(int x)\n\t__shelf(x) __cold\n{\n}\n", "int:get(int:x)"),
    "known attribute without arguments": ("int get(struct row *x) __cold\n{\n}\n", "int:get(struct row *:x)"),
    "unknown attribute of a parameter": ("int get(struct shelf __pt *x)\n{\n}\n", "int:get(struct shelf *:x)"),
    "behind a comment that is cut off": (" * more of it\n */\nint get(void)\n{\n}\n", "int:get()"),
    "behind a struct that is cut off": ("\tint rows;\n};\n\nint get(void)\n{\n}\n", "int:get()"),
    "behind an initializer that is cut off": ("\t.set = &shelf_ids,\n};\n\nint get(void)\n{\n}\n", "int:get()"),
    "behind a macro that is cut off": ("\tput(x); \\\n} while (0)\n\nint get(void)\n{\n}\n", "int:get()"),
    "behind macros": ("SHELF_DEFINE(y);\nEXPORT_SYMBOL_GPL(x);\n\nint get(void)\n{\n}\nSHELF_END(y)\n", "int:get()"),
    "before a header": ("int get(void)\n{\n}\n\nstatic int put(int n,\n\t       int m)\n", "int:get()"),
    "before a cut-off comment": ("int get(void)\n{\n}\n\n/**\n * shelf_put() - Put\n", "int:get()"),
    "quoted braces": ("int get(void)\n{\n\tput(\"}\", '{'); /* } */\n}\n", "int:get()"),
}


@pytest.mark.parametrize("name", WHOLE)
def test_whole_function(parser: Parser, name: str) -> None:
    text, expected = WHOLE[name]
    found = function(parser, text)
    assert signature(found) == expected
    assert found.complete


def test_a_global_function_may_be_used_above_its_definition(parser: Parser) -> None:
    """Its prototype is in a header."""
    use = "static int use(struct shelf *s)\n{\n\treturn shelf_below(s)->rows;\n}\n\n"
    _, below = functions(parser, use + "struct shelf *shelf_below(struct shelf *s)\n{\n\treturn s->below;\n}\n")
    assert signature(below) == "struct shelf *:shelf_below(struct shelf *:s)"
    assert statements(below) == "(return (member ->below s))"
    assert below.complete


def test_sides_of_comparisons_have_types(parser: Parser) -> None:
    found = function(
        parser,
        "enum row { ROW_A, ROW_B };\n"
        "int get(int i, enum row r, u8 n, shelf_t s, enum far f)\n{\n"
        "\treturn i < 3 || (u32)i > 3U || r <= ROW_B || i >= sizeof(r) || n < 'c' || s < f || (shelf_t)i > ROWS;\n}\n",
    )
    orderings = [node for node in found.body.walk() if node.kind == "binary" and node.text in ("<", ">", "<=", ">=")]
    assert [tuple(side.note for side in node.kids) for node in orderings] == [
        ("int", "int"),
        ("unsigned int", "unsigned int"),
        ("unsigned int", "int"),
        ("int", "unsigned long"),
        ("unsigned char", "int"),
        ("", ""),
        ("?", ""),
    ]


def test_variables_and_sides_of_arithmetic_have_types(parser: Parser) -> None:
    found = function(
        parser,
        "int get(u32 a, int b, struct shelf *s)\n{\n"
        "\tu64 one = (u64)a + b;\n\tsize_t two = a * sizeof(b);\n\tshelf_t three = b - 1;\n\tstruct shelf *four = s;\n"
        "\treturn one + two + three;\n}\n",
    )
    assert {node.text: node.type for node in found.body.walk() if node.kind == "var"} == {
        "one": "unsigned long long",
        "two": "unsigned long",
        "three": "",
        "four": "",
    }
    sums = [node for node in found.body.walk() if node.kind == "binary"][:3]
    assert [tuple(side.note for side in node.kids) for node in sums] == [
        ("unsigned long long", "int"),
        ("unsigned int", "unsigned long"),
        ("int", "int"),
    ]


# Bodies in which a name says little about what it is, or several things: a function, and a statement of it as seen.
MEANT = {
    "a member is a struct elsewhere, and counted": (
        "int get(struct shelf *s, struct row *r)\n{\n\tif (s->at.n > 1 && ++r->at)\n\t\treturn 2;\n\treturn 0;\n}\n",
        "(if (binary && (binary > (member .n (member ->at s)) 1) (unary ++x (member ->at r))) (return 2))",
    ),
    "a member is a pointer elsewhere, and a struct": (
        "int get(struct shelf *s, struct row *r)\n{\n\tif (s->at->n)\n\t\treturn r->at.m;\n\treturn 0;\n}\n",
        "(return (member .m (member ->at r)))",
    ),
    "a member is an array elsewhere, and assigned to": (
        "void get(struct shelf *s, struct row *r)\n{\n\tr->at = find(s->at[1]);\n}\n",
        "(assign = (member ->at r) (call find (index (member ->at s) 1)))",
    ),
    "a member is an array of arrays": (
        "int get(struct shelf *s, int n)\n{\n\ts->cells[n][2]++;\n\treturn s->at[1][n].x + s->by[n][1]->y;\n}\n",
        "(return (binary + (member .x (index (index (member ->at s) 1) n))"
        " (member ->y (index (index (member ->by s) n) 1))))",
    ),
    "a name of one letter": (
        "int get(struct shelf *s, struct row *r)\n{\n\tif (r->a)\n\t\treturn 1;\n\treturn s->a.n;\n}\n",
        "(if (member ->a r) (return 1))",
    ),
    "cast from what is a struct elsewhere": (
        "void *get(struct shelf *s, struct row *r)\n{\n\ts->at.n = 0;\n\treturn (struct leaf *)r->at;\n}\n",
        "(return (member ->at r))",
    ),
    "a pointer taken from a member": (
        "int get(struct shelf *s, void *at)\n{\n\treturn at - (s->end - at);\n}\n",
        "(return (binary - at (binary - (member ->end s) at)))",
    ),
    "a choice of calls": (
        "int get(void)\n{\n\treturn READ_ONCE((first() ?: second())->n) + (a() ? b() : c()).m;\n}\n",
        "(return (binary + (member ->n (ternary (call first) (none) (call second)))"
        " (member .m (ternary (call a) (call b) (call c)))))",
    ),
    "a call and a macro before a bracket": (
        "void get(int n)\n{\n\tput(&find(n)[1], &rcu_dereference_all(all_shelves)[n]);\n}\n",
        "(call put (unary & (index (call find n) 1)) (unary & (index all_shelves n)))",
    ),
    "a star before a call and before an array": (
        "int get(struct shelf *s)\n{\n\treturn *find(s) + *s->rows[1] + *this_cpu_ptr(s->at);\n}\n",
        "(return (binary + (binary + (unary * (call find s)) (unary * (index (member ->rows s) 1)))"
        " (unary * (member ->at s))))",
    ),
    "a name that only a macro has": (
        "#define SHELF(n) ((n) == -ESHELF ? no_shelf : 0)\nint get(int n)\n{\n\treturn SHELF(n);\n}\n",
        "(return (ternary (binary == n (unary - ESHELF)) no_shelf 0))",
    ),
    "a scope without braces": (
        "int get(void)\n{\n\tscoped_with_shelf(at)\n\t\tput(1);\n\treturn 0;\n}\n",
        "(for (call scoped_with_shelf at) (opaque) (none) (call put 1))",
    ),
    "a scope with a lock of its own": (
        "int get(void)\n{\n\tACQUIRE(mutex_intr, lock)(&shelf);\n\treturn ACQUIRE_ERR(mutex_intr, &lock);\n}\n",
        "(decl (var lock class:mutex_intr (call class_mutex_intr_constructor (unary & shelf))))",
    ),
    "an index that is a case, too": (
        "int get(int n)\n{\n\tstatic const bool top[] = {\n\t\t[ROW_A | ROW_B] = true,\n\t\t[ROW_C] = 2,\n\t};\n\n"
        "\tswitch (n) {\n\tcase ROW_A | ROW_B:\n\tcase ROW_C:\n\t\treturn 1;\n\t}\n\treturn top[n];\n}\n",
        "(decl (var top (list 1 2)))",
    ),
    "attributes of context analysis": (
        "struct shelf {\n\tint n __guarded_by(&lock);\n\tDECLARE_FLEX_ARRAY(struct row, rows);\n};\n\n"
        "int get(struct shelf *s) __must_hold_shared(&s->lock) __no_context_analysis\n{\n\treturn s->rows[1].m;\n}\n",
        "(return (member .m (index (member ->rows s) 1)))",
    ),
}


@pytest.mark.parametrize("name", MEANT)
def test_what_names_are(parser: Parser, name: str) -> None:
    text, expected = MEANT[name]
    found = function(parser, text)
    assert expected in statements(found)
    assert found.complete


# Functions of which a part is in view: the heading, the text, what is to be seen of the signature and of the body.
CUT = {
    "header above": ("int use(int n)", "\tput(n);\n\treturn n;\n}\n", ":use()", "(call put n) (return n)"),
    "header unknown": ("", "\tput(n);\n}\n", ":()", "(call put n)"),
    "heading that is no function": ('SHELF_DEFINE(x, "', "\tput(n);\n}\n", ":()", "(call put n)"),
    "heading cut off": (
        "static struct shelf *use(struct shelf *shelf, unsigned l",
        "\treturn shelf;\n}\n",
        "static :use()",
        "(return shelf)",
    ),
    "parameters cut off": (
        "__bpf_kfunc struct shelf *bpf_shelf_get(struct shelf *parent,",
        "\t\t\t    u32 flags)\n{\n\treturn flags;\n}\n",
        "marker :bpf_shelf_get()",
        "(return flags)",
    ),
    "block": ("int use(int n)", "\t\tput(n);\n\t}\n}\n", ":use()", "(if (opaque) (block (call put n)))"),
    "else": (
        "int use(int n)",
        "\t} else {\n\t\tput(n);\n\t}\n}\n",
        ":use()",
        "(if (opaque) (block) (block (call put n)))",
    ),
    "loop": (
        "int use(int n)",
        "\t\tif (n)\n\t\t\tcontinue;\n\t}\n}\n",
        ":use()",
        "(for (none) (opaque) (none) (block (if n (continue))))",
    ),
    "do": ("int use(int n)", "\t\tput(n);\n\t} while (n);\n}\n", ":use()", "(do n (block (call put n)))"),
    "switch": (
        "int use(int n)",
        "\t\tput(n);\n\t\tbreak;\n\tcase SHELF_B:\n\t\treturn 1;\n\t}\n}\n",
        ":use()",
        "(switch (opaque) (block (call put n) (break) (case SHELF_B (return 1))))",
    ),
    "switch without its end": (
        "int use(int n)",
        "\tcase SHELF_A | SHELF_B:\n\tcase SHELF_A | SHELF_C:\n\t\tput(n);\n",
        ":use()",
        "(switch (opaque) (block (case (binary | SHELF_A SHELF_B) (case (binary | SHELF_A SHELF_C) (call put n)))))",
    ),
    "statement cut off above": (
        "int use(int n)",
        "\t\t      shelf, n);\n\tput(n);\n}\n",
        ":use()",
        "(none) (call put n)",
    ),
    "statement behind a comment that is cut off": (
        "int use(int n)",
        "\t * of the rows.\n\t */\n\tif (n)\n\t\tput(n);\n}\n",
        ":use()",
        "(if n (call put n))",
    ),
    "statement cut off below": (
        "",
        "int use(int n)\n{\n\tif (n) {\n\t\tput(n,\n",
        "int:use(int:n)",
        "(if n (block (call put n (opaque))))",
    ),
    "condition cut off below": (
        "",
        "int use(int n)\n{\n\tif (n &&\n",
        "int:use(int:n)",
        "(if (binary && n (opaque)) (none))",
    ),
    "body cut off below": ("", "int use(int n)\n{\n\tput(n);\n", "int:use(int:n)", "(call put n)"),
    "body not in view": ("", "__bpf_kfunc int use(int n)\n{\n", "marker int:use(int:n)", ""),
    "label out of view": ("", "int use(int n)\n{\n\tgoto out;\n", "int:use(int:n)", "(goto out)"),
    "label at the upper edge": ("int use(int n)", "out:\n\treturn n;\n}\n", ":use()", "(label out (return n))"),
    "made by an unknown macro": ("", "SHELF_CALL(get, int, x)\n{\n\treturn 0;\n}\n", "int:()", "(return 0)"),
    "syntax error": ("", "int use(int n)\n{\n\treturn n +;\n}\n", "int:use(int:n)", ""),
    "unknown label": ("", "int use(int n)\n{\n\tgoto out;\n}\n", "int:use(int:n)", "(goto out)"),
    "member that the struct in view has not": (
        "",
        "struct shelf {\n\tint rows;\n};\n\nint use(struct shelf *s)\n{\n\treturn s->rows + s->name;\n}\n",
        "int:use(struct shelf *:s)",
        "(return (binary + (member ->rows s) (opaque s)))",
    ),
}


@pytest.mark.parametrize("name", CUT)
def test_fragment(parser: Parser, name: str) -> None:
    heading, text, expected, body = CUT[name]
    found = function(parser, text, heading=heading)
    assert (signature(found), statements(found)) == (expected, body)
    assert not found.complete


@pytest.mark.parametrize("gap", [1, 30])
@pytest.mark.parametrize(
    "above", ["/* a comment */\n", "/**\n * get() - open\n", "#define A \\\n", "struct shelf *\n", ""]
)
def test_a_heading_belongs_to_its_own_hunk(parser: Parser, above: str, gap: int) -> None:
    start = 10 + above.count("\n") + gap
    hunks = [visible(above, 10)] if above else []
    (found,) = parse(parser, *hunks, visible("\treturn n;\n}\n", start, "get(int n)")).functions
    assert (signature(found), found.line, found.first_line, found.end_line) == (":get()", start, start, start + 1)


def test_places(parser: Parser) -> None:
    text = "\treturn n;\n}\n\n__bpf_kfunc\nint /* é */ get(int n)\n{\n\treturn n;\n}\n\nint put(void)\n{\n\tn();\n"
    found = functions(parser, text, 100, "int use(int n)")
    assert [(one.name, one.line, one.column, one.first_line, one.end_line, one.complete) for one in found] == [
        ("use", 100, 1, 100, 101, False),
        ("get", 104, 13, 103, 107, True),
        ("put", 109, 5, 109, 111, False),
    ]


def test_hunks_of_a_file_share_their_names(parser: Parser) -> None:
    unit = parse(
        parser,
        visible("struct shelf {\n\tstruct row *rows;\n};\n#define ROW(s, n) (&(s)->rows[n])\n", 10),
        visible("\tput(s);\n}\n\nint get(struct shelf *s)\n{\n\treturn ROW(s, 1)->width;\n}\n", 100, "int use(void)"),
        visible("\treturn 1;\n", 300, "int last(void)"),
    )
    assert [(one.name, one.complete) for one in unit.functions] == [("use", False), ("get", True), ("last", False)]
    assert statements(unit.functions[1]) == "(return (member ->width (unary & (index (member ->rows s) 1))))"


BRANCHES = "int use(int n)\n{{\n#{}\n\treturn a(n);\n#else\n\treturn b(n);\n#endif\n}}\n"


@pytest.mark.parametrize(
    ("condition", "added", "called"),
    [
        ("ifdef CONFIG_SHELF", (), "a"),
        ("if IS_ENABLED(CONFIG_SHELF)", (), "a"),
        ("ifndef CONFIG_SHELF", (), "b"),
        ("if !defined(CONFIG_SHELF)", (), "b"),
        ("if 0", (), "b"),
        ("ifdef CONFIG_SHELF", (15,), "b"),
        ("ifdef CONFIG_SHELF", (13, 15), "a"),
        ("ifndef CONFIG_SHELF", (13,), "a"),
        ("if 0", (13,), "b"),
    ],
)
def test_branch_of_a_conditional(parser: Parser, condition: str, added: tuple[int, ...], called: str) -> None:
    found = function(parser, BRANCHES.format(condition), added=added)
    assert statements(found) == f"(return (call {called} n))"
    assert found.complete


def test_conditional_around_functions(parser: Parser) -> None:
    text = "#ifdef A\nint use(int n)\n{\n\treturn 1;\n}\n#else\nint use(int n)\n{\n\treturn 2;\n}\n#endif\n"
    assert statements(function(parser, text)) == "(return 1)"
    assert statements(function(parser, text, added=(18,))) == "(return 2)"
    assert not functions(parser, "#if 0\nint use(int n)\n{\n\treturn 1;\n}\n#endif\n")


def test_header_in_both_branches(parser: Parser) -> None:
    text = "int use(int n)\n{\n#ifdef A\n\tif (n) {\n#else\n\tif (!n) {\n#endif\n\t\tput(n);\n\t}\n}\n"
    assert statements(function(parser, text)) == "(if n (block (call put n)))"


def test_entries_are_no_functions(parser: Parser) -> None:
    unit = parse(
        parser,
        visible(
            "#define SHELF_FN(name, flags) BTF_ID_FLAGS(func, bpf_shelf_##name, flags)\n"
            "BTF_KFUNCS_START(shelf_ids)\n"
            "BTF_ID_FLAGS(func, bpf_shelf_get,\n"
            "\t     KF_ACQUIRE |\n"
            "\t     KF_RET_NULL)\n"
            "BTF_ID_FLAGS(func, bpf_shelf_put, KF_RELEASE);\n"
            "BTF_ID_FLAGS(func, bpf_shelf_size) /* none */\n"
            "SHELF_FN(new, KF_ACQUIRE)\n"
            "BTF_KFUNCS_END(shelf_ids)\n"
        ),
        visible("BTF_ID_FLAGS(func, bpf_shelf_lone, KF_NEW)\nBTF_ID_FLAGS(func, bpf_shelf_cut,\n", 100),
    )
    assert (unit.functions, unit.failure) == ((), None)


def test_what_no_compiler_takes(parser: Parser) -> None:
    found = function(parser, 'int use(int n)\n{\n\tput("é\0\udc80\t\x0c"); /* \ufeff\0 */ put(n);\n}\n')
    calls = [(node.line, node.column) for node in found.body.walk() if node.kind == "call"]
    assert calls == [(12, 2), (12, 25)]
    assert found.complete


@pytest.mark.parametrize(
    "text", ["", "\n\n", "}\n", "{\n", "int put(int n);\n", "\tint rows;\n};\n", "/*\n", "*/\n", '"\n', "#\n"]
)
def test_nothing_to_see(parser: Parser, text: str) -> None:
    assert not [one for one in functions(parser, text, heading="struct shelf {") if one.complete]


def test_function_without_its_brace(parser: Parser) -> None:
    text = "int use(int n)\n{\n\tif (n) {\n\treturn 1;\n}\n\nint put(int n)\n{\n\treturn 2;\n}\n"
    assert not any(one.complete for one in functions(parser, text))


def test_deep_nesting(parser: Parser) -> None:
    expression = "(" * 100 + "n" + ")" * 100
    assert statements(function(parser, f"int use(int n)\n{{\n\treturn {expression};\n}}\n")) == "(return n)"
    statement = "if (n) { " * 110 + "}" * 110
    deep = function(parser, f"int use(int n)\n{{\n{statement}\n}}\n")
    assert not deep.complete
    assert statements(deep) == ""


EDGES = "\n".join(
    [
        "\t\t\t  shelf, n);",
        "\tif (n) {",
        "\t\tput(n);",
        "\t} else {",
        "\t\tfor (;;)",
        "\t\t\tcontinue;",
        "\t}",
        "\tswitch (n) {",
        "\tcase 1:",
        "\t\tbreak;",
        "\t}",
        "\tdo {",
        "\t\tn++;",
        "\t} while (n);",
        "out:",
        "\treturn shelf ?",
        "\t\tn : 1;",
        "}",
        "",
        "static const struct shelf_ops ops = {",
        "\t.get = shelf_get,",
        "};",
        "",
        "__bpf_kfunc struct shelf *",
        "bpf_shelf_get(int n,",
        "\t      int m)",
        "{",
        "\treturn get(n, m);",
        "}",
        "BTF_ID_FLAGS(func, bpf_shelf_get, KF_ACQUIRE)",
    ]
).split("\n")


def test_every_window_of_a_file(parser: Parser) -> None:
    """Wherever a hunk is cut: what is complete is the same, and nothing else is called complete."""
    for first in range(len(EDGES)):
        for end in range(first + 1, len(EDGES) + 1):
            unit = parse(parser, visible("\n".join(EDGES[first:end]), first + 1, "int use(struct shelf *shelf,"))
            complete = {signature(one): statements(one) for one in unit.functions if one.complete}
            whole = first <= 23 and end >= 29
            expected = {"marker struct shelf *:bpf_shelf_get(int:n, int:m)": "(return (call get n m))"} if whole else {}
            assert complete == expected, f"lines {first + 1} to {end}"


def test_no_line_moves() -> None:
    for first in range(len(EDGES)):
        lines = EDGES[first:]
        mended = mending.repair(mending.SourceRange(first + 1, "", lines, [False] * len(lines)), ())
        assert mended.text.count("\n") == len(lines) - 1
        assert "\n" not in mended.prefix
