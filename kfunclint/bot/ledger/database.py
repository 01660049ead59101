"""The file that holds it all: one SQLite database, and one program at a time that writes to it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

from kfunclint.bot import steps
from kfunclint.errors import InputError

NAME = "bot.sqlite"
_SCHEMA = Path(__file__).with_name("schema.sql")
_VERSION = 1
_BUSY = 5.0  # seconds


class InUse(Exception):
    """Another bot works with this state."""


class Database:
    """The ledger. Times in it are UTC seconds; every row that leads to a mail has a key made of what it is about.

    Every change is one of transaction(), which is on the disk when it ends. Raises sqlite3.Error as SQLite does.
    """

    def __init__(self, connection: sqlite3.Connection, lock: int | None = None) -> None:
        self.connection = connection
        self.lock = lock
        connection.row_factory = sqlite3.Row

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()
        if self.lock is not None:
            os.close(self.lock)

    def rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        """What a query gives."""
        return self.connection.execute(query, values).fetchall()

    def row(self, query: str, *values: Any) -> sqlite3.Row | None:
        """The first row of a query, None where there is none."""
        row: sqlite3.Row | None = self.connection.execute(query, values).fetchone()
        return row

    def value(self, query: str, *values: Any) -> Any:
        """The first column of the first row of a query, None where there is none."""
        row = self.row(query, *values)
        return row[0] if row else None

    def execute(self, statement: str, *values: Any) -> int:
        """Change something, in a transaction; gives how many rows were changed."""
        return self.connection.execute(statement, values).rowcount

    def execute_all(self, statement: str, values: Sequence[Sequence[Any]]) -> None:
        """Do the same change for several rows, in a transaction."""
        self.connection.executemany(statement, values)

    @contextlib.contextmanager
    def transaction(self, name: str) -> Iterator[None]:
        """All that is changed inside, or nothing of it. The step NAME.in comes before it is kept, NAME.done after."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            steps.at(f"{name}.in")
            self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:  # SQLite has rolled back by itself where the disk is full
                self.connection.execute("ROLLBACK")
            raise
        steps.at(f"{name}.done")

    def setting(self, key: str) -> str | None:
        """A value of the table meta, None where it has none."""
        value: str | None = self.value("SELECT value FROM meta WHERE key=?", key)
        return value

    def set(self, key: str, value: str) -> None:
        """Write a value into the table meta, in a transaction."""
        self.execute("INSERT INTO meta VALUES (?,?) ON CONFLICT DO UPDATE SET value=excluded.value", key, value)


def open_database(state: Path) -> Database:
    """The ledger in a folder, made where there is none, for the one bot that may change it.

    Raises InUse, OSError, sqlite3.Error, and InputError for a ledger of a newer kfunclint.
    """
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = os.open(state / "lock", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        raise InUse(str(state)) from error
    database = Database(sqlite3.connect(state / NAME, isolation_level=None, timeout=_BUSY), lock)
    os.chmod(state / NAME, 0o600)  # noqa: PTH101 - it holds mail
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        database.connection.execute(f"PRAGMA {pragma}")
    _migrate(database, state)
    return database


def read_database(state: Path) -> Database:
    """The ledger in a folder, to look at; a bot may work with it meanwhile. Raises InputError if there is none."""
    path = state / NAME
    if not path.is_file():
        raise InputError(str(path), None, "no bot has worked here yet")
    database = Database(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_BUSY))
    _check_version(database, state)
    return database


def _migrate(database: Database, state: Path) -> None:
    """Bring the tables to the form of this program; each form knows how to become the next."""
    version = _check_version(database, state)
    if version == 0:
        with database.transaction("create"):
            for statement in _SCHEMA.read_text(encoding="utf-8").split(";\n"):
                database.connection.execute(statement)
            database.set("identity", secrets.token_hex(16))
            database.connection.execute(f"PRAGMA user_version={_VERSION}")


def _check_version(database: Database, state: Path) -> int:
    version: int = database.value("PRAGMA user_version")
    if version > _VERSION:
        raise InputError(str(state / NAME), None, f"of a newer kfunclint (form {version}, this one knows {_VERSION})")
    return version
