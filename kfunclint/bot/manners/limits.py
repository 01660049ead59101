"""How many mails are too many: for one person in a day, and for all in an hour and in a day."""

from __future__ import annotations

from kfunclint.bot import clock
from kfunclint.bot.ledger.database import Database
from kfunclint.bot.ledger.outbox import Entry
from kfunclint.bot.settings import DAY, HOUR, BotSettings

_GONE = "kind='mail' AND state IN ('handing', 'sent', 'held') AND handed > ?"


def author_limit(database: Database, settings: BotSettings, mail: Entry) -> str:
    """Why an author gets no more mail today, "" if there is room for this one."""
    day = clock.now() - DAY
    mails = database.value(f"SELECT count(*) FROM outbox WHERE {_GONE} AND author=?", day, mail.author)
    if mails >= settings.author_mails_a_day:
        return f"{mails} mails to this author in a day"
    series = database.value(
        f"SELECT count(DISTINCT series) FROM outbox WHERE {_GONE} AND author=? AND series<>?",
        *(day, mail.author, mail.series),
    )
    return f"{series} series of this author in a day" if series >= settings.author_series_a_day else ""


def global_limit(database: Database, settings: BotSettings) -> str:
    """Why nobody gets mail just now, "" if there is room for one."""
    for seconds, most, name in ((HOUR, settings.mails_an_hour, "hour"), (DAY, settings.mails_a_day, "day")):
        count = database.value(f"SELECT count(*) FROM outbox WHERE {_GONE}", clock.now() - seconds)
        if count >= most:
            return f"{count} mails in this {name}"
    return ""
