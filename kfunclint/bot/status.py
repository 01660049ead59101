"""What there is to know about a bot's work, as text for people."""

from __future__ import annotations

import shlex
import textwrap
import time
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path

from kfunclint.bot.feedback.precision import precision_of_rules
from kfunclint.bot.ledger.database import Database
from kfunclint.bot.ledger.outbox import Entry, entries
from kfunclint.text import pluralize, visible

_SHOWN = 20


def summary(database: Database) -> Iterator[str]:
    """How many mails and series there are, what waits for a person, and what is not looked at."""
    for title, query in _COUNTS.items():
        counts = [f"{row[1]} {row[0]}" for row in database.rows(query)]
        yield f"{title + ':':10}{', '.join(counts) or 'none'}"
    yield from _waiting(database)
    yield from _parked(database)
    yield from _failed_often(database)


def drafts(database: Database, folder: Path | None) -> Iterator[str]:
    """The drafts, the oldest first, each with the reason why it is one."""
    for draft in entries(database, "kind='mail' AND state='draft'"):
        subject = message_from_bytes(draft.body, policy=policy.default)["subject"]
        place = "not written yet" if draft.drafted is None else f"in {folder}"
        yield visible(f"<{draft.patch}> to {draft.rcpt}: {subject}")
        yield visible(f"    {draft.why}; {place}, {_date(draft.drafted or draft.changed)}")


def disputed(database: Database) -> Iterator[str]:
    """How often each rule was right, what people have called wrong, and the commands that came."""
    for rule, precision in precision_of_rules(database).items():
        percent = "" if precision.percent is None else f", {precision.percent:.0f} % right"
        yield f"{rule}: {precision.mended} mended, {precision.refuted} refuted{percent}"
    rows = database.rows("SELECT * FROM finding WHERE outcome IN ('wrong', 'disputed') ORDER BY rule, series, key")
    for row in rows:
        yield visible(f"{row['outcome']}: <{row['patch']}>: {row['place']}: {row['message']} [{row['rule']}]")
    for row in database.rows("SELECT * FROM command ORDER BY seen DESC, mail, number LIMIT ?", _SHOWN):
        yield visible(f"command: {_date(row['seen'])} {row['who']}: {row['words']}: {row['effect']}")
    for row in database.rows("SELECT * FROM optout ORDER BY since, who"):
        yield visible(f"no mail: {row['who']} since {_date(row['since'])}: {row['by']}")


def shown(database: Database, message_id: str) -> Iterator[str]:
    """All that is known of a mail: a patch, or one of ours. Nothing where nothing is known."""
    for row in database.rows("SELECT * FROM mail WHERE msgid=? ORDER BY id", message_id):
        parked = f", not looked at: {row['parked']}" if row["parked"] else ""
        yield f"mail      {row['kind']}, in {row['source']} since {_date(row['seen'])}{parked}"
    key = database.value("SELECT series FROM mail WHERE msgid=? AND series IS NOT NULL", message_id)
    key = key or database.value("SELECT series FROM outbox WHERE msgid=?", message_id)
    for row in database.rows("SELECT * FROM series WHERE key=?", key):
        what = f"v{row['version']}, {pluralize(row['total'], 'patch')}{'' if row['complete'] else ', incomplete'}"
        yield visible(f"series    {row['title']}")
        yield visible(f"          {what}, {row['state']}{': ' * bool(row['why'])}{row['why']}")
    for row in database.rows("SELECT * FROM finding WHERE series=? AND patch=?", key, message_id):
        fate = f" ({row['outcome']})" if row["outcome"] else ""
        yield visible(f"finding   {row['place']}: {row['level']}: {row['message']} [{row['rule']}]{fate}")
    for item in entries(database, "patch=? OR msgid=?", message_id, message_id):
        yield from _entry(item)


def _entry(item: Entry) -> Iterator[str]:
    state = f"{item.state}{': ' * bool(item.why)}{item.why}"
    when = f", not before {_date(item.not_before)}" if item.state == "queued" and item.not_before else ""
    yield visible(f"{item.kind:10}{state} ({_date(item.changed)}{when})")
    if item.kind == "mail":
        yield visible(f"          <{item.msgid}> to {item.rcpt}")
        yield from textwrap.indent(item.body.decode("utf-8", "replace"), "          | ", lambda line: True).split("\n")


def _waiting(database: Database) -> Iterator[str]:
    """The mails that a person has to look at, each with how to find out what became of it."""
    rows = entries(database, "kind='mail' AND state IN ('held', 'refused')")
    for item in rows[:_SHOWN]:
        yield visible(f"{item.state} since {_date(item.handed or item.changed)}: <{item.patch}>: {item.why}")
        if item.state == "held":
            yield f"    look for message-id=<{item.msgid}> in the log of the mail server, then"
            yield f"    kfunclint bot retry --yes {shlex.quote(visible(item.patch))}  sends it again"
    if len(rows) > _SHOWN:
        yield f"... and {len(rows) - _SHOWN} more that wait"


def _parked(database: Database) -> Iterator[str]:
    for row in database.rows("SELECT key, why FROM series WHERE state='parked' ORDER BY last DESC LIMIT ?", _SHOWN):
        yield visible(f"parked: series <{row['key']}>: {row['why']}")
    query = "SELECT msgid, source, parked FROM mail WHERE parked IS NOT NULL AND parked<>? ORDER BY id DESC LIMIT ?"
    for row in database.rows(query, "older than the bot", _SHOWN):
        yield visible(f"parked: mail <{row['msgid']}> in {row['source']}: {row['parked']}")


def _failed_often(database: Database) -> Iterator[str]:
    for item in entries(database, "state='queued' AND tries > 2", most=_SHOWN):
        yield visible(f"tried {item.tries} times: {item.dedup}: {item.why}")


def _date(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


_COUNTS = {
    "mails": "SELECT kind, count(*) FROM mail GROUP BY kind",
    "series": "SELECT state, count(*) FROM series GROUP BY state",
    "replies": "SELECT state, count(*) FROM outbox WHERE kind='mail' GROUP BY state",
    "checks": "SELECT state, count(*) FROM outbox WHERE kind='check' GROUP BY state",
}
