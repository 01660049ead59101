"""The command as a user meets it: what is printed where, and the exit status."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from kfunclint.cli import main

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
        (["--only", "flags/ret-nul-missing"], "flags/ret-nul-missing: no such rule or family"),
        (["--version", "7"], "7"),
    ],
)
def test_a_wrong_argument_gives_2_and_one_line(arguments: list[str], words: str, capsys: Output) -> None:
    assert main([SERIES, *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
    assert err.count("\n") == 1


def test_reports_are_written_beside_the_output(tmp_path: Path, capsys: Output) -> None:
    page, replies, plain = tmp_path / "a" / "page.html", tmp_path / "replies", tmp_path / "plain.txt"
    main([SERIES, "-o", str(plain), "--report", f"html={page}", "--report", f"reply={replies}/"])
    assert capsys.readouterr().out == ""
    assert "bpf_memcg_root()" in plain.read_text()
    assert "<html" in page.read_text()
    assert len(list(replies.iterdir())) == 2


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
