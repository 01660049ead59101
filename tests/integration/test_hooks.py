"""The hooks with the programs that call them: git send-email before a mail server, and pre-commit."""

from __future__ import annotations

import email
import shutil
import socket
import sys
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from conftest import ROOT
from programs import started
from trees import REGISTERED, commit, git

KFUNCLINT = Path(sys.executable).with_name("kfunclint")
PRE_COMMIT = Path(sys.executable).with_name("pre-commit")
REPAIRED = REGISTERED.replace("_get)", "_get, KF_RET_NULL)")
CONFIG = """\
repos:
- repo: {repo}
  rev: {rev}
  hooks:
  - id: kfunclint-msg
  - id: kfunclint-range
"""


class Sink:
    """A mail server that keeps what it gets."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - its name there
        self.mails.append(email.message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"

    def subjects(self) -> list[str]:
        """The subjects of what came in since they were asked for last."""
        subjects = [str(mail["Subject"]) for mail in self.mails]
        self.mails.clear()
        return subjects


class Desk:
    """A person with a kernel tree, set up for nothing but a name and a mail server."""

    def __init__(self, linux: Path, home: Path, port: int) -> None:
        self.linux = linux
        self.home = home
        (home / ".gitconfig").write_text(
            "[user]\n\tname = Ann Author\n\temail = ann@example.org\n"
            f"[sendemail]\n\tsmtpServer = 127.0.0.1\n\tsmtpServerPort = {port}\n\tconfirm = never\n"
            "\tto = bpf@example.org\n\tsuppressCc = all\n"
        )

    def run(self, *words: str | Path, **environ: str) -> tuple[int, str]:
        """Run a program in the tree; gives its status and all that it prints."""
        done = started(words, self.linux, self.home, more=environ, merged=True)
        return done.returncode, done.stdout

    def send(self, *words: str | Path) -> tuple[int, str]:
        return self.run("git", "send-email", *words)


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def desk(sink: Sink, linux: Path, tmp_path: Path) -> Iterator[Desk]:
    """A desk at the tree `linux`, whose mail goes to the sink."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Controller(sink, hostname="127.0.0.1", port=port)
    server.start()
    home = tmp_path / "home"
    home.mkdir()
    try:
        yield Desk(linux, home, port)
    finally:
        server.stop()


def repair(linux: Path) -> None:
    commit(linux, {"kernel/bpf/depot.c": REPAIRED}, "bpf: repair it")


def test_a_bad_series_is_not_sent(desk: Desk, sink: Sink) -> None:
    assert desk.run(KFUNCLINT, "hook", "install", "--send-email")[0] == 0
    commit(desk.linux, {"kernel/bpf/other.c": "int other;\n"}, "bpf: another")
    status, said = desk.send("--cover-letter", "--force", "upstream..")
    assert status != 0
    assert said.count("[flags/ret-null-missing]") == 1
    assert "git send-email --no-validate" in said
    assert "rejected by sendemail-validate hook" in said
    assert sink.subjects() == []
    assert desk.send("--no-validate", "upstream..")[0] == 0
    assert sink.subjects() == ["[PATCH 1/2] bpf: register bpf_depot_get()", "[PATCH 2/2] bpf: another"]


def test_a_clean_series_is_sent(desk: Desk, sink: Sink) -> None:
    desk.run(KFUNCLINT, "hook", "install", "--send-email")
    repair(desk.linux)
    assert desk.run("git", "format-patch", "-q", "--cover-letter", "-o", "out", "upstream..")[0] == 0
    status, said = desk.send("--force", "out")
    assert status == 0
    assert said.count("text/grammar") == 1
    assert [subject[:11] for subject in sink.subjects()] == ["[PATCH 0/2]", "[PATCH 1/2]", "[PATCH 2/2]"]
    assert desk.run(KFUNCLINT, "hook", "uninstall")[0] == 0
    assert desk.send("upstream..HEAD^")[0] == 0
    assert sink.subjects() == ["[PATCH] bpf: register bpf_depot_get()"]


def test_the_hook_that_was_there_may_refuse(desk: Desk, sink: Sink) -> None:
    other = desk.linux / ".git" / "hooks" / "sendemail-validate"
    other.write_text('#!/bin/sh\necho "$1" >> other.log\n! grep -q FORBIDDEN "$1"\n')
    other.chmod(0o755)
    desk.run(KFUNCLINT, "hook", "install", "--send-email")
    repair(desk.linux)
    assert desk.send("upstream..")[0] == 0
    assert len(sink.subjects()) == len((desk.linux / "other.log").read_text().split()) == 2
    commit(desk.linux, {"kernel/bpf/other.c": "int other;\n"}, "bpf: FORBIDDEN")
    assert desk.send("-1")[0] != 0
    assert sink.subjects() == []


