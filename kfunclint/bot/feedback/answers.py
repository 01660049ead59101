"""Answers to our mails: commands in them, reasons against what we said, and mails that did not arrive.

Nothing of it is ever answered, not even a mistake in a command: that is how loops begin. `status` shows what it did.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from itertools import islice

from kfunclint.bot import clock, log
from kfunclint.bot.delivery.bounces import bounce_address, bounce_key
from kfunclint.bot.feedback.signature import Lookup, is_signed
from kfunclint.bot.gathering import park
from kfunclint.bot.ledger.database import Database
from kfunclint.bot.ledger.outbox import Entry, entries
from kfunclint.bot.manners.ignored import bare_address, bare_addresses, own_addresses, why_ignored
from kfunclint.bot.manners.maintainers import is_maintainer
from kfunclint.bot.settings import BotSettings
from kfunclint.discussion.quotes import quoted_blocks
from kfunclint.discussion.topic import is_reason
from kfunclint.errors import InputError
from kfunclint.mail import mime
from kfunclint.mail.body import is_signature
from kfunclint.mail.inbox import only_mail
from kfunclint.mail.mbox import Raw
from kfunclint.mail.message import Mail
from kfunclint.value import Value, replace

_COMMAND = re.compile(r"kfunclint:[ \t]*(wrong|stop)\b[ \t]*(.*)", re.I)
_MOST_COMMANDS = 10
_MOST_LINES = 5000
_FINAL = re.compile(rb"^Status:\s*5\.", re.I | re.M)
_MOST_BOUNCES = 2


class _Answer(Value):
    """A mail to us: as it is, as it came, and who sent it; the mail of ours that it answers, if any; what it asks for,
    and whose findings of which rules it disputes. `objection` says why its sender may not, "" if that may be."""

    mail: Mail
    data: bytes
    who: str
    ours: Entry | None
    commands: tuple[tuple[str, str], ...] = ()
    disputed: tuple[str, ...] = ()
    objection: str = ""


def process(database: Database, settings: BotSettings, lookup: Lookup | None = None) -> None:
    """Do what the new answers ask for, each once. `lookup` stands for that of the DNS."""
    fresh = database.rows("SELECT * FROM mail WHERE kind IN ('answer', 'other', 'bounce') AND handled=0 ORDER BY id")
    for row in fresh:
        data = zlib.decompress(row["raw"]) if row["raw"] is not None else b""
        answer = _answer(database, settings, data, lookup) if row["kind"] != "bounce" else None
        with database.transaction("answer"):
            if row["kind"] == "bounce":
                _count_bounce(database, settings, data)
            elif answer:
                _obey(database, answer)
            database.execute("UPDATE mail SET handled=1 WHERE id=?", row["id"])


def _answer(database: Database, settings: BotSettings, data: bytes, lookup: Lookup | None) -> _Answer | None:
    """A mail to us that asks for something, or disputes it; None for any other, and for those of programs."""
    try:
        mail = only_mail(Raw("mail", 1, data))
    except InputError:
        return None
    ours, who = _answered(database, mail), bare_address(mail.headers.sender)
    addressed = set(bare_addresses((*mail.headers.to, *mail.headers.cc)))
    if ours is None and own_addresses(settings).isdisjoint(addressed):
        return None
    commands = tuple(islice(_commands(mail), _MOST_COMMANDS))
    disputed = _disputed(mail, _rules(database, ours)) if ours and who == ours.author else ()
    fields = mime.decode(data)[0].fields
    if not (commands or disputed) or why_ignored(fields, who, settings):
        return None
    answer = _Answer(mail, data, who, ours, commands, disputed)
    return replace(answer, objection=_objection(database, settings, answer, len(fields.get("from", ())), lookup))


def _obey(database: Database, answer: _Answer) -> None:
    for number, (command, words) in enumerate(answer.commands):
        effect = _effect(database, answer, command.lower(), words)
        said = f"{command} {words}".strip()[:200]
        database.execute(
            "INSERT OR IGNORE INTO command VALUES (?,?,?,?,?,?)",
            *(answer.mail.headers.message_id, number, answer.who, said, effect, clock.now()),
        )
        log.event("command", who=answer.who, command=command, effect=effect)
    if answer.ours and not answer.objection:
        for rule in answer.disputed:
            _refute(database, answer.ours, rule, "disputed")


def _answered(database: Database, mail: Mail) -> Entry | None:
    """The mail of ours that a mail answers, by its references: the nearest."""
    for message_id in (mail.headers.in_reply_to, *mail.headers.references[::-1]):
        found = entries(database, "msgid=?", message_id) if message_id else []
        if found:
            return found[0]
    return None


def _commands(mail: Mail) -> Iterator[tuple[str, str]]:
    """The commands at the beginning of lines that are not quoted, above the signature."""
    for line in mail.lines[:_MOST_LINES]:
        if is_signature(line):
            return
        if match := _COMMAND.match(line):
            yield match[1], match[2].strip()


def _objection(database: Database, settings: BotSettings, answer: _Answer, senders: int, lookup: Lookup | None) -> str:
    """Why a sender may not tell us anything about a mail of ours, "" if that may be."""
    if answer.ours is None:
        return "it answers no mail of ours"
    if senders != 1:
        return "it has several senders"
    if not _is_concerned(database, settings, answer.who, answer.ours):
        return "the sender has nothing to do with the patch"
    if not is_signed(answer.data, answer.who.rpartition("@")[2], lookup):
        return "no valid DKIM signature of the sender's domain"
    return ""


def _is_concerned(database: Database, settings: BotSettings, who: str, ours: Entry) -> bool:
    """Has somebody sent the patch, do they get it by name, or maintain one of its files?"""
    if who in {ours.author, *map(str.lower, ours.rcpt.split())}:
        return True
    raw = database.value("SELECT raw FROM mail WHERE msgid=? AND raw IS NOT NULL", ours.patch)
    if raw is None:
        return False
    patch = only_mail(Raw("mail", 1, zlib.decompress(raw)))
    if who in bare_addresses((patch.headers.sender, *patch.headers.to, *patch.headers.cc)):
        return True
    try:
        return settings.tree is not None and is_maintainer(who, settings.tree, patch)
    except InputError as error:
        log.event("maintainers", why=str(error))
        return False


def _effect(database: Database, answer: _Answer, command: str, words: str) -> str:
    """Do what a command says; gives in words what that was."""
    if command == "stop" and words.lower().rstrip(".!") == "me":  # who wants no mail need not prove anything
        database.execute("INSERT OR IGNORE INTO optout VALUES (?,?,?)", answer.who, clock.now(), "asked for it")
        return "gets no mail any more"
    if answer.objection or answer.ours is None:
        return f"nothing: {answer.objection}"
    if command == "stop":
        park(database, answer.ours.series, f"{answer.who} asked to stop")
        return "nothing more about this series"
    return _mark_wrong(database, answer.ours, words)


def _mark_wrong(database: Database, ours: Entry, words: str) -> str:
    """Record that findings of a mail are wrong: those of the rule that is named, or else of its only rule."""
    rules = _rules(database, ours)
    name = words.partition(" ")[0].strip("[].,:")
    named = [rule for rule in rules if rule == name] or (rules if len(rules) == 1 else [])
    for rule in named:
        _refute(database, ours, rule, "wrong")
    return f"recorded as wrong: {', '.join(named)}" if named else f"nothing: which rule? {', '.join(rules)}"


def _rules(database: Database, ours: Entry) -> list[str]:
    """The rules of what a mail of ours says."""
    return [row["rule"] for row in database.rows("SELECT DISTINCT rule FROM finding WHERE said=?", ours.msgid)]


def _refute(database: Database, ours: Entry, rule: str, outcome: str) -> None:
    query = "UPDATE finding SET outcome=? WHERE said=? AND rule=? AND outcome IS NOT 'wrong'"
    database.execute(query, outcome, ours.msgid, rule)


def _disputed(mail: Mail, rules: Sequence[str]) -> tuple[str, ...]:
    """The rules whose names stand in a quote with a reason right below it."""
    return tuple(
        rule
        for rule in rules
        if any(
            f"[{rule}]" in " ".join(block.quoted) and is_reason("\n".join(said.lines))
            for block in quoted_blocks(mail.body)
            for said in block.utterances
            if said.level == 0
        )
    )


def _count_bounce(database: Database, settings: BotSettings, data: bytes) -> None:
    """A mail of ours that did not arrive, for good: after the second its address gets no more."""
    if not _FINAL.search(data):
        return
    key = bounce_key(settings, mime.decode(data)[0].fields)
    for mail in entries(database, "kind='mail' AND state='sent'"):
        if key and f"+{key}@" in bounce_address(settings, str(mail.msgid)):
            database.execute("INSERT OR IGNORE INTO bounce VALUES (?,?,?)", mail.msgid, mail.author, clock.now())
            if database.value("SELECT count(*) FROM bounce WHERE who=?", mail.author) >= _MOST_BOUNCES:
                database.execute("INSERT OR IGNORE INTO optout VALUES (?,?,?)", mail.author, clock.now(), "bounces")
