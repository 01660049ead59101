"""What the tokens alone say: entries, sets, registrations, comments."""

from __future__ import annotations

import pytest
from scans import one, source

from kfunclint.extract.sets import scan
from kfunclint.facts.sets import Entry
from kfunclint.patch.postimage import Line, PostImage, VisibleRange


def flags(entry: Entry) -> list[str] | None:
    return None if entry.flags is None else [flag.name for flag in entry.flags]


@pytest.mark.parametrize(
    ("line", "name", "expected"),
    [
        ("BTF_ID_FLAGS(func, bpf_foo)", "bpf_foo", []),
        ("BTF_ID_FLAGS(func, bpf_foo, KF_RCU)", "bpf_foo", ["KF_RCU"]),
        ("BTF_ID_FLAGS(func, bpf_foo, KF_A | KF_B);", "bpf_foo", ["KF_A", "KF_B"]),
        ("BTF_ID_FLAGS(func,\tbpf_foo,\n\t     KF_A |\n\t     KF_B)", "bpf_foo", ["KF_A", "KF_B"]),
        ("BTF_ID_FLAGS(func, bpf_foo, (KF_A | KF_B))", "bpf_foo", ["KF_A", "KF_B"]),
        ("BTF_ID_FLAGS(func, bpf_foo, KF_A /* why */ | KF_B)", "bpf_foo", ["KF_A", "KF_B"]),
        ("BTF_ID_FLAGS(func, bpf_foo, FOO_FLAGS)", "bpf_foo", None),
        ("BTF_ID_FLAGS(func, bpf_foo, KF_A, KF_B)", "bpf_foo", None),
        ("BTF_ID_FLAGS(func, bpf_foo, KF_A & ~KF_B)", "bpf_foo", None),
        ("BTF_ID_FLAGS(func, bpf_foo, KF_A |)", "bpf_foo", None),
    ],
)
def test_entry(line: str, name: str, expected: list[str] | None) -> None:
    (entry,) = one(f"BTF_KFUNCS_START(ids)\n{line}\nBTF_KFUNCS_END(ids)\n").entries
    assert (entry.name, flags(entry)) == (name, expected)
    assert entry.set is not None
    assert (entry.set.name, entry.set.kind) == ("ids", "KFUNCS")


@pytest.mark.parametrize(
    "line",
    ["BTF_ID(func, bpf_foo)", "/* BTF_ID_FLAGS(func, bpf_foo) */", "BTF_ID_FLAGS(struct, foo)", "BTF_ID_FLAGS(func"],
)
def test_no_entry(line: str) -> None:
    assert not one(line + "\n").entries


def test_no_flags_may_be_written_as_0() -> None:
    (entry,) = one("BTF_KFUNCS_START(ids)\nBTF_ID_FLAGS(func, bpf_foo, 0)\nBTF_KFUNCS_END(ids)\n").entries
    assert entry.flags == ()
    assert entry.zero is not None
    assert (entry.zero.line, entry.zero.column, entry.zero.end_column) == (2, 29, 30)


@pytest.mark.parametrize(
    ("define", "expected"),
    [
        ("#define FOO (KF_A | KF_B)\n", ["KF_A", "KF_B"]),
        ("#define FOO KF_A | \\\n\tKF_B\n", ["KF_A", "KF_B"]),
        ("#define FOO KF_A\n#define FOO KF_B\n", None),
        ("#define FOO(x) KF_A\n", None),
        ("#define FOO KF_A & ~KF_B\n", None),
        ("", None),
    ],
)
def test_flags_may_come_from_a_define(define: str, expected: list[str] | None) -> None:
    entry = one(f"{define}BTF_KFUNCS_START(ids)\nBTF_ID_FLAGS(func, bpf_foo, FOO)\nBTF_KFUNCS_END(ids)\n").entries[0]
    assert flags(entry) == expected


def test_what_the_macro_drops_is_kept_apart() -> None:
    (entry,) = one("BTF_ID_FLAGS(func, bpf_foo, KF_A, KF_B | KF_C)\n").entries
    assert entry.flags is None
    assert [flag.name for flag in entry.dropped] == ["KF_B", "KF_C"]


ARRAY_OF_POINTERS = """\
static const struct btf_kfunc_id_set *sets[] = {
	&foo_set, &bar_set,
};
"""
ARRAY = """\
static const struct btf_kfunc_id_set sets[2] = {
	{ .owner = THIS_MODULE, .set = &foo_ids }, { .owner = THIS_MODULE, .set = &bar_ids },
};
"""


