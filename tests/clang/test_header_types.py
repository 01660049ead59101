"""Types from the headers of a tree: a small one of our own, as a folder and file by file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import pytest

from kfunclint.c.syntax import Type, Unit
from kfunclint.clang import Parser, confine, header_request
from kfunclint.errors import InputError
from kfunclint.patch.postimage import Line, PostImage, VisibleRange

KFUNCS = "kernel/shelf/kfuncs.c"
TREE = {
    "Makefile": "VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 3\n",
    "include/linux/kconfig.h": "#include <generated/autoconf.h>\n",
    "include/linux/compiler_types.h": "#define __bpf_kfunc __attribute__((__used__))\n",
    "include/asm-generic/Kbuild": "mandatory-y += shelf.h\nmandatory-y += own.h\n",
    "include/asm-generic/shelf.h": "typedef unsigned short shelf_id_t;\n",
    "include/asm-generic/own.h": "typedef char own_t[3];\n",
    "arch/x86/include/asm/Kbuild": "# nothing\n",
    "arch/x86/include/asm/own.h": "#include_next <asm/own.h>\n",
    "arch/x86/include/uapi/asm/own.h": "typedef char own_t[5];\n",
    "include/linux/shelf.h": """\
#include <asm/shelf.h>
#include <asm/own.h>
#include <linux/version.h>

typedef struct shelf_pair { int a, b; } pair_t;
typedef struct shelf *shelf_ref_t;
enum shelf_sign { SHELF_LESS = -1, SHELF_MORE = 1 };
enum shelf_plain { SHELF_ONE };
extern unsigned char shelf_rows, shelf_hidden;

struct shelf_iter {
	unsigned long long __opaque[2];
} __attribute__((__aligned__(8)));

struct shelf_nested {
	struct { pair_t pairs; };
	enum shelf_sign sign;
	int numbers[LINUX_VERSION_MAJOR];
};

