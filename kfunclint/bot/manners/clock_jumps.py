"""A clock that jumps makes everything look too old or too new."""

from __future__ import annotations

from kfunclint.bot import clock, log
from kfunclint.bot.ledger.database import Database
from kfunclint.bot.settings import DAY

_BACK, _FORWARD = -60.0, DAY


def agrees(database: Database) -> bool:
    """Does the clock go on from where it was? A run that sees it jump sends nothing; the next one, which agrees with
    it, does."""
    now, last = clock.now(), database.setting("clock")
    with database.transaction("clock"):
        database.set("clock", repr(now))
        if last is not None and now < float(last):
            _forget_the_future(database, now)
    if last is None or _BACK <= now - float(last) <= _FORWARD:
        return True
    log.event("clock", jumped=round(now - float(last)))
    return False


def _forget_the_future(database: Database, now: float) -> None:
    """Nothing was seen later than now: what a clock that was ahead has written down would wait until then."""
    database.execute("UPDATE mail SET seen=? WHERE seen>?", now, now)
    times = "first=min(first, ?), last=min(last, ?), reviewed=min(reviewed, ?)"
    database.execute(f"UPDATE series SET {times}", now, now, now)
    database.execute(
        "UPDATE outbox SET not_before=min(not_before, ? + max(0, not_before - changed)), changed=?,"
        " handed=min(handed, ?) WHERE changed>?",
        *(now, now, now, now),
    )
