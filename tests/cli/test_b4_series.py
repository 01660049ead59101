"""What b4 keeps of a series is read with git as any repository is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT
from trees import commit, git

SERIES = ROOT / "fixtures" / "series.mbox"
COVER = "From: a@example.org\nSubject: [PATCH 0/1] x: y\n\nNothing.\n"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository that has the thread."""
    commit(tmp_path, {"thread.mbox": SERIES.read_text()})
    return tmp_path


def told(repository: Path, blob: object, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    """The exit status and what is printed where b4 names that object."""
    tracking = repository / "tracking.json"
    tracking.write_text(json.dumps({"series": {"thread-blob": blob}}))
    monkeypatch.setenv("B4_TRACKING_FILE", str(tracking))
    command = [sys.executable, "-m", "kfunclint", "b4-series", "--no-tree"]
    done = subprocess.run(command, input=COVER, capture_output=True, text=True, cwd=repository, check=False)
    return done.returncode, done.stdout


def test_the_thread_is_reviewed(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    status, text = told(repository, git(repository, "rev-parse", "HEAD:thread.mbox").strip(), monkeypatch)
    assert status == 1
    assert "KF_RET_NULL" in text


@pytest.mark.parametrize("blob", ["--help", "HEAD", "0" * 40, 7, None])
def test_what_names_no_mail_is_passed_over(repository: Path, monkeypatch: pytest.MonkeyPatch, blob: object) -> None:
    assert told(repository, blob, monkeypatch) == (2, "[]\n")