def test_newer_git_counts_the_files(desk: Desk) -> None:
    """What git from 2.41 on does, played back: two arguments, and the counters in the environment."""
    desk.run(KFUNCLINT, "hook", "install", "--send-email")
    git(desk.linux, "format-patch", "-q", "--cover-letter", "-o", str(desk.linux / "out"), "upstream..")
    files = sorted((desk.linux / "out").iterdir())
    git_dir = str(desk.linux / ".git")
    said = []
    for number, file in enumerate(files, 1):
        counters = {"GIT_SENDEMAIL_FILE_COUNTER": str(number), "GIT_SENDEMAIL_FILE_TOTAL": str(len(files))}
        command = ("git", "hook", "run", "--ignore-missing", "sendemail-validate", "--", file, "headers")
        said.append(desk.run(*command, GIT_DIR=git_dir, **counters))
    assert said[:-1] == [(0, "")]
    assert said[-1][0] == 1
    assert said[-1][1].count("[flags/ret-null-missing]") == 1


def logged(desk: Desk) -> Path:
    """Install the hook, with a kfunclint that notes each start of it."""
    desk.run(KFUNCLINT, "hook", "install", "--send-email")
    hook = desk.linux / ".git" / "hooks" / "sendemail-validate"
    log = desk.home / "started"
    program = desk.home / "logged"
    program.write_text(f'#!/bin/sh\necho "$4" >>{log}\nexec {KFUNCLINT} "$@"\n')
    program.chmod(0o755)
    hook.write_text(hook.read_text().replace(str(KFUNCLINT), str(program)))
    return log


@pytest.mark.parametrize("form", ["files", "folder", "range"])
def test_a_series_costs_one_start(form: str, desk: Desk, sink: Sink) -> None:
    log = logged(desk)
    repair(desk.linux)
    for number in range(4):
        commit(desk.linux, {"kernel/bpf/other.c": f"int other{number};\n"}, f"bpf: another {number}")
    git(desk.linux, "format-patch", "-q", "-o", "out", "upstream..")
    files = sorted(path.relative_to(desk.linux) for path in (desk.linux / "out").iterdir())
    words: dict[str, list[str | Path]] = {"files": [*files], "folder": ["out"], "range": ["upstream.."]}
    assert desk.send("--quiet", *words[form])[0] == 0
    assert len(sink.subjects()) == 6
    assert len(log.read_text().splitlines()) == 1


def test_a_lone_patch_is_reviewed(desk: Desk, sink: Sink) -> None:
    desk.run(KFUNCLINT, "hook", "install", "--send-email")
    repair(desk.linux)
    git(desk.linux, "format-patch", "-q", "-o", "out", "upstream..")
    first, second = sorted((desk.linux / "out").iterdir())
    status, said = desk.send(first)
    assert (status != 0, said.count("[flags/ret-null-missing]")) == (True, 1)
    assert sink.subjects() == []
    assert desk.send(second)[0] == 0


def test_a_range_is_named_by_its_subjects(desk: Desk) -> None:
    desk.run(KFUNCLINT, "hook", "install", "--send-email")
    status, said = desk.send("--dry-run", "upstream..")
    assert status != 0
    assert "[PATCH] bpf: register bpf_depot_get():" in said
    assert "/tmp/" not in said.partition("nothing was sent")[0]


def checkout(folder: Path) -> str:
    """Commit what is in this checkout, as it stands, to a repository that pre-commit can clone."""
    names = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return commit(folder, {})


def test_pre_commit(desk: Desk, tmp_path: Path) -> None:
    rev = checkout(tmp_path / "kfunclint")
    config = {".pre-commit-config.yaml": CONFIG.format(repo=tmp_path / "kfunclint", rev=rev)}
    git(desk.linux, "reset", "-q", "--hard", "upstream")
    commit(desk.linux, config, "use pre-commit")
    assert desk.run(PRE_COMMIT, "install", "-t", "commit-msg", "-t", "pre-push")[0] == 0
    (desk.linux / "kernel/bpf/depot.c").write_text(REGISTERED)
    status, said = desk.run("git", "commit", "-a", "-m", "bpf: register it")
    assert status == 1
    assert "[flags/ret-null-missing]" in said
    (desk.linux / "kernel/bpf/depot.c").write_text(REPAIRED)
    assert desk.run("git", "commit", "-a", "-m", "bpf: register it")[0] == 0
    git(tmp_path, "init", "-q", "--bare", "far.git")
    git(desk.linux, "remote", "add", "far", str(tmp_path / "far.git"))
    assert desk.run("git", "push", "far", "upstream:refs/heads/main")[0] == 0
    assert desk.run("git", "push", "far", "main")[0] == 0
    (desk.linux / "kernel/bpf/depot.c").write_text(REGISTERED)
    assert desk.run("git", "commit", "-a", "-n", "-m", "bpf: break it")[0] == 0
    status, said = desk.run("git", "push", "far", "main")
    assert status == 1
    assert "[flags/ret-null-missing]" in said