struct shelf_deep { struct { struct { struct { struct { int a; } d; } c; } b; } a; };
struct shelf_pointer { pair_t pair; void *p; };
struct shelf_flexible { int n; int more[]; };
struct shelf_pairs { pair_t pairs[2]; };
struct shelf_broken { int a; unknown_t b; };
struct shelf_holder { int a; struct shelf_broken b; };
struct shelf_odd { int a unknown_attribute; int b; };
typedef unknown_t shelf_vague_t;
#ifdef CONFIG_BPF_SYSCALL
struct shelf_optional { int a; };
#endif
#ifdef SHELF_FROM_BUILD
#include "from_build.h"
#endif
""",
    "kernel/shelf/Makefile": "obj-y += other.o main.o\n",
    "kernel/shelf/other.c": "int other;\n",
    "kernel/shelf/main.c": '#include <linux/shelf.h>\n#include "local.h"\n#include "kfuncs.c"\n',
    "kernel/shelf/local.h": "struct shelf_local { char name[16]; };\n",
    "kernel/shelf/kfuncs.c": "",
    "drivers/shelf/from_build.h": "struct shelf_from_build { int a[SHELF_FROM_BUILD]; };\n",
}


class Folder(NamedTuple):
    """The files of a folder, read one by one; `root` only if the worker may read them itself."""

    path: Path
    root: Path | None

    def read(self, path: str) -> bytes | None:
        assert ".." not in path
        assert not path.startswith("/")
        file = (self.path / path).resolve()
        return file.read_bytes() if file.is_relative_to(self.path) and file.is_file() else None


@pytest.fixture(params=["disk", "memory"])
def tree(request: pytest.FixtureRequest, tmp_path: Path) -> Folder:
    root = tmp_path / "linux"
    for path, text in TREE.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return Folder(root, root if request.param == "disk" else None)


def whole(path: str, text: str) -> PostImage:
    return PostImage(path, (VisibleRange(1, tuple(Line(line) for line in text.splitlines())),), whole=True)


def unit(parser: Parser, tree: Folder, parameter: str, *series: PostImage) -> Unit:
    """The Unit of a file with one kfunc that takes one parameter."""
    source = whole(
        KFUNCS, f"/* the last shelf */\n__bpf_kfunc void *bpf_shelf_last({parameter})\n{{\n\treturn 0;\n}}\n"
    )
    return parser.with_types(parser.parse(source), source, tree, series)


def type_of(parser: Parser, tree: Folder, parameter: str, *series: PostImage) -> Type | None:
    """The type of the parameter; None if only that is unknown."""
    found = unit(parser, tree, parameter, *series)
    assert found.types is not None
    assert found.types["void *"].target == Type("void", None, None, None, None, None)
    return found.types.get(found.functions[0].parameters[0].type)


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        ("int n", Type("integer", 4, True, None, None, None)),
        ("const unsigned char n", Type("integer", 1, False, None, None, None)),
        ("_Bool on", Type("integer", 1, False, None, None, None)),
        ("shelf_id_t id", Type("integer", 2, False, None, None, None)),
        ("enum shelf_sign sign", Type("enum", 4, True, None, None, None)),
        ("enum shelf_plain plain", Type("enum", 4, False, None, None, None)),
        ("double d", Type("float", 8, None, None, None, None)),
        ("pair_t pair", Type("struct", 8, None, None, True, None)),
    ],
)
def test_values(parser: Parser, tree: Folder, parameter: str, expected: Type) -> None:
    assert type_of(parser, tree, parameter) == expected


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        ("struct shelf_iter *it", ("struct", 16, True)),
        ("const pair_t *pair", ("struct", 8, True)),
        ("struct shelf_nested *n", ("struct", 36, True)),
        ("struct shelf_deep *d", ("struct", 4, False)),
        ("struct shelf_pointer *p", ("struct", 16, False)),
        ("struct shelf_flexible *f", ("struct", 4, False)),
        ("struct shelf_pairs *p", ("struct", 16, False)),
        ("struct shelf_local *l", ("struct", 16, True)),
        ("struct shelf_optional *o", ("struct", 4, True)),
        ("struct shelf *s", ("struct", None, None)),
        ("shelf_ref_t s", ("struct", None, None)),
        ("int (*call)(void)", ("function", None, None)),
    ],
)
def test_pointers(parser: Parser, tree: Folder, parameter: str, expected: tuple[object, ...]) -> None:
    found = type_of(parser, tree, parameter)
    assert found is not None
    assert found.target is not None
    assert (found.kind, found.size) == ("pointer", 8)
    assert (found.target.kind, found.target.size, found.target.scalars) == expected


def test_arrays(parser: Parser, tree: Folder) -> None:
    char = Type("integer", 1, True, None, None, None)
    assert type_of(parser, tree, "own_t name") == Type("array", 5, None, 5, True, char)


@pytest.mark.parametrize(
    "parameter", ["struct shelf_broken *b", "struct shelf_holder *h", "struct shelf_odd *o", "shelf_vague_t *v"]
)
def test_an_error_in_a_type_makes_it_unknown(parser: Parser, tree: Folder, parameter: str) -> None:
    found = type_of(parser, tree, parameter)
    assert found == Type("pointer", 8, None, None, None, None)


def test_names_that_a_body_compares_with(parser: Parser, tree: Folder) -> None:
    tests = "i < SHELF_ONE || i > shelf_rows || SHELF_LARGE <= i || i >= shelf_none || i > own || i > shelf_hidden"
    text = (
        "#include <linux/shelf.h>\n"
        f"__bpf_kfunc int bpf_shelf_last(int i, int own)\n{{\n\treturn {tests};\n}}\n"
        "__bpf_kfunc int bpf_shelf_hides(int shelf_hidden)\n{\n\treturn 0;\n}\n"
        "#define SHELF_LARGE 5000000000\n"
    )
    source = whole(KFUNCS, text)
    found = parser.with_types(parser.parse(source), source, tree).types
    assert found is not None
    assert {name: (one.size, one.signed) for name, one in found.items()} == {
        "int": (4, True),
        "SHELF_ONE": (4, True),
        "shelf_rows": (1, False),
        "SHELF_LARGE": (8, True),
    }


def test_what_is_too_large_is_unknown(parser: Parser, tree: Folder) -> None:
    fields = " ".join(f"int field_{number};" for number in range(600))
    changed = whole("kernel/shelf/local.h", f"struct shelf_local {{ {fields} }};\n")
    assert type_of(parser, tree, "struct shelf_local *l", changed) == Type("pointer", 8, None, None, None, None)


def test_headers_of_the_series_go_first(parser: Parser, tree: Folder) -> None:
    changed = whole("kernel/shelf/local.h", "struct shelf_local { char name[32]; };\n")
    found = type_of(parser, tree, "struct shelf_local *l", changed)
    assert found is not None
    assert found.target is not None
    assert found.target.size == 32


def test_hunks_have_no_types(parser: Parser, tree: Folder) -> None:
    source = PostImage(KFUNCS, (VisibleRange(1, (Line("__bpf_kfunc int bpf_shelf_one(void)"),)),))
    assert parser.with_types(parser.parse(source), source, tree).types is None


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files of the tree that are read one by one."""
    paths: list[str] = []
    honest = Folder.read

    def reading(folder: Folder, path: str) -> bytes | None:
        paths.append(path)
        return honest(folder, path)

    monkeypatch.setattr(Folder, "read", reading)
    return paths


def test_without_landlock_no_folder_is_opened(
    parser: Parser, tree: Folder, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confine, "can_leave_a_folder", lambda: False)
    assert type_of(parser, tree, "shelf_id_t id") is not None
    assert "include/linux/shelf.h" in read


# ---- what cannot be parsed


