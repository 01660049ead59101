"""Commits and the index of a real git repository, reviewed as the mails they would be."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from trees import REGISTERED, WORDS, commit, git

from kfunclint.cli.main import main
from kfunclint.errors import InputError
from kfunclint.git import commits
from kfunclint.git.repository import Repository
from kfunclint.patch.diff import parse_patch

Output = pytest.CaptureFixture[str]

RULE = "flags/ret-null-missing"
SIGNATURE = "-----BEGIN PGP SIGNATURE-----"


def found(capsys: Output, *arguments: str, status: int = 1) -> dict[str, Any]:
    assert main([*arguments, "--format", "json"]) == status
    return dict(json.loads(capsys.readouterr().out))


def rules(review: dict[str, Any]) -> list[str]:
    return [finding["rule"] for finding in review["findings"]]


@pytest.mark.parametrize("arguments", [[], ["--git", "upstream.."], ["--git", "HEAD^"], ["--git", "HEAD^!"]])
def test_the_base_of_a_range_is_the_commit_below_it(linux: Path, arguments: list[str], capsys: Output) -> None:
    review = found(capsys, *arguments)
    assert rules(review) == ["text/grammar", RULE]
    base = git(linux, "rev-parse", "HEAD^")
    assert review["base"] == {"name": f"linux at {base[:12]}", "why": "base-commit of the series"}
    assert review["findings"][1]["line"] == 19


def test_a_finding_in_a_message_names_the_commit_and_the_line(linux: Path, capsys: Output) -> None:
    assert main(["--only", "text"]) == 0
    head = git(linux, "rev-parse", "HEAD")
    place = f'commit {head[:12]} ("bpf: register bpf_depot_get()"):3:11: check: '
    assert place in capsys.readouterr().out
    assert WORDS.split("\n")[2][10:].startswith("necessarily")


def test_a_finding_in_a_title_names_the_first_line(linux: Path, capsys: Output) -> None:
    commit(linux, {"a.c": "int a;\n"}, "bpf: the the end")
    main(["--git", "HEAD^", "--only", "text"])
    assert '("bpf: the the end"):1:6: check: ' in capsys.readouterr().out


def test_a_range_is_one_series(linux: Path, capsys: Output) -> None:
    commit(linux, {"kernel/bpf/depot.c": REGISTERED.replace("_get)", "_get, KF_RET_NULL)")}, "Re: [RFC] answer")
    review = found(capsys, "--only", RULE, status=0)
    subjects = ["[PATCH 1/2] bpf: register bpf_depot_get()", "[PATCH 2/2] Re: [RFC] answer"]
    assert [patch["subject"] for patch in review["patches"]] == subjects
    assert [patch["index"] for patch in review["patches"]] == [1, 2]


def test_what_is_staged_has_no_message(linux: Path, capsys: Output) -> None:
    git(linux, "reset", "-q", "--soft", "HEAD^")
    (linux / "kernel/bpf/depot.c").write_text("not staged\n")
    assert rules(found(capsys, "--staged")) == [RULE]
    git(linux, "reset", "-q")
    assert main(["--staged"]) == 0
    assert capsys.readouterr() == ("", f"kfunclint: {linux}: nothing is staged\n")


def test_no_commits_are_said_and_no_trouble(linux: Path, capsys: Output) -> None:
    assert main(["--git", "HEAD"]) == 0
    assert capsys.readouterr() == ("", f"kfunclint: {linux}: no commits in HEAD\n")


def test_merges_are_left_out(linux: Path, capsys: Output) -> None:
    git(linux, "checkout", "-q", "-b", "side", "HEAD^")
    commit(linux, {"kernel/bpf/side.c": "int side;\n"}, "side")
    git(linux, "merge", "-q", "-m", "Merge it", "main")
    review = found(capsys, "--git", "upstream..side")
    assert sorted(patch["subject"][12:] for patch in review["patches"]) == ["bpf: register bpf_depot_get()", "side"]
    assert rules(review) == ["text/grammar", RULE]


def test_binary_files_and_renames(linux: Path, capsys: Output) -> None:
    git(linux, "mv", "kernel/bpf/depot.c", "kernel/bpf/store.c")
    (linux / "logo.gif").write_bytes(random.Random(0).randbytes(9 << 20))
    commit(linux, {}, "rename and draw")
    review = found(capsys)
    assert [finding["path"] for finding in review["findings"]] == [None, "kernel/bpf/store.c"]
    assert review["patches"][1]["files"] == ["kernel/bpf/store.c", "logo.gif"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--git", "nonsense.."], "git: bad revision 'nonsense..'"),
        (["--git=--output=x"], "--output=x is not a range of commits"),
        (["--git", "HEAD:Kbuild"], "HEAD:Kbuild is not a range of commits"),
    ],
)
def test_what_is_no_range(linux: Path, arguments: list[str], words: str, capsys: Output) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith(f"kfunclint: {linux}: {words}")


def test_too_many_commits(linux: Path) -> None:
    with pytest.raises(InputError, match="more than 1 commits"):
        commits.reached(Repository(linux), ["HEAD"], 1)


def test_without_an_upstream(linux: Path, capsys: Output) -> None:
    git(linux, "branch", "--unset-upstream")
    assert main([]) == 2
    reason = "git: no upstream configured for branch 'main'; name a mail, or commits with --git"
    assert capsys.readouterr() == ("", f"kfunclint: {linux}: {reason}\n")


def test_without_a_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    git(tmp_path, "init", "-q")
    monkeypatch.chdir(tmp_path)
    assert main(["--staged"]) == 2
    assert capsys.readouterr().err == f"kfunclint: {tmp_path}: no commit yet\n"
    assert main(["--git", "main"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_outside_of_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([]) == 2
    assert capsys.readouterr().err == f"kfunclint: {tmp_path}: not in a git repository, and no mail is named\n"


def test_a_work_tree_and_a_bare_repository(linux: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(linux, "worktree", "add", "-q", str(tmp_path / "other"), "-b", "other", "main")
    git(tmp_path, "clone", "-q", "--bare", str(linux), "linux.git")
    for folder in ("other", "linux.git"):
        monkeypatch.chdir(tmp_path / folder)
        assert main(["--git", "upstream..main", "-o", "/dev/null"]) == 1


def test_a_repository_that_is_no_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    commit(tmp_path, {"a.c": "int a;\n"})
    commit(tmp_path, {"a.c": "int b;\n"}, WORDS)
    monkeypatch.chdir(tmp_path)
    assert main(["--git", "HEAD^"]) == 0
    out, err = capsys.readouterr()
    assert "text/grammar" in out
    assert "applied to" not in out
    assert err == ""


def test_messages_that_look_like_mail(linux: Path) -> None:
    text = "one\n\ntwo\nFrom 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\n>From here\n"
    commit(linux, {"a.c": "int a;\n"}, text)
    (series,) = commits.in_range(Repository(linux), "HEAD^").series
    (patch,) = map(parse_patch, series.patches)
    assert [line.text for line in patch.message] == text.split("\n")[2:-1]


def test_the_settings_of_a_user_run_nothing_and_change_nothing(
    linux: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\necho '[GNUPG:] SIG_CREATED ' >&2\necho {SIGNATURE!r}\n")
    trap.chmod(0o755)
    submodule = f"160000,{git(linux, 'rev-parse', 'HEAD')}"
    git(linux, "update-index", "--add", "--cacheinfo", f"{submodule},kernel/one")
    git(linux, "-c", f"gpg.program={trap}", "commit", "-q", "-S", "-m", "Sähe")
    git(linux, "mv", "kernel/bpf/depot.c", "kernel/bpf/store.c")
    git(linux, "update-index", "--add", "--cacheinfo", f"{submodule},kernel/two")
    (tmp_path / "sprung").unlink()
    before = commits.in_range(Repository(linux), "HEAD^"), commits.staged(Repository(linux))
    settings = {
        "core.pager": trap,
        "pager.format-patch": trap,
        "core.fsmonitor": trap,
        "core.attributesFile": tmp_path / "attributes",
        "diff.external": trap,
        "diff.c.command": trap,
        "diff.c.textconv": trap,
        "gpg.program": trap,
        "log.showSignature": "true",
        "color.ui": "always",
        "diff.noprefix": "true",
        "diff.mnemonicPrefix": "true",
        "diff.renames": "false",
        "diff.orderFile": tmp_path / "nothing",
        "diff.submodule": "log",
        "diff.relative": "true",
        "format.attach": "frontier",
        "format.coverLetter": "true",
        "format.from": "Other <other@example.org>",
        "format.numbered": "true",
        "format.outputDirectory": tmp_path / "patches",
        "format.pretty": "oneline",
        "format.signature": "sig",
        "format.signatureFile": tmp_path / "nothing",
        "format.signOff": "true",
        "format.thread": "deep",
        "format.useAutoBase": "true",
        "i18n.logOutputEncoding": "ISO-8859-1",
    }
    (tmp_path / "attributes").write_text("*.c diff=c\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    for name, value in settings.items():
        subprocess.run(["git", "config", "--global", name, str(value)], check=True)
    assert "\nrename to kernel/bpf/store.c\n" in commits.staged_diff(Repository(linux), None)
    assert (commits.in_range(Repository(linux), "HEAD^"), commits.staged(Repository(linux))) == before
    assert not (tmp_path / "sprung").exists()
    assert not (tmp_path / "patches").exists()


def test_a_commit_that_is_too_large_does_not_stop_the_others(linux: Path, capsys: Output) -> None:
    commit(linux, {"big.txt": "big\n" * (3 << 20)}, "big")
    head = git(linux, "rev-parse", "HEAD")
    assert main([]) == 2
    out, err = capsys.readouterr()
    assert err == f"kfunclint: commit {head[:12]}: larger than 8 MiB\n"
    assert RULE in out


def test_without_git(linux: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    assert shutil.which("git")
    monkeypatch.setenv("PATH", "/nonexistent")
    assert main(["--git", "HEAD^"]) == 2
    assert "git cannot be run" in capsys.readouterr().err
