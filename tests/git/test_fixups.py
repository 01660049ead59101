"""Fixup commits, made and folded by the real git."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from trees import REGISTERED, commit, git, write

from kfunclint.cli.main import main

Output = pytest.CaptureFixture[str]

FILE = "kernel/bpf/depot.c"
UP = "BTF_ID_FLAGS(func, bpf_depot_up, KF_RCU | KF_RCU)\n"
DEFINED = """__bpf_kfunc_start_defs();

__bpf_kfunc int bpf_depot_up(struct depot *depot)
{
	return depot->count;
}

__bpf_kfunc_end_defs();

"""
MORE = {"kernel/bpf/up.c": f"{DEFINED}BTF_KFUNCS_START(up_ids)\n{UP}BTF_KFUNCS_END(up_ids)\n"}


@pytest.fixture(autouse=True)
def somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ann Author")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ann@example.org")


def titles(folder: Path) -> list[str]:
    return git(folder, "log", "--reverse", "--format=%s", "upstream..").split("\n")


def fold(folder: Path, *arguments: str) -> None:
    command = ["git", "rebase", "-q", "-i", "--autosquash", *arguments]
    env = os.environ | {"GIT_SEQUENCE_EDITOR": ":", "GIT_EDITOR": ":"}
    subprocess.run(command, cwd=folder, env=env, check=True, capture_output=True)


def test_fixups_are_folded_and_nothing_is_left_to_say(linux: Path, capsys: Output) -> None:
    (linux / "notes").write_text("not git's\n")
    before = git(linux, "rev-parse", "HEAD")
    assert main(["--fix=commits"]) == 1
    err = capsys.readouterr().err
    assert f"2 fixup commits; fold with: git rebase -i --autosquash {before[:12]}^\n" in err
    assert "2 of 2 findings mended\n" in err
    title = "bpf: register bpf_depot_get()"
    assert titles(linux) == [title, f"fixup! {title}", f"amend! {title}"]
    assert git(linux, "status", "--porcelain") == "?? notes"
    assert git(linux, "diff", "--name-only", before, "HEAD") == FILE
    assert git(linux, "reflog", "-1", "--format=%gs").startswith("kfunclint --fix=commits")
    fold(linux, "upstream")
    assert titles(linux) == [title]
    assert git(linux, "log", "-1", "--format=%B").startswith(f"{title}\n\nIt is not necessary to say why.")
    assert main(["--git", "upstream.."]) == 0


def test_each_commit_gets_its_own(linux: Path, capsys: Output) -> None:
    commit(linux, MORE, "bpf: register bpf_depot_up()\n\nIt is not necessarily to say why.")
    commit(linux, {"a.c": "int a;\n"}, "bpf: the last one")
    assert main(["--git", "upstream..", "--fix=commits"]) == 1
    capsys.readouterr()
    assert titles(linux)[3:] == [
        "fixup! bpf: register bpf_depot_get()",
        "amend! bpf: register bpf_depot_get()",
        "fixup! bpf: register bpf_depot_up()",
        "amend! bpf: register bpf_depot_up()",
    ]
    fold(linux, "upstream")
    assert titles(linux) == ["bpf: register bpf_depot_get()", "bpf: register bpf_depot_up()", "bpf: the last one"]
    assert main(["--git", "upstream.."]) == 0


def test_a_title_that_two_commits_have_is_no_name(linux: Path, capsys: Output) -> None:
    same = "bpf: register bpf_depot_get()"
    second = commit(linux, MORE, same)
    assert main(["--git", "upstream..", "--fix=commits"]) == 1
    capsys.readouterr()
    assert f"fixup! {second}" in titles(linux)
    fold(linux, "upstream")
    assert titles(linux) == [same, same]
    assert "+BTF_ID_FLAGS(func, bpf_depot_up, KF_RCU)" in git(linux, "show", "HEAD")


def test_it_is_said_where_a_rebase_will_stop(linux: Path, capsys: Output) -> None:
    more = REGISTERED.replace("BTF_KFUNCS_END", "BTF_ID_FLAGS(func, bpf_depot_up)\nBTF_KFUNCS_END")
    commit(linux, {FILE: more}, "bpf: register bpf_depot_up()")
    main(["--git", "upstream..", "--fix=commits"])
    why = f"git rebase may stop at {FILE}:19, as a later commit changes the line beside it"
    assert why in capsys.readouterr().err
    with pytest.raises(subprocess.CalledProcessError):
        fold(linux, "upstream")


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("dirty", "there are changes that are not committed"),
        ("staged", "there are changes that are not committed"),
        ("behind", "the range does not end at HEAD"),
        ("merge", "there is a merge in the range"),
        ("busy", "a cherry-pick is going on"),
    ],
)
def test_when_no_commit_is_made(wrong: str, why: str, linux: Path, capsys: Output) -> None:
    revisions = "upstream.."
    if wrong in ("dirty", "staged"):
        write(linux, {FILE: "int x;\n"})
    if wrong == "staged":
        git(linux, "add", FILE)
    if wrong == "behind":
        revisions = "upstream..HEAD^"
        commit(linux, {"a.c": "int a;\n"}, "more")
    if wrong == "merge":
        git(linux, "checkout", "-q", "-b", "side", "upstream")
        commit(linux, {"b.c": "int b;\n"}, "side")
        git(linux, "checkout", "-q", "-")
        git(linux, "merge", "-q", "--no-ff", "-m", "merge", "side")
        commit(linux, {"a.c": "int a;\n"}, "more")
    if wrong == "busy":
        write(linux / ".git", {"CHERRY_PICK_HEAD": git(linux, "rev-parse", "HEAD") + "\n"})
    head, status = git(linux, "rev-parse", "HEAD"), git(linux, "status", "--porcelain")
    assert main(["--git", revisions, "--fix=commits"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert why in err
    assert (git(linux, "rev-parse", "HEAD"), git(linux, "status", "--porcelain")) == (head, status)


def test_nothing_is_committed_where_nothing_is_found(linux: Path) -> None:
    commit(linux, {"a.c": "int a;\n"}, "more")
    head = git(linux, "rev-parse", "HEAD")
    assert main(["--git", "HEAD^", "--fix=commits"]) == 0
    assert git(linux, "rev-parse", "HEAD") == head