def test_what_a_header_asks_for_is_bounded(
    parser: Parser, tree: Folder, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(header_request, "MAX_READS", 200)
    break_header(tree, "".join(f"#include <linux/gone_{number}.h>\n" for number in range(1000)))
    unit(parser, tree, "int n")
    assert len(read) <= 200


class Unreadable(NamedTuple):
    """A tree with a file that cannot be read."""

    files: Folder
    file: str
    root: None = None

    def read(self, path: str) -> bytes | None:
        if path == self.file:
            raise InputError(path, None, "it changes while it is read")
        return self.files.read(path)


@pytest.mark.parametrize(("file", "known"), [("include/linux/shelf.h", False), ("compile_commands.json", True)])
def test_a_file_that_cannot_be_read(parser: Parser, tree: Folder, file: str, known: bool) -> None:
    source = whole(KFUNCS, "__bpf_kfunc int bpf_shelf_one(int n)\n{\n\treturn n;\n}\n")
    found = parser.with_types(parser.parse(source), source, Unreadable(tree, file))
    assert (found.types is not None) is known


def break_header(tree: Folder, line: str) -> None:
    (tree.path / "kernel/shelf/local.h").write_text(line + "\nstruct shelf_local { secret_t name[16]; };\n")


@pytest.mark.parametrize("include", ["<linux/gone.h>", '"gone.h"'])
def test_a_missing_header(parser: Parser, tree: Folder, include: str) -> None:
    break_header(tree, f"#include {include}")
    assert unit(parser, tree, "int n").types is None


@pytest.mark.parametrize(
    "how", ["../../../secret.h", "{absolute}", "/proc/self/cwd/secret.h", "link.h", "folder/secret.h"]
)
def test_nothing_outside_of_the_tree_is_read(parser: Parser, tree: Folder, how: str) -> None:
    secret = tree.path.parent / "secret.h"
    secret.write_text("typedef char secret_t;\n")
    (tree.path / "kernel/shelf/link.h").symlink_to(secret)
    (tree.path / "kernel/shelf/folder").symlink_to(tree.path.parent)
    break_header(tree, f'#include "{how.format(absolute=secret)}"')
    assert unit(parser, tree, "int n").types is None


def test_links_within_the_tree(parser: Parser, tree: Folder) -> None:
    (tree.path / "kernel/shelf/real.h").write_text("typedef char secret_t;\n")
    (tree.path / "kernel/shelf/link.h").symlink_to("real.h")
    break_header(tree, '#include "link.h"')
    found = type_of(parser, tree, "struct shelf_local *l")
    assert found is not None
    assert found.target == Type("struct", 16, None, None, True, None)


def test_the_parser_survives_a_tree_that_kills_it(parser: Parser, tree: Folder) -> None:
    break_header(tree, f"int x[{'-' * 500_000}1];")
    unit(parser, tree, "int n")
    (tree.path / "kernel/shelf/local.h").write_text("\n")
    assert type_of(parser, tree, "int n") is not None


# ---- compile_commands.json


def recorded(tree: Folder, **entry: object) -> None:
    entries = [{"directory": "/build", "file": "/build/a.c", "command": "cc -DSHELF_FROM_BUILD=9"}]
    (tree.path / "compile_commands.json").write_text(json.dumps([*entries, {"directory": "/build", **entry}]))


@pytest.mark.parametrize(
    "entry",
    [
        {"file": "kernel/shelf/main.c", "command": "cc -Idrivers/shelf -D 'SHELF_FROM_BUILD=(1 + 2)' -o x.o"},
        {"file": "/build/kernel/shelf/main.c", "arguments": ["cc", "-I", "./drivers/shelf", "-DSHELF_FROM_BUILD=3"]},
    ],
)
def test_flags_of_a_build(parser: Parser, tree: Folder, entry: dict[str, object]) -> None:
    recorded(tree, **entry)
    found = type_of(parser, tree, "struct shelf_from_build *b")
    assert found is not None
    assert found.target is not None
    assert found.target.size == 12


@pytest.mark.parametrize(
    "flag", ["-I/drivers/shelf", "-I../drivers/shelf", "-include kernel/shelf/local.h", "-fplugin=x"]
)
def test_other_flags_of_a_build_are_not_taken(parser: Parser, tree: Folder, flag: str) -> None:
    recorded(tree, file="kernel/shelf/main.c", command=f"cc {flag} -DSHELF_FROM_BUILD=3")
    assert unit(parser, tree, "int n").types is None


@pytest.mark.parametrize(
    "text",
    ["", "{", "[1]", "{}", '[{"directory": 1, "file": "x"}]', '[{"directory": "/", "file": "a.c"}]', "[" * 100_000],
)
def test_a_damaged_record_of_a_build(parser: Parser, tree: Folder, text: str) -> None:
    (tree.path / "compile_commands.json").write_text(text)
    assert type_of(parser, tree, "int n") is not None
