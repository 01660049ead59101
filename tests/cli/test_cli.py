"""The command as a user meets it: what is printed where, and the exit status."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest
from conftest import ROOT
from trees import FILES, commit
from trees import write as write_tree

from kfunclint import __main__, __version__
from kfunclint.clang import confine
from kfunclint.cli import options, review
from kfunclint.cli.main import main

SERIES = str(ROOT / "fixtures" / "series.mbox")
CLEAN = """\
From: Ann Author <ann@example.org>
Date: Tue, 14 Oct 2025 10:00:00 +0200
Subject: [PATCH bpf-next] bpf: count widgets

Count them.

Signed-off-by: Ann Author <ann@example.org>
---
 a.c | 1 +

diff --git a/a.c b/a.c
index 1111111..2222222 100644
--- a/a.c
+++ b/a.c
@@ -1,2 +1,3 @@
 int a;
+int b;
 int c;
"""
CUT_OFF = CLEAN.replace("+int b;\n int c;\n", "").replace("widgets\n", "gadgets\n")

Output = pytest.CaptureFixture[str]


def write(path: Path, *mails: str) -> str:
    path.write_text("".join(f"From mboxrd@z Thu Jan  1 00:00:00 1970\n{mail}\n" for mail in mails))
    return str(path)


def test_findings_give_1_and_name_their_rules(capsys: Output) -> None:
    assert main([SERIES]) == 1
    out, err = capsys.readouterr()
    assert "mm/bpf_memcg_walk.c:19:" in out
    assert "[guards/memcg-disabled-unchecked]" in out
    assert "\x1b" not in out
    assert err == ""


def test_nothing_found_gives_0(tmp_path: Path, capsys: Output) -> None:
    assert main([write(tmp_path / "clean.mbox", CLEAN)]) == 0
    assert capsys.readouterr().err == ""


def test_only_files_that_name_no_kfunc_need_no_parser(tmp_path: Path) -> None:
    plain, pipe, missing = tmp_path / "plain.patch", tmp_path / "pipe", tmp_path / "missing"
    plain.write_text("+int a;\n")
    os.mkfifo(pipe)
    needing: tuple[list[str], ...] = (
        [],
        ["-"],
        ["--git=a.."],
        [SERIES],
        [str(plain), SERIES],
        [str(pipe)],
        [str(missing)],
        [str(tmp_path)],
    )
    assert all(__main__._may_have_kfuncs(arguments) for arguments in needing)
    assert not __main__._may_have_kfuncs(["--strict", str(plain)])


@pytest.mark.parametrize(("level", "status"), [("check", 1), ("warning", 0), ("error", 0)])
def test_fail_on(level: str, status: int, capsys: Output) -> None:
    assert main([SERIES, "--only", "text", "--fail-on", level]) == status
    assert "text/grammar" in capsys.readouterr().out


def test_only_and_ignore(capsys: Output) -> None:
    main([SERIES, "--format", "json", "--only", "flags", "--ignore", "flags/ret-null-missing"])
    rules = {finding["rule"] for finding in json.loads(capsys.readouterr().out)["findings"]}
    assert rules == {"flags/trusted-args-with-release"}


def test_kernel_is_asked_for(capsys: Output) -> None:
    main([SERIES, "--format", "json", "--kernel", "7.0"])
    found = json.loads(capsys.readouterr().out)
    assert found["kernel"]["release"] == "7.0"
    assert "flags/trusted-args-with-release" not in {finding["rule"] for finding in found["findings"]}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--kernel", "yesterday"], "yesterday"),
        (["--kernel", "6.30"], "no release 6.30 is known, the nearest is 6.19"),
        (["--only", "flags/ret-nul-missing"], "flags/ret-nul-missing: no such rule or family"),
        (["--revision", "7"], "7"),
    ],
)
def test_a_wrong_argument_gives_2_and_one_line(arguments: list[str], words: str, capsys: Output) -> None:
    assert main([SERIES, *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
    assert err.count("\n") == 1


def test_a_diff_on_standard_input_has_a_title(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    diff = b"--- a/a.c\n+++ b/a.c\n@@ -1 +1,2 @@\n int a;\n+int b;\n"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(diff)))
    assert main(["-"]) == 0
    assert capsys.readouterr().out.startswith("standard input\n")


@pytest.mark.parametrize(("asked", "release"), [("mainline", "6.18"), ("next", "6.19"), ("v6.12", "6.12")])
def test_the_kernel_that_is_asked_for(asked: str, release: str, capsys: Output) -> None:
    main([SERIES, "--format", "json", "--kernel", asked])
    assert json.loads(capsys.readouterr().out)["kernel"]["release"] == release


def test_reports_are_written_beside_the_output(tmp_path: Path, capsys: Output) -> None:
    page, replies, plain = tmp_path / "page.html", tmp_path / "a" / "replies", tmp_path / "plain.txt"
    main([SERIES, "-o", str(plain), "--report", f"html={page}", "--report", f"reply={replies}/"])
    assert capsys.readouterr().out == ""
    assert "bpf_memcg_root()" in plain.read_text()
    assert "<html" in page.read_text()
    assert len(list(replies.iterdir())) == 2


def renamed(folder: Path) -> Path:
    """The series of the fixtures as another one: with ids of its own."""
    path = folder / "again.mbox"
    path.write_text(Path(SERIES).read_text().replace("depot-v2", "again-v2"))
    return path


def test_no_report_of_several_series_is_lost(tmp_path: Path, capsys: Output) -> None:
    again = renamed(tmp_path)
    folder, page = tmp_path / "all", tmp_path / "page.html"
    main(
        [
            SERIES,
            str(again),
            "--revision",
            "all",
            "--report",
            f"reply={folder}/",
            "--report",
            f"json={folder}/",
            "--report",
            f"html={page}",
        ]
    )
    assert capsys.readouterr().out.count("3 warnings, 3 checks in 2 of 2 patches") == 2
    names = sorted(path.name for path in folder.iterdir())
    assert len([name for name in names if name.endswith(".eml")]) == 4
    assert len([name for name in names if name.endswith(".json")]) == 2
    assert page.exists()
    assert page.with_name("page-2.html").exists()


@pytest.mark.parametrize("format_", ["html", "sarif"])
def test_two_pages_do_not_go_to_one_file(format_: str, tmp_path: Path, capsys: Output) -> None:
    again = renamed(tmp_path)
    page = tmp_path / "page.html"
    assert main([SERIES, str(again), "--revision", "all", "--format", format_, "-o", str(page)]) == 2
    assert f"one {format_} file holds one series" in capsys.readouterr().err
    assert not page.exists()


def test_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(Path(SERIES).read_bytes())))
    assert main(["-"]) == 1
    assert "bpf_memcg_root()" in capsys.readouterr().out


def test_a_broken_mail_does_not_stop_the_others(tmp_path: Path, capsys: Output) -> None:
    path = write(tmp_path / "two.mbox", CUT_OFF, CLEAN)
    assert main([path]) == 2
    out, err = capsys.readouterr()
    assert "count widgets" in out
    (line,) = err.splitlines()
    assert line.startswith(f"kfunclint: {path}:")
    number = int(line.split(":")[2])
    assert Path(path).read_text().split("\n")[number - 1].startswith(("@@", " int a;"))


def test_a_closed_pipe_is_not_an_accident() -> None:
    command = [sys.executable, "-m", "kfunclint", SERIES, "--format", "html"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()


def test_a_bug_is_not_taken_for_a_finding(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    monkeypatch.setattr(sys, "argv", ["kfunclint", "--list", SERIES])  # starts no parser

    def broken() -> None:
        raise KeyError("depot")

    monkeypatch.setattr(review, "parser", broken)
    assert __main__.main() == 2
    assert "KeyError: 'depot'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--formt", "json", SERIES], "--formt: no such option, did you mean --format?; try kfunclint --help"),
        (["--nothing=1", SERIES], "--nothing: no such option; try kfunclint --help"),
        (["--format", "jsonn", SERIES], "argument --format: jsonn: no such format, did you mean json?; try"),
        (["--fail-on", "warn", SERIES], "argument --fail-on: warn: no such level, did you mean warning?; try"),
        (["--only", "text", "--ignore", "text", SERIES], "no rule is left to run"),
        (["tree"], "the following arguments are required: DIR; try kfunclint tree --help"),
        (["hook", "instal"], "argument command: instal: no such command, did you mean install?; try kfunclint hook"),
        (["v6.18..HEAD"], "v6.18..HEAD: no such file; --git v6.18..HEAD reviews commits"),
        (["kfunclint/text.c"], "kfunclint/text.c: No such file or directory"),
        (
            ["https://lore.example.org/a@b/"],
            "an address; b4 am -o- https://lore.example.org/a@b/ | kfunclint - reviews",
        ),
        (["<a.1@example.org>"], "no such file; b4 am -o- a.1@example.org | kfunclint - reviews the mail with that"),
        (["explan"], "explan: no such file or command, did you mean kfunclint explain?"),
        (["frobnicate"], "frobnicate: No such file or directory"),
        (["help"], ""),
    ],
)
def test_wrong_use_is_one_line_that_helps(arguments: list[str], says: str, capsys: Output) -> None:
    assert main(arguments) == (2 if says else 0)
    err = capsys.readouterr().err
    assert says in err
    assert err.count("\n") == bool(says)


def test_a_source_file_is_no_patch(tmp_path: Path, capsys: Output) -> None:
    (tmp_path / "cpumask.c").write_text("int x;\n")
    assert main([str(tmp_path / "cpumask.c")]) == 2
    assert "cpumask.c: a source file, no patch; kfunclint tree DIR PATH reviews one" in capsys.readouterr().err


def test_commas_name_several_rules(capsys: Output) -> None:
    main(
        [SERIES, "--format", "json", "--only", "flags,text/grammar", "--ignore", "text/spelling,flags/ret-null-missing"]
    )
    rules = {finding["rule"] for finding in json.loads(capsys.readouterr().out)["findings"]}
    assert rules == {"flags/trusted-args-with-release", "text/grammar"}


@pytest.mark.parametrize(
    ("choice", "environment", "coloured"),
    [
        ([], {}, False),
        (["--color", "always"], {}, True),
        (["--color=always"], {"NO_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False),
    ],
)
def test_colours(
    choice: list[str], environment: dict[str, str], coloured: bool, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    main([SERIES, *choice])
    assert ("\x1b[" in capsys.readouterr().out) is coloured


def test_a_terminal_that_can_show_none_gets_no_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "stdout", mock.Mock(isatty=lambda: True))
    monkeypatch.setenv("TERM", "xterm")
    assert options.colour(None)
    monkeypatch.setenv("TERM", "dumb")
    assert not options.colour(None)


# the function stands above the hunk, so the hunk alone does not tell that it can return NULL
DEPOT = """\
#include <linux/btf.h>