@pytest.mark.parametrize(("array", "last"), [(ARRAY_OF_POINTERS, "sets[i]"), (ARRAY, "&sets[i]")])
def test_a_loop_over_an_array_registers_every_set(array: str, last: str) -> None:
    scanned = one(
        "BTF_SET8_START(foo_ids)\nBTF_ID_FLAGS(func, foo)\nBTF_SET8_END(foo_ids)\n"
        "BTF_SET8_START(bar_ids)\nBTF_ID_FLAGS(func, bar)\nBTF_SET8_END(bar_ids)\n"
        "static const struct btf_kfunc_id_set foo_set = {\n\t.owner = THIS_MODULE,\n\t.set = &foo_ids,\n};\n"
        "static const struct btf_kfunc_id_set bar_set = {\n\t.owner = THIS_MODULE,\n\t.set = &bar_ids,\n};\n"
        f"{array}"
        f"int init(void)\n{{\n\treturn register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, {last});\n}}\n"
    )
    assert [(call.set, call.owner) for call in scanned.registrations] == [
        ("foo_ids", "THIS_MODULE"),
        ("bar_ids", "THIS_MODULE"),
    ]
    assert all(ids.is_kfuncs for ids in scanned.sets)


def test_a_struct_that_the_hunk_cuts_tells_what_it_shows() -> None:
    scanned = one(
        "int init(void)\n{\n\treturn register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &foo_set);\n}\n"
        "static const struct btf_kfunc_id_set foo_set = {\n\t.set = &foo_ids,\n\t.owner = THIS"
    )
    (call,) = scanned.registrations
    assert (call.set, call.owner, call.filter) == ("foo_ids", None, None)


@pytest.mark.parametrize(
    ("statement", "lost"),
    [
        ("register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &foo_set);", True),
        ("ret ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &foo_set);", True),
        ("ret = ret ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &foo_set);", False),
        ("ret |= register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &foo_set);", False),
        ("return ret ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &foo_set);", False),
        ("WARN_ON(register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &foo_set));", False),
        ("if (register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &foo_set))", False),
    ],
)
def test_whether_a_result_is_lost(statement: str, lost: bool) -> None:
    (call,) = one(f"int init(void)\n{{\n\tint ret = 0;\n\t{statement}\n\treturn ret;\n}}\n").registrations
    assert call.result_ignored is lost


def test_a_call_that_loses_what_a_wrapper_returns_is_a_registration() -> None:
    scanned = one(
        "int foo_register(void)\n{\n\treturn register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &foo_set);\n}\n"
        'void bar_register(void)\n{\n\tpr_warn("%d", register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &foo_set));\n}\n'
        "int init(void)\n{\n\tfoo_register();\n\tbar_register();\n\treturn foo_register();\n}\n"
    )
    assert [(call.call, call.at.line) for call in scanned.registrations if call.result_ignored] == [
        ("foo_register", 11)
    ]


def test_places_are_those_of_the_post_image() -> None:
    (entry,) = one("\nBTF_ID_FLAGS(func, bpf_foo,\n\t     KF_A)\n", start=100).entries
    assert (entry.at.line, entry.at.column, entry.at.end_column) == (101, 20, 27)
    assert entry.flags is not None
    assert (entry.flags[0].at.line, entry.flags[0].at.column) == (102, 7)


def test_entries_behind_a_switched_off_branch_and_a_cut_off_comment_are_seen() -> None:
    text = " * the rest of it, isn't it\n */\n#if 0\nBTF_ID_FLAGS(func, bpf_foo)\n#endif\n"
    found = one(text)
    assert [entry.name for entry in found.entries] == ["bpf_foo"]
    assert [comment.whole for comment in found.comments] == [False]


def test_the_end_alone_names_a_set() -> None:
    (entry,) = one("BTF_ID_FLAGS(func, bpf_foo)\nBTF_SET8_END(old_ids)\n").entries
    assert entry.set is not None
    assert (entry.set.name, entry.set.kind) == ("old_ids", "SET8")


def test_entries_of_two_sets_and_of_none() -> None:
    found = one(
        "BTF_KFUNCS_START(a)\nBTF_ID_FLAGS(func, x)\nBTF_KFUNCS_END(a)\n"
        "BTF_KFUNCS_START(b)\nBTF_ID_FLAGS(func, y)\nBTF_KFUNCS_END(b)\nBTF_ID_FLAGS(func, z)\n"
    )
    assert [(entry.name, entry.set and entry.set.name) for entry in found.entries] == [
        ("x", "a"), ("y", "b"), ("z", None),
    ]  # fmt: skip
    assert [known.name for known in found.sets] == ["a", "b"]


