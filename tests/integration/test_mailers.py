"""The reply mails in the programs that people send mail with; `make test-integration` installs them and runs this."""

from __future__ import annotations

import email
import os
from collections.abc import Callable
from email import policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from programs import started

from kfunclint.cli.main import main

ROOT = Path(__file__).parents[2]
SENDMAIL = '#!/bin/sh\nprintf "%s\\n" "$@" > "$0.arguments"\ncat > "$0.mail"\n'
Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a program as a person who has set up nothing but a name."""
    (tmp_path / ".gitconfig").write_text("[user]\n\tname = Rita Reviewer\n\temail = rita@example.org\n")

    def command(*words: str | Path) -> str:
        done = started(words, tmp_path, tmp_path)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return command


@pytest.fixture
def series(tmp_path: Path) -> Path:
    """The series of the fixtures, with people whose names need care."""
    text = (ROOT / "fixtures" / "series.mbox").read_text()
    text = text.replace("From: Ann Author <", "From: =?utf-8?q?J=C3=B6rg_=22A=22_Author?= <")
    text = text.replace("Cc: Max Maintainer <", 'Cc: "Maintainer, Max" <')
    path = tmp_path / "series.mbox"
    path.write_text(text)
    return path


def parsed(data: bytes) -> EmailMessage:
    return email.message_from_bytes(data, policy=policy.default)


def test_git_sends_every_file_to_the_right_people(tmp_path: Path, series: Path, run: Run) -> None:
    main([str(series), "-o", os.devnull, "--report", f"reply={tmp_path}/replies/"])
    files = sorted((tmp_path / "replies").iterdir())
    assert len(files) == 2
    said = run("git", "send-email", "--dry-run", "--smtp-server=localhost", "--confirm=never", *files)
    sent = said.split("Dry-OK. Log says:\n")[1:]
    assert len(sent) == 2
    for number, log in enumerate(sent, 1):
        people = [line[len("RCPT TO:<") : -1] for line in log.split("\n") if line.startswith("RCPT TO:")]
        assert people == ["ann@example.org", "bpf@example.org", "max@example.org", "linux-mm@example.org"]
        message = parsed(log[log.index("\nFrom: ") + 1 :].encode())
        assert message["To"].addresses[0].display_name == 'Jörg "A" Author'
        assert message["Cc"].addresses[1].display_name == "Maintainer, Max"
        assert message["In-Reply-To"] == f"<20251021-depot-v2-{number}@example.org>"
        assert message["References"].split()[0] == "<20251021-depot-v2-0@example.org>"
        assert message["Subject"].startswith(f"Re: [PATCH bpf-next v2 {number}/2] mm: add bpf_memcg_")


def test_mutt_takes_a_reply_as_its_draft(tmp_path: Path, series: Path, run: Run) -> None:
    sendmail, draft, rc = tmp_path / "sendmail", tmp_path / "draft", tmp_path / "muttrc"
    sendmail.write_text(SENDMAIL)
    sendmail.chmod(0o755)
    rc.write_text(f'set sendmail="{sendmail}" from=rita@example.org copy=no charset=utf-8 send_charset=utf-8\n')
    main([str(series), "--only", "guards", "--format", "reply", "-o", str(draft)])
    said = draft.read_text().partition("\n\n")[2]
    run("mutt", "-F", rc, "-H", draft)
    message = parsed((tmp_path / "sendmail.mail").read_bytes())
    assert message.get_content().strip() == said.strip()
    assert message["To"].addresses[0].display_name == 'Jörg "A" Author'
    assert message["Cc"].addresses[1].display_name == "Maintainer, Max"
    assert message["In-Reply-To"] == "<20251021-depot-v2-1@example.org>"
    assert message["References"].split() == ["<20251021-depot-v2-0@example.org>", "<20251021-depot-v2-1@example.org>"]
    people = (tmp_path / "sendmail.arguments").read_text().split()
    assert people[-4:] == ["ann@example.org", "bpf@example.org", "max@example.org", "linux-mm@example.org"]