__bpf_kfunc struct depot *bpf_depot_get(u64 id)
{
	if (!id)
		return NULL;
	return find_depot(id);
}

static int one;
static int two;
static int three;

BTF_KFUNCS_START(depot_ids)
BTF_KFUNCS_END(depot_ids)
"""
REGISTER = (
    CLEAN.partition("diff --git")[0]
    + """\
diff --git a/kernel/bpf/depot.c b/kernel/bpf/depot.c
--- a/kernel/bpf/depot.c
+++ b/kernel/bpf/depot.c
@@ -12,4 +12,5 @@
 static int three;
 
 BTF_KFUNCS_START(depot_ids)
+BTF_ID_FLAGS(func, bpf_depot_get, KF_ACQUIRE)
 BTF_KFUNCS_END(depot_ids)
"""  # noqa: W293 - diffs have such lines
)


@pytest.fixture
def register(tmp_path: Path) -> str:
    return write(tmp_path / "register.mbox", REGISTER)


def test_a_tree_shows_the_whole_file(tmp_path: Path, register: str, capsys: Output) -> None:
    assert main([register]) == 0
    assert "applied to" not in capsys.readouterr().out
    tree = tmp_path / "linux"
    head = commit(tree, FILES | {"kernel/bpf/depot.c": DEPOT})
    assert main(["--tree", str(tree), register]) == 1
    out, err = capsys.readouterr()
    assert "judged for 6.12: the tree's Makefile says 6.12.7\n" in out
    assert f"applied to linux at {head[:12]}: HEAD, as far as the hunks apply\n" in out
    assert "kernel/bpf/depot.c:15:20: warning: bpf_depot_get() can return NULL" in out
    assert "kernel/bpf/depot.c:6:3: note: NULL is returned here\n    \t\treturn NULL;\n" in out
    assert err == ""


def test_lines_are_those_of_the_file_as_built(tmp_path: Path, register: str, capsys: Output) -> None:
    write_tree(tmp_path / "linux", FILES | {"kernel/bpf/depot.c": f"int more;\n\n{DEPOT}"})
    assert main(["--tree", str(tmp_path / "linux"), "--format", "json", "--only", "flags", register]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["base"] == {"name": str(tmp_path / "linux"), "why": "as it stands, as far as the hunks apply"}
    (finding,) = found["findings"]
    assert (finding["line"], finding["quoted"]) == (17, "BTF_ID_FLAGS(func, bpf_depot_get, KF_ACQUIRE)")
    assert finding["mail_line"] == REGISTER.partition("\n\n")[2].split("\n").index("+" + finding["quoted"]) + 1
    assert "@@ -14,5 +14,5 @@" in finding["fix"]["diff"]


def test_a_file_that_is_not_in_the_tree_is_seen_through_its_hunks(
    tmp_path: Path, register: str, capsys: Output
) -> None:
    makefile = FILES["Makefile"].replace("12", "18")
    write_tree(tmp_path / "linux", FILES | {"Makefile": makefile})
    assert main(["--tree", str(tmp_path / "linux"), "--format", "json", register]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["base"] is None
    assert found["kernel"]["why"] == "bpf-next during 6.18"
    (why,) = (why for path, why in found["skipped"].items() if path == "kernel/bpf/depot.c")
    assert why.startswith("all but what its hunks show: the hunk at line ")


def test_the_tree_speaks_as_the_series_leaves_it(tmp_path: Path, capsys: Output) -> None:
    diff = """\
