"""What a person decides: to send once more, to give up, to go on with a state that was put back."""

from __future__ import annotations

from collections.abc import Callable

from kfunclint.bot import clock
from kfunclint.bot.ledger.database import Database
from kfunclint.bot.ledger.journal import Journal
from kfunclint.bot.ledger.outbox import Entry, State, entries, move
from kfunclint.bot.settings import BotSettings

_REOPENED = (State.HELD, State.REFUSED, State.DROPPED, State.DRAFT)


def retry(database: Database, settings: BotSettings, message_id: str, is_certain: bool) -> list[str]:
    """Queue what is about a mail once more, and review its series again if it was parked; gives what was done, a line
    each. A mail that is held, or that the journal has, may have been sent: that it was not, the person has to say
    (`is_certain`).

    Raises ValueError for what cannot be done.
    """
    lines = _reopen(database, message_id)
    journal = Journal(settings.journal)
    handed_over = journal.message_ids()
    for item in _about(database, message_id):
        if item.kind == "mail" and item.state is not State.QUEUED and not settings.may_mail:
            raise ValueError(f"bot retry: {item.dedup}: settings send no mail; it can be sent from the drafts")
        may_be_sent = item.state is State.HELD or (item.state in _REOPENED and item.msgid in handed_over)
        if may_be_sent and not is_certain:
            raise ValueError(
                f"bot retry: it may have been sent: look for message-id=<{item.msgid}> in the log of the mail server; "
                "if it is certain that it was not: --yes"
            )
        if item.state in _REOPENED:
            if item.msgid in handed_over:
                journal.take_back(str(item.msgid))
            with database.transaction("retry"):
                move(database, item, State.QUEUED, "a person wants it to go", tries=0, not_before=clock.now())
            lines.append(f"{item.dedup}: queued, was {item.state}")
    if not lines:
        raise ValueError(f"bot retry: nothing about {message_id} waits for a person")
    return lines


def forget(database: Database, settings: BotSettings, message_id: str, is_certain: bool) -> list[str]:
    """Give up what is about a mail: one that is held counts as sent, all else as dropped. Gives what was done, a line
    each. Raises ValueError where there is nothing."""
    lines = []
    for item in _about(database, message_id):
        if item.kind == "mail" and item.state in (State.HELD, State.DRAFT, State.QUEUED, State.REFUSED):
            state = State.SENT if item.state is State.HELD else State.DROPPED
            with database.transaction("forget"):
                move(database, item, state, "a person says so")
            lines.append(f"{item.dedup}: {state}, was {item.state}")
    if not lines:
        raise ValueError(f"bot forget: nothing about {message_id} waits")
    return lines


def adopt(database: Database, settings: BotSettings) -> str:
    """Let the ledger go on with the journal; what that knows is not sent again. Gives what was done, in a line."""
    journal = Journal(settings.journal)
    journal.start(str(database.setting("identity")))
    return f"{settings.journal}: adopted, with {len(journal.message_ids())} mails that were handed over"


def _about(database: Database, message_id: str) -> list[Entry]:
    return entries(database, "patch=? OR msgid=?", message_id, message_id)


def _reopen(database: Database, message_id: str) -> list[str]:
    """Have a parked series reviewed again."""
    key = database.value("SELECT series FROM mail WHERE msgid=? AND series IS NOT NULL", message_id)
    query = "UPDATE series SET state='open', why='', tries=0 WHERE key=? AND state='parked'"
    with database.transaction("reopen"):
        return [f"{key}: is reviewed again"] if database.execute(query, key) else []


COMMANDS: dict[str, Callable[[Database, BotSettings, str, bool], list[str]]] = {"retry": retry, "forget": forget}
