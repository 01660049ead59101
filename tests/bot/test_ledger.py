"""The ledger: strict, on the disk when it says so, and only ever moved as it may be."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from bots import World, a_patch

from kfunclint.bot.ledger import outbox
from kfunclint.bot.ledger.database import Database, InUse, open_database, read_database
from kfunclint.bot.ledger.journal import Journal
from kfunclint.bot.ledger.outbox import Entry, State, WrongMove, move
from kfunclint.errors import InputError

pytest_plugins = ["bot_fixtures"]


def test_it_is_written_as_safely_as_sqlite_can(tmp_path: Path) -> None:
    with open_database(tmp_path / "state") as database:
        assert database.value("PRAGMA journal_mode") == "wal"
        assert database.value("PRAGMA synchronous") == 2  # FULL
        assert database.value("PRAGMA foreign_keys") == 1
        assert database.value("PRAGMA user_version") == 1
        tables = database.rows("SELECT sql FROM sqlite_schema WHERE type='table' AND name NOT LIKE 'sqlite%'")
        assert all(row["sql"].rstrip().endswith("STRICT") for row in tables)
        with pytest.raises(sqlite3.IntegrityError):
            database.connection.execute("INSERT INTO optout VALUES ('ann', 'today', 'x')")
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "state" / "bot.sqlite").stat().st_mode & 0o777 == 0o600


def test_one_bot_at_a_time(tmp_path: Path) -> None:
    with open_database(tmp_path), pytest.raises(InUse), open_database(tmp_path):
        pass
    with open_database(tmp_path):
        pass


def test_a_ledger_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    with open_database(tmp_path) as database:
        database.connection.execute("PRAGMA user_version=7")
    for opener in (open_database, read_database):
        with pytest.raises(InputError, match="newer kfunclint"):
            opener(tmp_path)


def test_who_looks_at_it_writes_nothing_and_needs_no_lock(tmp_path: Path) -> None:
    with open_database(tmp_path), read_database(tmp_path) as reading, pytest.raises(sqlite3.OperationalError):
        reading.execute("DELETE FROM meta")
    with pytest.raises(InputError, match="no bot has worked here"):
        read_database(tmp_path / "elsewhere")


def test_a_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with open_database(tmp_path) as database:
        with pytest.raises(sqlite3.OperationalError), database.transaction("test"):  # noqa: PT012 - what came before counts
            database.set("a", "b")
            database.execute("no such thing")
        assert database.setting("a") is None


def with_row(database: Database, state: State) -> Entry:
    with database.transaction("test"):
        database.execute("DELETE FROM outbox")
        database.execute(
            "INSERT OR IGNORE INTO series"
            " (key, family, title, author, version, age, total, complete, first, last, state)"
            " VALUES ('s', 's', 't', 'a', 1, 1, 1, 1, 0, 0, 'open')"
        )
        database.execute(
            "INSERT INTO outbox (dedup, kind, series, patch, msgid, author, rcpt, body, state, changed)"
            " VALUES ('mail:p', 'mail', 's', 'p', 'm', 'a', 'a', x'00', ?, 0)",
            state,
        )
    return outbox.entries(database, "dedup='mail:p'")[0]


MAY = {
    "draft": "draft dropped queued sent",
    "queued": "draft dropped held queued sending sent",
    "sending": "handing queued refused",
    "handing": "held queued refused sent",
    "sent": "",
    "held": "queued sent",
    "refused": "dropped queued",
    "dropped": "queued",
}


@pytest.mark.parametrize("state", list(State))
def test_a_row_moves_only_where_it_may(state: State, tmp_path: Path) -> None:
    with open_database(tmp_path) as database:
        reached = []
        for target in State:
            row = with_row(database, state)
            try:
                with database.transaction("test"):
                    assert move(database, row, target).state is target
                reached.append(target)
            except WrongMove:
                assert outbox.entries(database, "1")[0].state is state
        assert " ".join(sorted(reached)) == MAY[state]


def test_a_row_that_has_moved_meanwhile_is_not_moved(tmp_path: Path) -> None:
    with open_database(tmp_path) as database:
        row = with_row(database, State.QUEUED)
        with database.transaction("test"):
            move(database, row, State.SENDING)
        with pytest.raises(WrongMove, match="no longer queued"), database.transaction("test"):
            move(database, row, State.SENDING)


def test_the_journal_knows_what_was_handed_over(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "log" / "journal")
    assert (journal.identity(), journal.message_ids()) == (None, frozenset())
    journal.start("0" * 32)
    for id_ in ("a@x", "b@x", "c@x"):
        journal.add(id_)
    journal.take_back("b@x")
    assert journal.message_ids() == {"a@x", "c@x"}
    assert journal.identity() == "0" * 32
    journal.start("1" * 32)
    assert journal.identity() == "1" * 32
    assert journal.path.stat().st_mode & 0o777 == 0o600


def test_a_line_of_the_journal_that_was_cut_off_spoils_no_other(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    journal.add("a@x")
    with journal.path.open("a") as file:
        file.write("b@")
    assert journal.message_ids() == {"a@x"}
    journal.add("c@x")
    assert journal.message_ids() == {"a@x", "b@", "c@x"}


def test_the_text_of_old_mails_is_dropped(world: World) -> None:
    world.begin()
    world.judged(a_patch(1, 1))
    world.later(61 * 86400)
    world.run()
    assert [(row["msgid"], row["raw"]) for row in world.rows("SELECT * FROM mail")] == [
        ("depot-v1-1@example.org", None)
    ]
