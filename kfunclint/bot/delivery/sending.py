"""Mails out: each looked at once more when it is claimed, and marked right before nobody can know any more."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection

from kfunclint.bot import clock, log, steps
from kfunclint.bot.delivery.bounces import bounce_address
from kfunclint.bot.delivery.couriers import Courier, Refused, courier
from kfunclint.bot.delivery.message import complete
from kfunclint.bot.gathering import newer_version
from kfunclint.bot.ledger.database import Database
from kfunclint.bot.ledger.journal import Journal
from kfunclint.bot.ledger.outbox import Entry, State, entries, move
from kfunclint.bot.manners.limits import author_limit, global_limit
from kfunclint.bot.settings import BotSettings

_FIRST_WAIT, _LONGEST_WAIT = 15.0, 3600.0
_DUE = "kind='mail' AND state='queued' AND not_before<=?"


def due(database: Database) -> list[Entry]:
    """The mails whose time has come."""
    return entries(database, _DUE, clock.now())


def send_all(
    database: Database, settings: BotSettings, journal: Journal, is_ending: Callable[[], bool] = lambda: False
) -> None:
    """Send the mails whose time has come, one after the other, until `is_ending` says so."""
    handed_over = journal.message_ids()
    for mail in due(database):
        if is_ending():
            return
        if limit := global_limit(database, settings):
            log.event("limit", why=limit, waiting=len(due(database)))
            return
        steps.at("send.before")
        claimed = claim(database, settings, mail, handed_over)
        if claimed is not None:
            _send(database, settings, journal, claimed)


def claim(database: Database, settings: BotSettings, mail: Entry, handed_over: Collection[str]) -> Entry | None:
    """Take a mail to send it, with a last look at whether it may go; None if not, and its row says why."""
    with database.transaction("claim"):
        stop = _why_not(database, settings, mail, handed_over)
        if stop is not None:
            move(database, mail, *stop)
            return None
        return move(database, mail, State.SENDING, tries=mail.tries + 1)


def _why_not(
    database: Database, settings: BotSettings, mail: Entry, handed_over: Collection[str]
) -> tuple[State, str] | None:
    series = database.row("SELECT * FROM series WHERE key=?", mail.series)
    assert series is not None
    if reason := database.value("SELECT parked FROM mail WHERE msgid=? AND parked IS NOT NULL", mail.patch):
        return State.DROPPED, str(reason)
    if series["state"] == "parked":
        return State.DROPPED, str(series["why"])
    if newer := newer_version(database, mail.series):
        return State.DROPPED, f"superseded by {newer}"
    if clock.now() - series["first"] > settings.max_age:
        return State.DROPPED, "too old"
    if database.value("SELECT 1 FROM mail WHERE msgid=?", mail.msgid):
        return State.SENT, "the archive has it"
    if mail.msgid in handed_over:
        return State.HELD, "the journal has it and the state has not: was an old state put back?"
    if database.value("SELECT 1 FROM optout WHERE who=?", mail.author):
        return State.DROPPED, "the author does not want mail"
    if limit := author_limit(database, settings, mail):
        return State.DRAFT, limit
    return None


def _send(database: Database, settings: BotSettings, journal: Journal, mail: Entry) -> None:
    carrier = courier(settings)
    steps_taken = _Progress(mail)
    try:
        _carry(database, settings, journal, carrier, steps_taken)
    except sqlite3.Error:
        raise  # what is written down does not say any more how far it came: the next start finds out
    except Exception as error:
        _fail(database, journal, steps_taken.mail, error)
    finally:
        carrier.close()
    steps.at("send.after")


class _Progress:
    """The row of a mail as it is now, also when something is raised on the way."""

    def __init__(self, mail: Entry) -> None:
        self.mail = mail


def _carry(database: Database, settings: BotSettings, journal: Journal, carrier: Courier, progress: _Progress) -> None:
    mail = progress.mail
    data = complete(settings, mail.body, str(mail.msgid))
    carrier.prepare(bounce_address(settings, str(mail.msgid)), mail.rcpt.split(), data)
    with database.transaction("handing"):  # from here to `sent` nobody can know; all before is certain not to be sent
        progress.mail = move(database, mail, State.HANDING, handed=clock.now())
    journal.add(str(mail.msgid))
    steps.at("journal.done")
    carrier.finish()
    with database.transaction("sent"):
        progress.mail = move(database, progress.mail, State.SENT)


def _fail(database: Database, journal: Journal, mail: Entry, error: Exception) -> None:
    """A refusal is certain, whenever it comes; anything else is not, once the mail may be handed over."""
    is_certain = isinstance(error, Refused)
    if is_certain and mail.state is State.HANDING:
        journal.take_back(str(mail.msgid))
    wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(mail.tries, 20))
    with database.transaction("failed"):
        if isinstance(error, Refused) and error.is_final:
            move(database, mail, State.REFUSED, str(error))
        elif is_certain or mail.state is State.SENDING:
            move(database, mail, State.QUEUED, _text(error), not_before=clock.now() + wait)
        else:
            move(database, mail, State.HELD, f"no answer to the last word: {_text(error)}")


def _text(error: Exception) -> str:
    return str(error) if isinstance(error, Refused) else f"{type(error).__name__}: {error}"[:500]


def settle(database: Database) -> None:
    """What an archive has is sent, whoever sent it."""
    for mail in entries(
        database, "state IN ('held', 'draft', 'queued') AND kind='mail' AND msgid IN (SELECT msgid FROM mail)"
    ):
        with database.transaction("settle"):
            move(database, mail, State.SENT, "the archive has it")
