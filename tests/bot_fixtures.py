"""The fixtures of the tests of the bot: a plugin that their modules name, as others need not have what it loads."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bots import Server, World

from kfunclint.bot import clock, selftest
from kfunclint.bot.ledger.database import Database
from kfunclint.bot.reviewing import Judgement, Reviewer
from kfunclint.clang import Parser


@pytest.fixture
def shared_parser(monkeypatch: pytest.MonkeyPatch, parser: Parser) -> None:
    """Bots of these tests share one parser; it is started once."""

    class Shared:
        def close(self) -> None:
            pass

        def __getattr__(self, name: str) -> Any:
            return getattr(parser, name)

    monkeypatch.setattr("kfunclint.bot.reviewing.Parser", Shared)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared_parser: None) -> Iterator[World]:
    """A world whose bot writes drafts; in memory where that goes, as no test here takes the power away."""
    memory = Path("/dev/shm")
    root = Path(tempfile.mkdtemp(dir=memory)) if os.access(memory, os.W_OK) else tmp_path
    made = World(root)
    monkeypatch.setattr(clock, "now", lambda: made.now)
    yield made
    shutil.rmtree(root)


_JUDGED: dict[tuple[str, ...], Judgement] = {}


@pytest.fixture
def remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was reviewed once is not reviewed again, also by processes that are forked later."""
    judge = Reviewer.judge

    def remembering(self: Reviewer, database: Database, key: str) -> Judgement:
        mails = tuple(row["blob"] for row in database.rows("SELECT blob FROM mail ORDER BY id"))
        if (key, *mails) not in _JUDGED:
            _JUDGED[key, *mails] = judge(self, database, key)
        return _JUDGED[key, *mails]

    monkeypatch.setattr(Reviewer, "judge", remembering)
    monkeypatch.setattr(selftest, "check", lambda reviewer: None)


@pytest.fixture
def server() -> Iterator[Server]:
    """A running server."""
    running = Server()
    running.start()
    try:
        yield running
    finally:
        if not running.loop.is_closed():
            running.stop()
