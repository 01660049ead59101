"""What a person decides: retry, forget, adopt; and the service."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from bots import HOUR, Server, World, a_patch, smtp_settings
from conftest import ROOT

from kfunclint.bot import service
from kfunclint.bot.reviewing import Reviewer
from kfunclint.cli.main import main

pytest_plugins = ["bot_fixtures"]
Output = pytest.CaptureFixture[str]


@pytest.fixture
def mailing(world: World, server: Server) -> World:
    world.configure(smtp_settings(server.port))
    world.begin()
    return world


def command(world: World, *words: str) -> int:
    return main(["bot", *words, "--config", str(world.config)])


def test_what_is_held_goes_again_only_if_a_person_is_certain(mailing: World, server: Server, capsys: Output) -> None:
    server.fault = "closed behind the dot"
    mailing.judged(a_patch(1, 1))
    server.fault = ""
    assert mailing.states() == {"depot-v1-1": "held"}
    assert command(mailing, "retry", "depot-v1-1@example.org") == 2
    assert f"look for message-id=<{mailing.rows()[0]['msgid']}>" in capsys.readouterr().err
    assert mailing.states() == {"depot-v1-1": "held"}
    assert command(mailing, "retry", "<depot-v1-1@example.org>", "--yes") == 0
    mailing.run()
    assert mailing.states() == {"depot-v1-1": "sent"}
    assert len(server.mails) == 1


def test_what_is_held_and_was_sent_is_forgotten(mailing: World, server: Server) -> None:
    server.fault = "taken and closed"
    mailing.judged(a_patch(1, 1))
    server.fault = ""
    assert command(mailing, "forget", "depot-v1-1@example.org") == 0
    assert mailing.states() == {"depot-v1-1": "sent"}
    assert command(mailing, "retry", "depot-v1-1@example.org") == 2
    mailing.run()
    assert len(server.mails) == 1


def test_what_was_refused_goes_again(mailing: World, server: Server) -> None:
    server.fault = "dot 554 5.7.1 spam"
    mailing.judged(a_patch(1, 1))
    server.fault = ""
    assert command(mailing, "retry", "depot-v1-1@example.org") == 0
    mailing.run()
    assert mailing.states() == {"depot-v1-1": "sent"}


def test_a_draft_is_only_sent_by_settings_that_send(world: World, server: Server, capsys: Output) -> None:
    world.begin()
    world.judged(a_patch(1, 1))
    assert command(world, "retry", "depot-v1-1@example.org") == 2
    assert "it can be sent from the drafts" in capsys.readouterr().err
    world.configure(smtp_settings(server.port))
    assert command(world, "retry", "depot-v1-1@example.org") == 0
    world.run()
    assert len(server.mails) == 1


def test_a_draft_of_an_old_state_goes_again_only_if_a_person_is_certain(
    mailing: World, server: Server, capsys: Output
) -> None:
    mailing.configure(smtp_settings(server.port), mode="draft")
    mailing.judged(a_patch(1, 1))
    shutil.copytree(mailing.root / "state", mailing.root / "old")
    assert command(mailing, "retry", "depot-v1-1@example.org") == 0
    mailing.run()
    assert len(server.mails) == 1
    shutil.rmtree(mailing.root / "state")
    (mailing.root / "old").rename(mailing.root / "state")
    assert mailing.states() == {"depot-v1-1": "draft"}
    assert command(mailing, "retry", "depot-v1-1@example.org") == 2
    assert "it may have been sent" in capsys.readouterr().err
    assert command(mailing, "retry", "depot-v1-1@example.org", "--yes") == 0


def test_manners_hold_for_what_a_person_retries(mailing: World, server: Server) -> None:
    server.fault = "dot 554 5.7.1 spam"
    mailing.judged(a_patch(1, 1))
    server.fault = ""
    mailing.judged(a_patch(1, 1, version=2, guilty=False))
    assert command(mailing, "retry", "depot-v1-1@example.org") == 0
    mailing.run()
    assert mailing.states() == {"depot-v1-1": "dropped"}
    assert not server.mails


def test_a_parked_series_is_reviewed_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.begin()
    with monkeypatch.context() as patched:
        patched.setattr(Reviewer, "judge", lambda *arguments: 1 / 0)
        world.judged(a_patch(1, 1))
    assert not world.drafts()
    assert command(world, "retry", "depot-v1-1@example.org") == 0
    world.run()
    assert len(world.drafts()) == 1


def test_there_may_be_nothing_to_do(world: World, capsys: Output) -> None:
    world.begin()
    for words in (["retry"], ["forget"], ["retry", "x@example.org"], ["forget", "x@example.org"], ["run"]):
        assert command(world, *words) == 2
    assert command(world, "run", "--once", "--follow") == 2


def test_a_state_that_is_adopted_mails_again_and_nothing_twice(mailing: World, server: Server, capsys: Output) -> None:
    mailing.judged(a_patch(1, 1))
    shutil.rmtree(mailing.root / "state")
    mailing.begin()
    mailing.judged(a_patch(1, 1, series="shed"))
    assert mailing.states() == {"shed-v1-1": "queued"}
    capsys.readouterr()
    assert command(mailing, "adopt") == 0
    assert "adopted, with 1 mails that were handed over" in capsys.readouterr().out
    mailing.run()
    assert mailing.states() == {"shed-v1-1": "sent"}
    assert len(server.mails) == len(set(server.mails)) == 2


def test_drafts_are_listed(world: World, capsys: Output) -> None:
    world.begin()
    world.judged(a_patch(1, 2), a_patch(2, 2))
    capsys.readouterr()
    assert command(world, "drafts") == 0
    out = capsys.readouterr().out
    for number in (1, 2):
        line = f"Re: [PATCH bpf-next {number}/2] depot: add bpf_depot_find{number}()\n"
        assert f"<depot-v1-{number}@example.org> to ann@example.org: {line}" in out
    assert f"a person sends; in {world.root / 'drafts'}, " in out


def test_the_service_goes_on_until_it_is_told_to_end(world: World, tmp_path: Path) -> None:
    """The real program, in real time."""
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(str(tmp_path / "notify"))
    notify.settimeout(30)
    world.configure('poll = "1 s"\nquiet = "0 s"')
    running = subprocess.Popen(
        [sys.executable, "-m", "kfunclint", "bot", "run", "--follow", "--config", str(world.config)],
        cwd=ROOT,
        env={**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify")},
        stderr=subprocess.PIPE,
    )
    try:
        assert notify.recv(100) == b"READY=1"
        assert notify.recv(100) == b"WATCHDOG=1"
        world.post(a_patch(1, 1))
        deadline = time.monotonic() + 30
        while not world.drafts() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert len(world.drafts()) == 1
        assert command(world, "status") == 0
        running.send_signal(signal.SIGTERM)
        assert running.wait(30) == 0
        told: list[bytes] = []
        while not told or told[-1] != b"STOPPING=1":
            told.append(notify.recv(100))
    finally:
        running.kill()
        running.communicate()
        notify.close()


def test_a_mail_on_the_line_is_finished_and_no_other_begun(
    mailing: World, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGTERM while the server thinks about the first of two mails."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    mailing.post(a_patch(1, 2), a_patch(2, 2))
    mailing.run()
    mailing.later(HOUR)
    server.when_taken = lambda: os.kill(os.getpid(), signal.SIGTERM)
    try:
        assert main(["bot", "run", "--follow", "--config", str(mailing.config)]) == 0
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert sorted(mailing.states().values()) == ["queued", "sent"]


def test_what_may_go_away_is_tried_again(capsys: Output) -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    rounds: list[str] = []

    def a_round(is_ending: object) -> None:
        rounds.append("")
        if len(rounds) < 3:
            raise OSError("the disk is full")
        os.kill(os.getpid(), signal.SIGTERM)

    try:
        service.follow(a_round, [], 0.0)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert len(rounds) == 3
    assert threading.current_thread() is threading.main_thread()
    assert capsys.readouterr().err.count("the disk is full") == 2