diff --git a/include/linux/btf.h b/include/linux/btf.h
--- a/include/linux/btf.h
+++ b/include/linux/btf.h
@@ -1,2 +1,1 @@
 #define KF_ACQUIRE\t(1 << 0) /* takes a reference */
-#define KF_TRUSTED_ARGS\t(1 << 4)
"""
    write_tree(tmp_path / "linux", FILES)
    series = write(tmp_path / "drop.mbox", CLEAN.partition("diff --git")[0] + diff)
    assert main(["--tree", str(tmp_path / "linux"), "--format", "json", series]) == 0
    assert json.loads(capsys.readouterr().out)["kernel"] == {
        "release": "7.0",
        "why": "the tree's Makefile says 6.12.7, but its include/linux/btf.h has no KF_TRUSTED_ARGS",
    }


def test_a_tree_is_found_around_the_working_directory(
    tmp_path: Path, register: str, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = tmp_path / "linux"
    commit(tree, FILES | {"kernel/bpf/depot.c": DEPOT})
    monkeypatch.chdir(tree / "kernel")
    assert main([register]) == 1
    assert main(["--no-tree", register]) == 0
    (tree / ".git" / "HEAD").write_text("ref: refs/heads/nothing\n")
    capsys.readouterr()
    assert main([register]) == 0
    assert capsys.readouterr().err == f"kfunclint: {tree}: git repository without a commit; reviewed without a tree\n"
    assert main(["--tree", str(tree), register]) == 2
    assert capsys.readouterr().err == f"kfunclint: {tree}: git repository without a commit\n"


def test_what_a_series_alone_does_not_need_is_not_loaded() -> None:
    """Nothing of trees, and nothing that only the parser's own process needs, libclang above all."""
    unneeded = (
        "kfunclint.git.repository",
        "kfunclint.tree.tree",
        "kfunclint.patch.base",
        "kfunclint.patch.apply",
        "kfunclint.clang.nodes",
        "ctypes",
        "ast",
        "dataclasses",
        "email",
        "hashlib",
        "inspect",
        "jinja2",
        "traceback",
    )
    assert all(importlib.util.find_spec(name) for name in unneeded)
    code = (
        "import sys; from kfunclint.cli.main import main; main([sys.argv[1], '-o', '/dev/null']);"
        f"print(set({unneeded}) & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code, SERIES], capture_output=True, text=True, check=True, cwd="/")
    assert done.stdout == "set()\n"


def test_the_version_says_what_holds_a_review(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-V", "-v"]) == 0
    version, *rows = capsys.readouterr().out.splitlines()
    assert version == f"kfunclint {__version__}"
    held = confine.tried()
    assert [row.endswith(": active") for row in rows] == [True, held.landlock, held.seccomp]


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_a_closed_stream_is_no_traceback(tmp_path: Path, closed: str) -> None:
    told, report = tmp_path / "stderr", tmp_path / "report"
    command = [sys.executable, "-m", "kfunclint", SERIES, "--no-tree"]
    shell = ["sh", "-c", f'"$@" {closed}', "sh", *command]
    with told.open("w") as stderr:
        done = subprocess.run(shell, stdout=subprocess.PIPE, stderr=stderr, cwd=ROOT, check=False)
        assert done.returncode == (2 if "1" in closed else 1)
        assert (b"warning" in done.stdout) == ("1" not in closed)
        to_file = subprocess.run([*shell, "-o", str(report)], stderr=stderr, cwd=ROOT, check=False)
        assert to_file.returncode == 1
    assert "warning" in report.read_text()
    assert told.read_text().count("\n") == (closed == "1>&-")


def test_a_full_disk_is_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    assert main([SERIES, "--no-tree", "-o", "/dev/full"]) == 2
    assert capfd.readouterr().err == "kfunclint: /dev/full: No space left on device\n"
    for words in ([SERIES, "--no-tree"], ["rules"], ["explain", "flags/ret-null-missing"]):
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(
                [sys.executable, "-m", "kfunclint", *words], stdout=full, stderr=subprocess.PIPE, cwd=ROOT, check=False
            )
        assert (done.returncode, done.stderr) == (2, b"kfunclint: standard output: No space left on device\n")
