"""Mails in: from the sources into the ledger, each once, with what it is."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import NamedTuple

from kfunclint.bot import clock, log, steps
from kfunclint.bot.archive.source import Arrival, Chunk, Source, key_of
from kfunclint.bot.delivery.bounces import bounce_key
from kfunclint.bot.ledger.database import Database
from kfunclint.bot.ledger.journal import Journal
from kfunclint.bot.manners.ignored import bare_address, is_own_id, why_ignored
from kfunclint.bot.settings import BotSettings
from kfunclint.errors import InputError
from kfunclint.mail import mime
from kfunclint.mail.inbox import only_mail, read_inbox
from kfunclint.mail.mbox import Raw
from kfunclint.mail.message import Mail, address

_ANSWERABLE = 900
_KEPT = ("patch", "answer", "other", "bounce")


class _Known(NamedTuple):
    """What a mail is: see the table mail. `parent` is the message-id that it answers."""

    msgid: str
    kind: str
    author: str = ""
    thread: str = ""
    parent: str = ""
    parked: str | None = None


def first_start(database: Database, sources: Sequence[Source]) -> None:
    """Where a source was never read, begin at its end: nothing that is there now is ever judged. One that cannot be
    read is told, and begun the next time."""
    for source in sources:
        if database.value("SELECT 1 FROM source WHERE name=?", source.name):
            continue
        try:
            tips, present = source.tips(), [(key_of(id_),) for id_ in source.present()]
        except (InputError, OSError) as why:
            log.event("unread", source=source.name, why=str(why))
            continue
        with database.transaction("begin"):
            database.execute_all("INSERT OR IGNORE INTO old VALUES (?)", present)
            _save(database, source, tips)
            database.execute("INSERT OR IGNORE INTO source VALUES (?, '', '')", source.name)
        log.event("begin", source=source.name, present=len(present))


def rebuild(database: Database, journal: Journal, sources: Sequence[Source], sender: str) -> None:
    """A new ledger asks the archives what went out before it, and writes that into the journal. Raises InputError and
    OSError for an archive that cannot be asked."""
    archived = {id_ for source in sources for id_ in source.sent_by(bare_address(sender)) if is_own_id(id_)}
    for message_id in sorted(archived - journal.message_ids()):
        journal.add(message_id)
    with database.transaction("rebuild"):
        database.set("rebuilt", str(clock.now()))
    log.event("rebuilt", sent=len(archived))


def read(database: Database, settings: BotSettings, sources: Sequence[Source]) -> int:
    """Take in what has come; gives how many mails. A source that cannot be read is told, and read the next time; one
    that first_start() could not begin is left alone, as all that it has would look new."""
    count = 0
    for source in sources:
        cursors = {
            row["part"]: row["cursor"] for row in database.rows("SELECT * FROM source WHERE name=?", source.name)
        }
        if cursors.pop("", None) is None:
            continue
        steps.at("read.before")
        try:
            for chunk in source.news(cursors):
                count += _take(database, settings, source, chunk)
        except (InputError, OSError) as why:
            log.event("unread", source=source.name, why=str(why))
    return count


def _take(database: Database, settings: BotSettings, source: Source, chunk: Chunk) -> int:
    """Write a chunk down; gives how many mails of it are new."""
    fresh = [arrival for arrival in chunk.arrivals if not _is_known(database, source, arrival)]
    mails = [(arrival, _identify(arrival, settings)) for arrival in fresh]
    steps.at("read.listed")
    with database.transaction("read"):
        for arrival, known in mails:
            _insert(database, source, arrival, known)
            steps.at("read.mail")
        for blob in chunk.withdrawn:
            database.execute(_WITHDRAW, blob)
        _save(database, source, chunk.cursors)
        database.execute_all(
            "DELETE FROM source WHERE name=? AND part=?", [(source.name, part) for part in chunk.gone if part]
        )
    return len(mails)


_WITHDRAW = (
    "UPDATE mail SET parked='taken out of the archive', handled=CASE kind WHEN 'patch' THEN 0 ELSE 1 END WHERE blob=?"
)


def _save(database: Database, source: Source, cursors: dict[str, str]) -> None:
    rows = [(source.name, part, cursor) for part, cursor in cursors.items()]
    database.execute_all("INSERT INTO source VALUES (?,?,?) ON CONFLICT DO UPDATE SET cursor=excluded.cursor", rows)


def _is_known(database: Database, source: Source, arrival: Arrival) -> bool:
    return bool(database.value("SELECT 1 FROM mail WHERE blob=? AND source=?", arrival.blob, source.name))


def _identify(arrival: Arrival, settings: BotSettings) -> _Known:
    """What a mail is; one that cannot be read is parked, with the reason."""
    nameless = f"blob:{arrival.blob}"
    if arrival.why:
        return _Known(nameless, "other", parked=arrival.why)
    try:
        mail = only_mail(Raw("mail", 1, arrival.data))
        fields = mime.decode(arrival.data)[0].fields
    except (InputError, mime.MailError) as why:
        return _Known(nameless, "other", parked=str(why))
    inbox = read_inbox([arrival.data])
    # what is no patch by itself may still be the cover letter of some: the thread decides, once they are read together
    kind = "patch" if inbox.series else "answer" if inbox.replies else "other"
    return _known(mail, kind, fields, settings)


def _known(mail: Mail, kind: str, fields: mime.Fields, settings: BotSettings) -> _Known:
    headers = mail.headers
    msgid, author = headers.message_id, address(mail)
    if not msgid or len(msgid) > _ANSWERABLE or not msgid.isascii():
        return _Known("", "other", author, parked="no message-id that an answer could name")
    parent = headers.in_reply_to or (headers.references[-1] if headers.references else "")
    root = headers.references[0] if headers.references else headers.in_reply_to or msgid
    if is_own_id(msgid):
        return _Known(msgid, "ours", author, root, parent)
    if bounce_key(settings, fields):
        kind = "bounce"
    elif kind != "answer" and why_ignored(fields, bare_address(headers.sender), settings):
        kind = "ignored"
    return _Known(msgid, kind, author, root, parent)


def _insert(database: Database, source: Source, arrival: Arrival, known: _Known) -> None:
    msgid = known.msgid or f"blob:{arrival.blob}"
    kind, parked = known.kind, known.parked
    if database.value("SELECT 1 FROM mail WHERE msgid=?", msgid):
        kind = "copy"
    elif kind != "ours" and database.value("SELECT 1 FROM old WHERE id=?", key_of(msgid)):
        kind, parked = "ignored", "older than the bot"
    # a mail that names its parent alone is in the thread of that
    thread = database.value("SELECT thread FROM mail WHERE msgid=?", known.parent) or known.thread
    raw = zlib.compress(arrival.data, 1) if kind in _KEPT and not parked else None
    database.execute(
        "INSERT OR IGNORE INTO mail (msgid, blob, source, list, seen, kind, author, thread, raw, parked, handled)"
        " VALUES (?,?,?,?,?,?,?,?,?,?,?)",
        *(msgid, arrival.blob, source.name, source.list, clock.now(), kind, known.author, thread, raw, parked),
        int(raw is None),
    )
    if parked:
        log.event("parked", mail=msgid, source=source.name, why=parked)
