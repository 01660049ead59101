"""What a kernel tree has otherwise than rules/tables/: small trees that differ from Linux 6.12 in one row each."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from trees import write

from kfunclint.errors import InputError
from kfunclint.kernel.evidence import dated_words
from kfunclint.kernel.flags import flag_rows
from kfunclint.kernel.release import Release
from kfunclint.kernel.suffixes import suffixes
from kfunclint.knowledge import differences, sources
from kfunclint.resources import table

SHELF = Release(6, 12)
HOOKS = "static int bpf_prog_type_to_kfunc_hook(enum bpf_prog_type prog_type)\n{\n\tswitch (prog_type) {\n"


def tree() -> dict[str, str]:
    """The sources of a kernel that is just what the tables say of 6.12."""
    flags = "".join(
        f"#define {name}\t(1 << {table('flags')[name]['bit']}) /* a flag */\n"
        for name, row in flag_rows().items()
        if row.releases.hold(SHELF)
    )
    macros = [name for name, bounds in dated_words().items() if bounds.hold(SHELF) and not name.startswith("KF_")]
    read = [
        name for name, row in suffixes().items() if row.since <= SHELF and (row.until is None or row.until >= SHELF)
    ]
    cases = "".join(
        f"\tcase BPF_PROG_TYPE_{name}:\n\t\treturn BTF_KFUNC_HOOK_{row['hook']};\n"
        for name, row in table("hooks").items()
        if "since" in row and Release.parse(row["since"]) <= SHELF
    )
    return {
        "Kbuild": "",
        "Makefile": "VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 7\nEXTRAVERSION =\n",
        sources.BTF: f"/* flags */\n{flags}",
        sources.BTF_IDS: "".join(f"#define {name}(x)\n" for name in macros),
        sources.BTF_C: f"int before;\n{HOOKS}{cases}\tdefault:\n\t\treturn BTF_KFUNC_HOOK_MAX;\n\t}}\n}}\n",
        sources.VERIFIER: "".join(f'\treturn btf_param_match_suffix(btf, arg, "{name}");\n' for name in read)
        + "BTF_ID_LIST(kf_arg_btf_ids)\nBTF_ID(struct, bpf_dynptr)\n\nBTF_ID_LIST(special_kfunc_list)\n"
        "BTF_ID(func, bpf_obj_new_impl)\n#ifdef CONFIG_NET\nBTF_ID(func, bpf_xdp_pull_data)\n#else\nBTF_ID_UNUSED\n"
        "#endif\n\nstatic bool can_be_sleepable(struct bpf_prog *prog)\n{\n"
        "\treturn prog->type == BPF_PROG_TYPE_LSM;\n}\n",
        "scripts/kernel-doc": 'emit_warning("${file}:$.", "bad line: $_");\n',
        sources.SPELLING: "# mistake||correction\nrecieve||receive\n",
    }


def told(files: dict[str, str], path: Path) -> list[str]:
    write(path, files)
    return differences.of_tree(path)


def test_a_tree_that_is_as_the_tables_say(tmp_path: Path) -> None:
    assert told(tree(), tmp_path) == []


@pytest.mark.parametrize(
    ("path", "old", "new", "line"),
    [
        (
            sources.BTF,
            "/* flags */",
            "#define KF_SHELVED (1 << 30)",
            "include/linux/btf.h:1: KF_SHELVED: no row in rules/tables/flags.toml",
        ),
        (
            sources.BTF,
            "/* flags */",
            "#define KF_IMPLICIT_ARGS (1 << 16)",
            "include/linux/btf.h:1: KF_IMPLICIT_ARGS: rules/tables/flags.toml has it since 7.0",
        ),
        (
            sources.BTF,
            "#define KF_RCU\t(1 << 7) /* a flag */\n",
            "",
            "include/linux/btf.h: no KF_RCU: rules/tables/flags.toml has it since 6.2",
        ),
        (
            sources.BTF,
            "KF_RCU\t(1 << 7)",
            "KF_RCU\t(KF_ACQUIRE)",
            "include/linux/btf.h:8: KF_RCU is (KF_ACQUIRE): bit 7 in rules/tables/flags.toml",
        ),
        (
            sources.BTF_IDS,
            "#define BTF_ID_FLAGS(x)\n",
            "#define BTF_ID_FLAGS(x)\n#define BTF_SHELF_START(x)\n",
            "include/linux/btf_ids.h:4: BTF_SHELF_START: no row in rules/tables/macros.toml",
        ),
        (
            sources.VERIFIER,
            '"__sz"',
            '"__shelf"',
            "kernel/bpf/verifier.c:1: __shelf: no row in rules/tables/suffixes.toml",
        ),
        (
            sources.VERIFIER,
            '\treturn btf_param_match_suffix(btf, arg, "__opt");\n',
            "",
            "kernel/bpf/verifier.c: no __opt: rules/tables/suffixes.toml has it since 6.4 up to 6.19",
        ),
        (
            sources.BTF_C,
            "HOOK_XDP;\n",
            "HOOK_XDP;\n\tcase BPF_PROG_TYPE_SHELF:\n\t\treturn BTF_KFUNC_HOOK_SHELF;\n",
            "kernel/bpf/btf.c:9: SHELF: no row in rules/tables/hooks.toml",
        ),
        (
            sources.BTF_C,
            "HOOK_XDP;\n",
            "HOOK_XDP;\n\tcase BPF_PROG_TYPE_EXT:\n\t\treturn BTF_KFUNC_HOOK_TC;\n",
            "kernel/bpf/btf.c:9: EXT: absent up to 7.3 in rules/tables/hooks.toml",
        ),
        (
            sources.BTF_C,
            "HOOK_XDP;",
            "HOOK_TC;",
            "kernel/bpf/btf.c:7: XDP has the hook TC: XDP in rules/tables/hooks.toml",
        ),
        (
            sources.BTF_C,
            "\tcase BPF_PROG_TYPE_XDP:\n",
            "",
            "kernel/bpf/btf.c: no hook for XDP: since 6.1 in rules/tables/hooks.toml",
        ),
        (
            sources.VERIFIER,
            "BPF_PROG_TYPE_LSM;",
            "BPF_PROG_TYPE_XDP;",
            "programs of XDP may sleep: not so in rules/tables/hooks.toml",
        ),
        (
            sources.VERIFIER,
            "BTF_ID_UNUSED\n",
            "BTF_ID(func, bpf_shelf_sort)\n",
            "bpf_shelf_sort: no row in [special_kfuncs] of rules/tables/knowledge.toml",
        ),
        (
            sources.VERIFIER,
            "(struct, bpf_dynptr)",
            "(struct, bpf_shelf)",
            "bpf_shelf: no row in [special_types] of rules/tables/knowledge.toml",
        ),
        (
            "scripts/kernel-doc",
            "bad line: $_",
            "shelf \\'$name\\' is full",
            "scripts/kernel-doc:1: shelf \\'...\\' is full: no row in [messages] of rules/tables/knowledge.toml",
        ),
        (
            sources.SPELLING,
            "recieve||receive",
            "shelvf||shelves",
            "scripts/spelling.txt:2: shelvf for shelves: neither in codespell's list nor in rules/tables/knowled",
        ),
    ],
)
def test_one_row_is_otherwise(path: str, old: str, new: str, line: str, tmp_path: Path) -> None:
    files = tree()
    assert old in files[path]
    found = told(files | {path: files[path].replace(old, new)}, tmp_path)
    assert [one for one in found if line in one], found
    assert len(found) <= 2  # what stands in the place of another row is missed there


def test_a_message_in_python_in_two_parts(tmp_path: Path) -> None:
    code = 'self.emit_msg(ln,\n              f"shelf {name} is "\n              "full")\n'
    (line,) = told(tree() | {"tools/lib/python/kdoc/kdoc_parser.py": code}, tmp_path)
    assert line.startswith("tools/lib/python/kdoc/kdoc_parser.py:2: shelf ... is: no row in [messages]")


def test_a_tree_that_does_not_say_its_release(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="its Makefile does not say which release it is"):
        told(tree() | {"Makefile": ""}, tmp_path)


@pytest.mark.parametrize(
    ("more", "status", "out", "err"),
    [
        ({}, 0, "", ""),
        ({sources.SPELLING: "shelvf||shelves\n"}, 1, "scripts/spelling.txt:1: shelvf", ""),
        ({"Makefile": ""}, 2, "", "make knowledge: "),
    ],
)
def test_the_command(  # noqa: PLR0917
    more: dict[str, str],
    status: int,
    out: str,
    err: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write(tmp_path, tree() | more)
    monkeypatch.setattr(sys, "argv", ["differences", str(tmp_path)])
    assert differences.main() == status
    printed = capsys.readouterr()
    assert printed.out.startswith(out)
    assert bool(printed.out) == bool(out)
    assert printed.err.startswith(err)
    assert bool(printed.err) == bool(err)


def test_rows_have_reasons() -> None:
    for name, rows in table("knowledge").items():
        if name != "misspellings":
            assert all(isinstance(why, str) and why for why in rows.values())
