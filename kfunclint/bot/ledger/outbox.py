"""What is to go out: rows that move from state to state, each move on the disk before what it allows is done."""

from __future__ import annotations

from enum import StrEnum
from sqlite3 import Row

from kfunclint.bot import clock, log
from kfunclint.bot.ledger.database import Database
from kfunclint.value import Value


class State(StrEnum):
    """Where something stands on its way out.

    DRAFT: a person sends it, or nobody. QUEUED: it goes when it may. SENDING: it is on the line, and its end is not.
    HANDING: its end may be. SENT: it is out. HELD: nobody knows, and a person looks. REFUSED: the server said no.
    DROPPED: it is not said any more.
    """

    DRAFT = "draft"
    QUEUED = "queued"
    SENDING = "sending"
    HANDING = "handing"
    SENT = "sent"
    HELD = "held"
    REFUSED = "refused"
    DROPPED = "dropped"


_MOVES = {
    State.DRAFT: {State.QUEUED, State.SENT, State.DROPPED, State.DRAFT},
    State.QUEUED: {State.SENDING, State.DRAFT, State.DROPPED, State.HELD, State.SENT, State.QUEUED},
    State.SENDING: {State.HANDING, State.QUEUED, State.REFUSED},
    State.HANDING: {State.SENT, State.QUEUED, State.REFUSED, State.HELD},
    State.SENT: set[State](),
    State.HELD: {State.SENT, State.QUEUED},
    State.REFUSED: {State.QUEUED, State.DROPPED},
    State.DROPPED: {State.QUEUED},
}


# a check may be posted again and again, so nothing has to be known for certain before it is
_MOVES_OF_CHECKS = {State.QUEUED, State.SENT, State.REFUSED}


class WrongMove(Exception):
    """A row is not, or no longer, where it has to be for a move. That is a bug, and nothing is sent."""


class Entry(Value):
    """A row of the outbox. `msgid` is the message-id of a mail, None for a check; `patch` that of the patch it is
    about, `author` who sent that; `rcpt` has the addresses it goes to, with spaces between them."""

    dedup: str
    kind: str
    series: str
    patch: str
    msgid: str | None
    author: str
    rcpt: str
    body: bytes
    state: State
    tries: int
    not_before: float
    why: str
    changed: float
    handed: float | None
    drafted: float | None


def entry(row: Row) -> Entry:
    """A row as a value."""
    values = {name: row[name] for name in Entry.__match_args__}
    return Entry(**(values | {"state": State(row["state"])}))


def entries(database: Database, where: str, *values: object, most: int = -1) -> list[Entry]:
    """The rows that a condition chooses, in the order in which they came to their state; -1: all of them."""
    query = f"SELECT * FROM outbox WHERE {where} ORDER BY changed, dedup LIMIT {most}"
    return [entry(row) for row in database.rows(query, *values)]


def move(database: Database, old: Entry, state: State, why: str = "", **values: float | int | bytes | str) -> Entry:
    """Move a row to a state, in a transaction, with other values that change; gives it as it is then. Raises
    WrongMove."""
    if state not in (_MOVES[old.state] if old.kind == "mail" else _MOVES_OF_CHECKS):
        raise WrongMove(f"{old.dedup}: {old.state} to {state}")
    more = "".join(f", {name}=?" for name in values)
    changed = database.execute(
        f"UPDATE outbox SET state=?, why=?, changed=?{more} WHERE dedup=? AND state=?",
        *(state, why, clock.now(), *values.values(), old.dedup, old.state),
    )
    if changed != 1:
        raise WrongMove(f"{old.dedup} is no longer {old.state}")
    log.event("outbox", dedup=old.dedup, state=state, why=why)
    (new,) = entries(database, "dedup=?", old.dedup)
    return new


def recover(database: Database) -> None:
    """Deal with what an earlier run left: what had not come to its end goes again, and of what may have, a person has
    to find out. A check that is posted twice does no harm."""
    with database.transaction("recover"):
        for left in entries(database, "state IN ('sending', 'handing')"):
            if left.state is State.HANDING:
                move(database, left, State.HELD, "the program ended while the server took the mail; was it sent?")
            else:
                move(database, left, State.QUEUED, "the program ended before it was handed over")