def test_entries_made_by_an_x_macro_of_another_file() -> None:
    header = "#define FOO_KFUNCS \\\n\tFOO_KFUNC(ONE, bpf_foo_one, 1) \\\n\tFOO_KFUNC(TWO, bpf_foo_two, 2)\n"
    user = (
        "BTF_KFUNCS_START(ids)\n#define FOO_KFUNC(_, name, __) BTF_ID_FLAGS(func, name, KF_RCU)\n"
        "FOO_KFUNCS\n#undef FOO_KFUNC\nBTF_KFUNCS_END(ids)\n"
    )
    files = scan([source(header, "foo.h"), source(user, "foo.c")])
    entries = [entry for found in files for entry in found.entries]
    assert [(entry.name, flags(entry), entry.macro) for entry in entries] == [
        ("bpf_foo_one", ["KF_RCU"], "FOO_KFUNC"),
        ("bpf_foo_two", ["KF_RCU"], "FOO_KFUNC"),
    ]
    assert [(entry.at.path, entry.at.line, entry.at.column) for entry in entries] == [
        ("foo.h", 2, 17),
        ("foo.h", 3, 17),
    ]
    assert {entry.set.name for entry in entries if entry.set} == {"ids"}


def test_registrations_find_their_set() -> None:
    found = one(
        "BTF_KFUNCS_START(ids)\nBTF_ID_FLAGS(func, x)\nBTF_KFUNCS_END(ids)\n"
        "static const struct btf_kfunc_id_set set = {\n\t.owner = THIS_MODULE,\n\t.set = &ids,\n};\n"
        "ret = register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &set);\n"
        "ret = ret ?: register_btf_fmodret_id_set(&other);\n"
    )
    assert [(known.call, known.program_type, known.set) for known in found.registrations] == [
        ("register_btf_kfunc_id_set", "BPF_PROG_TYPE_XDP", "ids"),
        ("register_btf_fmodret_id_set", "", None),
    ]
    assert [known.program_type for known in found.sets[0].registrations] == ["BPF_PROG_TYPE_XDP"]
    assert not found.sets[0].is_fmodret


@pytest.mark.parametrize(
    "piece",
    [
        "BTF_ID_FLAGS(",
        "/*",
        "btf_kfunc_id_set x = {",
        "#define X(a) BTF_ID_FLAGS(",
        "#if X",
        "BTF_KFUNCS_START(a)",
        '"',
        "(",
    ],
)
def test_junk_is_scanned_to_its_end(piece: str) -> None:
    assert not one((piece + "\n") * 50_000).entries


@pytest.mark.parametrize(
    "text",
    [
        "int register_btf_kfunc_id_set(enum bpf_prog_type prog_type, const struct btf_kfunc_id_set *kset);\n",
        "int register_btf_fmodret_id_set(const struct btf_kfunc_id_set *kset)\n{\n\treturn 0;\n}\n",
    ],
)
def test_a_prototype_is_no_registration(text: str) -> None:
    assert not one(text).registrations


SET = "BTF_KFUNCS_START(ids)\nBTF_ID_FLAGS(func, x, KF_A)\nBTF_KFUNCS_END(ids)\n"
STRUCT = "static const struct btf_kfunc_id_set set = {\n\t.owner = THIS_MODULE,\n\t.set = &ids,\n};\n"
INIT = "static int __init init(void)\n{\n\treturn register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &set);\n}\n"


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        (SET, True),
        (SET.replace("KF_A)", "KF_A);"), True),
        (SET.replace("BTF_ID_FLAGS", "#ifdef CONFIG_X\nBTF_ID_FLAGS").replace("KF_A)", "KF_A)\n#endif"), True),
        (SET.replace("BTF_ID_FLAGS", "MORE_KFUNCS\nBTF_ID_FLAGS"), False),
        (SET.replace("BTF_KFUNCS_END(ids)\n", ""), False),
        (SET.replace("BTF_KFUNCS_START(ids)\n", ""), False),
    ],
)
def test_a_set_knows_whether_it_is_whole(text: str, whole: bool) -> None:
    (known,) = one(text).sets
    assert known.is_complete == whole
    assert [listing.name for listing in known.entries] == ["x"]


def test_the_two_ends_of_a_set_in_two_hunks_make_one() -> None:
    ranges = [
        VisibleRange(start, tuple(Line(line) for line in lines))
        for start, lines in (
            (10, ("BTF_KFUNCS_START(ids)", "BTF_ID_FLAGS(func, x)")),
            (90, ("BTF_ID_FLAGS(func, y)", "BTF_KFUNCS_END(ids)")),
        )
    ]
    (found,) = scan([PostImage("a.c", tuple(ranges))])
    (known,) = found.sets
    assert ([listing.name for listing in known.entries], known.at.line, known.is_complete) == (["x", "y"], 10, False)


