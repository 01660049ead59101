"""Mails put together to series, as they come: in pieces, in any order, more than once."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from sqlite3 import Row

from kfunclint.bot import log, steps
from kfunclint.bot.ledger.database import Database
from kfunclint.bot.settings import BotSettings
from kfunclint.mail.inbox import read_inbox
from kfunclint.mail.message import Inbox, Mail, Series, address
from kfunclint.mail.versions import age
from kfunclint.value import Value

_MOST_MAILS = 300  # of an author and a thread together


class _Group(Value):
    """A series as it is known now, and the rows of its own mails: a reroll of some patches has others of an earlier
    version."""

    series: Series
    family: int
    rows: tuple[Row, ...]


def gather(database: Database, settings: BotSettings) -> None:
    """Put what has come since the last time to the series that it belongs to."""
    fresh = database.rows("SELECT DISTINCT author, thread FROM mail WHERE kind='patch' AND handled=0")
    steps.at("gather.before")
    for row in fresh:
        mails = patches_around(database, [row["author"]], [row["thread"]])
        groups = _groups(inbox_of(mails), mails)
        with database.transaction("gather"):
            keys = [_write(database, settings, group) for group in groups]
            _number_families(database, groups, keys)
            database.execute(
                "UPDATE mail SET handled=1 WHERE kind='patch' AND (author=? OR thread=?)", row["author"], row["thread"]
            )
            _close_without_mails(database, row["author"])


def patches_around(database: Database, authors: Sequence[str], threads: Sequence[str]) -> list[Row]:
    """The newest patches of some authors, and patches and what may be their cover letters in some threads, in the order
    in which they came."""
    marks = ",".join("?" * len(authors)), ",".join("?" * len(threads))
    rows = database.rows(
        f"SELECT * FROM mail WHERE kind IN ('patch', 'other') AND parked IS NULL AND raw IS NOT NULL"
        f" AND ((kind='patch' AND author IN ({marks[0]})) OR thread IN ({marks[1]}))"
        f" ORDER BY id DESC LIMIT {_MOST_MAILS}",
        *(*authors, *threads),
    )
    return rows[::-1]


def inbox_of(rows: Iterable[Row]) -> Inbox:
    """The mails of some rows as the rest of the program reads them."""
    return read_inbox([zlib.decompress(row["raw"]) for row in rows])


def mails_of(series: Series) -> tuple[Mail, ...]:
    """Cover letter and patches."""
    return (*((series.cover,) if series.cover else ()), *series.patches)


def _groups(inbox: Inbox, rows: Iterable[Row]) -> list[_Group]:
    by_id = {row["msgid"]: row for row in rows}
    groups = []
    for series in inbox.series:  # older versions come first
        own = [by_id.pop(mail.headers.message_id, None) for mail in mails_of(series)]
        if any(own):
            groups.append(_Group(series, series.family, tuple(filter(None, own))))
    return groups


def _write(database: Database, settings: BotSettings, group: _Group) -> str:
    """Write a series down, in a transaction; gives its key."""
    key: str = next((row["series"] for row in group.rows if row["series"]), group.rows[0]["msgid"])
    first, last = min(row["seen"] for row in group.rows), max(row["seen"] for row in group.rows)
    old = database.row("SELECT * FROM series WHERE key=?", key)
    opening, series = mails_of(group.series)[0], group.series
    if old is None:
        database.execute(
            "INSERT INTO series (key, family, title, author, version, age, total, complete, first, last, state)"
            " VALUES (?,?,?,?,?,?,?,?,?,?,'open')",
            *(key, key, opening.subject.text, address(opening), series.version, _age(series), series.total),
            *(series.complete, first, last),
        )
    elif any(row["series"] != key for row in group.rows) or (last, series.complete) != (old["last"], old["complete"]):
        state = "parked" if old["state"] == "parked" else "open"
        database.execute(
            "UPDATE series SET title=?, complete=?, first=?, last=?, state=? WHERE key=?",
            *(opening.subject.text, series.complete, first, last, state, key),
        )
    if series.total > settings.most_patches:
        park(database, key, f"more than {settings.most_patches} patches")
    ids = [(key, row["msgid"]) for row in group.rows]
    database.execute_all("UPDATE mail SET series=? WHERE msgid=? AND kind<>'copy'", ids)
    return key


def park(database: Database, key: str, why: str) -> None:
    """Do not look at a series any more, in a transaction; a person sees why."""
    if database.execute("UPDATE series SET state='parked', why=? WHERE key=? AND state<>'parked'", why, key):
        log.event("parked", series=key, why=why)


def _age(series: Series) -> int:
    """Orders the versions of a family, as a number."""
    is_final, version = age(series)
    return is_final * 100_000 + version


def _number_families(database: Database, groups: Sequence[_Group], keys: Sequence[str]) -> None:
    """Give the versions of a family the name of the first that has one, in a transaction; older open ones close."""
    names: dict[int, str] = {}
    for group, key in zip(groups, keys, strict=True):
        family = str(database.value("SELECT family FROM series WHERE key=?", key))
        name = names.setdefault(group.family, family)
        database.execute("UPDATE series SET family=? WHERE key=?", name, key)
    for name in set(names.values()):
        for row in database.rows("SELECT * FROM series WHERE family=? AND state='open'", name):
            if newer := newer_version(database, row["key"]):
                why = f"superseded by {newer}"
                database.execute("UPDATE series SET state='superseded', why=? WHERE key=?", why, row["key"])


def newer_version(database: Database, key: str) -> str | None:
    """The key of a newer version of a series, or of a resend of it, None where there is none."""
    newer: str | None = database.value(
        "SELECT newer.key FROM series JOIN series AS newer ON newer.family = series.family"
        " WHERE series.key=? AND newer.key <> series.key AND EXISTS (SELECT 1 FROM mail WHERE series = newer.key)"
        " AND (newer.age > series.age OR (newer.age = series.age AND newer.first > series.first))"
        " ORDER BY newer.age DESC LIMIT 1",
        key,
    )
    return newer


def _close_without_mails(database: Database, author: str) -> None:
    """Series whose mails have all gone to another one, or were taken out of the archive, in a transaction."""
    database.execute(
        "UPDATE series SET state='parked', why='none of its mails is left' WHERE author=? AND state<>'parked'"
        " AND NOT EXISTS (SELECT 1 FROM mail WHERE series = series.key AND parked IS NULL)",
        author,
    )
