"""What the text around a definition tells: places of the header, the macros around it, destructors."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kfunclint.clang import Parser
from kfunclint.extract.facts import extract
from kfunclint.extract.sets import scan
from kfunclint.facts.kfunc import Kfunc
from kfunclint.patch.postimage import Line, PostImage, VisibleRange

Kfuncs = Callable[..., tuple[Kfunc, ...]]
BODY = "\n{\n\treturn 0;\n}\n"


@pytest.fixture
def kfuncs(parser: Parser) -> Kfuncs:
    """The kfuncs of a text that begins at a line of its file; `more` are other files by path."""

    def read(text: str, start: int = 1, more: dict[str, str] | None = None) -> tuple[Kfunc, ...]:
        files = {"a.c": text, **(more or {})}
        sources = [
            PostImage(path, (VisibleRange(start, tuple(Line(line) for line in content.rstrip("\n").split("\n"))),))
            for path, content in files.items()
        ]
        units = {"a.c": parser.parse(sources[0])}
        return extract([], None, sources, scan(sources), units).by_type(Kfunc)

    return read


def test_places_of_a_header(kfuncs: Kfuncs) -> None:
    text = (
        f"__bpf_kfunc const struct foo *\nbpf_foo(struct task *task, u64 flags,\n\tint (*call)(struct call *x)){BODY}"
    )
    (found,) = kfuncs(text)
    assert found.signature.is_exact
    assert found.signature.return_place is not None
    assert (
        found.signature.return_place.line,
        found.signature.return_place.column,
        found.signature.return_place.end_column,
    ) == (1, 13, 31)
    assert [(one.at.line, one.at.column) for one in found.signature.parameters if one.at] == [(2, 22), (2, 32), (3, 8)]
    assert found.signature.parameters[0].at is not None
    assert found.signature.parameters[0].at.end_column == 26


@pytest.mark.parametrize(
    "parameters",
    [
        "void",
        "",
        "u32 a, ...",
        "unsigned a",
        "foo_t a",
        "struct foo __user *a",
        "bool (less)(struct foo *a)",
        "u8 a[4]",
    ],
)
def test_headers_that_are_understood(kfuncs: Kfuncs, parameters: str) -> None:
    (found,) = kfuncs(f"__bpf_kfunc int bpf_foo({parameters}){BODY}")
    assert found.signature.is_exact
    assert len(found.signature.parameters) == (parameters not in ("void", ""))
    assert found.signature.is_variadic == ("..." in parameters)


def test_a_header_made_by_a_macro_is_not_relied_on(kfuncs: Kfuncs) -> None:
    (found,) = kfuncs(f"#define TWO int a, int b\n__bpf_kfunc int bpf_foo(TWO){BODY}")
    assert not found.signature.is_exact
    assert not found.is_called


@pytest.mark.parametrize("words", ["__bpf_kfunc ", "static ", "__bpf_kfunc static inline "])
def test_a_type_above_the_hunk_is_unknown_and_not_the_int_of_c(kfuncs: Kfuncs, words: str) -> None:
    set_ = "BTF_KFUNCS_START(ids)\nBTF_ID_FLAGS(func, bpf_foo)\nBTF_KFUNCS_END(ids)\n"
    (found,) = kfuncs(f"{words}bpf_foo(u32 a){BODY}{set_}", start=20)
    assert found.signature.return_type is None
    assert not found.signature.returns_no_pointer
    assert not found.signature.returns_no_struct
    assert not found.signature.is_exact


def test_a_header_that_may_begin_above_the_hunk_is_not_relied_on(kfuncs: Kfuncs) -> None:
    text = f"int bpf_foo(u32 a){BODY}BTF_KFUNCS_START(ids)\nBTF_ID_FLAGS(func, bpf_foo)\nBTF_KFUNCS_END(ids)\n"
    assert [found.signature.is_exact for found in kfuncs(text, start=20)] == [False]
    assert [found.signature.is_exact for found in kfuncs(text, start=1)] == [True]
    assert [found.signature.is_exact for found in kfuncs(f"}}\n{text}", start=20)] == [True]


@pytest.mark.parametrize(
    ("before", "after", "start", "expected"),
    [
        ("__bpf_kfunc_start_defs();\n", "", 9, True),
        ("", "__bpf_kfunc_end_defs();\n", 9, True),
        ("__bpf_kfunc_end_defs();\n", "", 9, False),
        ("", "__bpf_kfunc_start_defs();\n", 9, False),
        ("int a;\n", "int b;\n", 9, None),
        ("int a;\n", "int b;\n", 1, False),
        ("__bpf_hook_start();\n", "", 9, True),
        ('__diag_push();\n__diag_ignore_all("-Wmissing-prototypes", "x");\n', "", 9, True),
        ('__diag_push();\n__diag_ignore_all("-Wunused", "x");\n', "", 9, None),
        ('__diag_push();\n__diag_ignore_all("-Wmissing-prototypes", "x");\n__diag_pop();\n', "", 9, None),
    ],
)
def test_definitions_between_macros(kfuncs: Kfuncs, before: str, after: str, start: int, expected: bool | None) -> None:
    (found,) = kfuncs(f"{before}__bpf_kfunc int bpf_foo(void){BODY}{after}", start=start)
    assert found.defs_region.inside is expected
    assert bool(found.defs_region.by_hand) == (expected is True and "__diag" in before)


PUSH, MISSING = "__diag_push();\n", '__diag_ignore_all("-Wmissing-prototypes", "x");\n'


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        (PUSH + MISSING, "__diag_pop();\n", [2]),
        (PUSH + '__diag_ignore(GCC, 8, "-Wmissing-declarations",\n\t"x");\n' + MISSING, "__diag_pop();\n", [2, 3, 4]),
        (PUSH + MISSING, "", []),
        (PUSH + MISSING + '__diag_ignore_all("-Wunused", "x");\n', "__diag_pop();\n", []),
        (PUSH + "/* why */\n" + MISSING, "__diag_pop();\n", []),
        (PUSH + MISSING[:-1] + " int a;\n", "__diag_pop();\n", []),
    ],
)
def test_what_is_written_by_hand_and_nothing_else(kfuncs: Kfuncs, before: str, after: str, lines: list[int]) -> None:
    (found,) = kfuncs(f"{before}__bpf_kfunc int bpf_foo(void){BODY}{after}", start=1)
    region = found.defs_region
    assert region.by_hand is not None
    assert [at.line for at in region.by_hand.ignores] == lines
    assert bool(region.by_hand.pop) == bool(lines)


def test_definitions_between_hunks_of_what_is_written_by_hand(parser: Parser) -> None:
    texts = {
        10: '__diag_push();\n__diag_ignore_all("-Wmissing-prototypes", "x");\n',
        20: f"}}\n__bpf_kfunc int bpf_foo(void){BODY}",
        40: "__diag_pop();\n",
        50: f"}}\n__bpf_kfunc int bpf_bar(void){BODY}",
    }
    ranges = [VisibleRange(start, tuple(map(Line, text.rstrip("\n").split("\n")))) for start, text in texts.items()]
    source = PostImage("a.c", tuple(ranges))
    found = extract([], None, [source], scan([source]), {"a.c": parser.parse(source)}).by_type(Kfunc)
    assert [(kfunc.name, kfunc.defs_region.by_hand and kfunc.defs_region.by_hand.push.line) for kfunc in found] == [
        ("bpf_foo", 10),
        ("bpf_bar", None),
    ]


def test_a_declaration_in_another_file_is_seen(kfuncs: Kfuncs) -> None:
    text = f"__bpf_kfunc int bpf_foo(void){BODY}"
    assert [found.defs_region.has_prototype for found in kfuncs(text, more={"a.h": "int bpf_foo(void);\n"})] == [True]
    assert [
        found.defs_region.has_prototype
        for found in kfuncs(text, more={"b.c": "\tx();\n\tbpf_foo();\n\treturn bpf_foo();\n"})
    ] == [False]


def test_destructors(kfuncs: Kfuncs) -> None:
    text = (
        f"void foo_dtor(void *foo){BODY}void other(void *foo){BODY}"
        "BTF_ID_LIST(ids)\nBTF_ID(struct, foo)\nBTF_ID(func, foo_dtor)\n"
        "BTF_ID_LIST(others)\nBTF_ID(struct, foo)\nBTF_ID(func, other)\n"
        "const struct btf_id_dtor_kfunc dtors[] = {\n\t{ .btf_id = ids[0], .kfunc_btf_id = ids[1] },\n};\n"
    )
    (found,) = kfuncs(text)
    assert found.destructor is not None
    assert (found.name, found.destructor.object, found.destructor.at.line) == ("foo_dtor", "foo", 11)
    assert not found.is_called


def test_what_programs_call(kfuncs: Kfuncs) -> None:
    text = f"int bpf_foo(void){BODY}BTF_%s_START(ids)\nBTF_ID_FLAGS(func, bpf_foo)\nBTF_%s_END(ids)\n"
    struct = "static const struct btf_kfunc_id_set set = {\n\t.set = &ids,\n};\n"
    register = "int x = register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &set);\n"
    hooks = "int x = register_btf_fmodret_id_set(&set);\n"
    kfuncs_set, set8 = text.replace("%s", "KFUNCS"), text.replace("%s", "SET8")
    called = [[one.is_called for one in kfuncs(code)] for code in (kfuncs_set, set8, set8 + struct + register)]
    assert called == [[True], [False], [True]]
    assert not kfuncs(kfuncs_set + struct + hooks)


def test_what_the_series_teaches_the_verifier_is_left_alone(kfuncs: Kfuncs) -> None:
    text = f"__bpf_kfunc int bpf_foo(void *x){BODY}"
    (found,) = kfuncs(text, more={"kernel/bpf/verifier.c": 'BTF_ID(func, bpf_foo)\nx = "__foo";\n'})
    assert not found.is_called
    assert '"__foo"' in found.series.verifier_words


def test_files_that_break_the_contract_on_purpose_give_no_kfunc(parser: Parser) -> None:
    lines = tuple(Line(line) for line in f"__bpf_kfunc int bpf_foo(void){BODY}".split("\n"))
    for path, count in (("tools/testing/selftests/bpf/a.c", 0), ("net/bpf/test_run.c", 0), ("net/a.c", 1)):
        source = PostImage(path, (VisibleRange(1, lines),))
        assert len(extract([], None, [source], scan([source]), {path: parser.parse(source)}).by_type(Kfunc)) == count


@pytest.mark.parametrize("piece", ["__bpf_kfunc f(", "__diag_push();", "__bpf_kfunc_end_defs();", "BTF_ID_LIST(", "f("])
def test_junk_is_read_to_its_end(kfuncs: Kfuncs, piece: str) -> None:
    assert not kfuncs((piece + "\n") * 5_000)