@pytest.mark.parametrize(
    ("text", "hooks"),
    [
        (SET + STRUCT + INIT, ("BPF_PROG_TYPE_XDP",)),
        (SET + STRUCT.replace("static ", "") + INIT, None),
        (SET + STRUCT + INIT.replace("}\n", ""), None),
        (SET + STRUCT + INIT.replace("BPF_PROG_TYPE_XDP", "types[i]"), None),
        (SET + INIT, None),
    ],
)
def test_hooks_are_known_only_when_none_can_be_out_of_view(text: str, hooks: tuple[str, ...] | None) -> None:
    (known,) = one(text).sets
    assert known.program_types == hooks


@pytest.mark.parametrize(
    ("struct", "owner", "filter_"),
    [
        (STRUCT, "THIS_MODULE", ""),
        (STRUCT.replace("\t.owner = THIS_MODULE,\n", "\t.filter = f,\n"), "", "f"),
        ("", None, None),
    ],
)
def test_a_registration_knows_owner_and_filter(struct: str, owner: str | None, filter_: str | None) -> None:
    (known,) = one(SET + struct + INIT).registrations
    assert (known.owner, known.filter, known.in_module) == (owner, filter_, False)
    assert one(SET + struct + INIT + 'MODULE_LICENSE("GPL");\n').registrations[0].in_module


@pytest.mark.parametrize(
    ("statement", "ignored"),
    [
        ("x = 1;\n%s;", True),
        ("{\n%s;", True),
        ("return %s;", False),
        ("ret = ret ?: %s;", False),
        ("if (%s)\n\treturn;", False),
        ("(void)%s;", False),
        ("%s;", False),  # what stands in front is out of view
    ],
)
def test_a_registration_knows_whether_its_result_is_ignored(statement: str, ignored: bool) -> None:
    (known,) = one(statement % "register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &set)").registrations
    assert known.result_ignored == ignored


def test_sets_of_one_name_in_two_files_are_two() -> None:
    first, second = scan([source(SET + STRUCT + INIT, "a.c"), source(SET, "b.c")])
    assert [len(found.sets[0].registrations) for found in (first, second)] == [1, 0]
    assert second.sets[0].program_types is None


def test_plain_ids_in_a_set_are_strays() -> None:
    lists = "BTF_ID_LIST(types)\nBTF_ID(struct, s)\n"
    (known,) = one(lists + SET.replace("BTF_KFUNCS_END", "BTF_ID(func, y)\nBTF_KFUNCS_END") + lists).sets
    assert [(stray.line, stray.column) for stray in known.unflagged_ids] == [(5, 1)]


def test_an_entry_knows_the_other_sets_that_list_its_kfunc() -> None:
    found = one(SET + SET.replace("ids", "more").replace("KF_A", "KF_B") + "BTF_ID_FLAGS(func, x, KF_C)\n")
    twins = [
        [(ids.name, [flag.name for flag in twin.flags or ()]) for ids, twin in e.other_entries] for e in found.entries
    ]
    assert twins == [[("more", ["KF_B"])], [("ids", ["KF_A"])], [("ids", ["KF_A"]), ("more", ["KF_B"])]]


@pytest.mark.parametrize(
    ("above", "expected"),
    [
        ("", ()),
        ("#ifdef CONFIG_A\n", ("CONFIG_A",)),
        ("#if defined(CONFIG_A)\n# if IS_ENABLED(CONFIG_B)\n", ("CONFIG_A", "CONFIG_B")),
        ("#ifndef CONFIG_A /* why */\n", ("!CONFIG_A",)),
        ("#ifdef CONFIG_A\n#else\n", ("!CONFIG_A",)),
        ("#ifdef CONFIG_A\n#elif defined(CONFIG_B)\n", ("elif 2",)),
        ("#ifdef CONFIG_A\n#endif\n", ()),
    ],
)
def test_an_entry_knows_the_conditions_around_it(above: str, expected: tuple[str, ...]) -> None:
    (entry,) = one(above + "BTF_ID_FLAGS(func, x)\n").entries
    assert entry.condition == expected


def test_conditions_above_a_hunk_are_unknown() -> None:
    text = "BTF_ID_FLAGS(func, a)\n#ifdef CONFIG_A\nBTF_ID_FLAGS(func, b)\n#endif\n#endif\nBTF_ID_FLAGS(func, c)\n"
    conditions = [entry.condition for entry in one(text, start=100).entries]
    assert conditions == [("?100",), ("?100", "CONFIG_A"), ("?104",)]
