"""Mails that are not looked at: those of programs, and our own.

Never by Precedence, which lists add to nearly everything, and never by List-Id.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from kfunclint.bot.settings import BotSettings
from kfunclint.mail.mime import Fields

# authors in the archives of kernel lists that are programs
SENDERS = (
    "*noreply*@*",
    "*no-reply*@*",
    "mailer-daemon@*",
    "postmaster@*",
    "bugzilla-daemon@*",
    "lkp@intel.com",
    "*syzbot*@*",
    "patchwork-bot*@*",
    "pr-tracker-bot@*",
    "tip-bot2@*",
    "sashiko*@*",
    "bot+bpf-ci@*",
)
_SUBJECTS = ("[tip:",)
_OWN_ID = re.compile(r"kfunclint\.[0-9a-f]{32}@\S+")


def why_ignored(fields: Fields, sender: str, settings: BotSettings) -> str:
    """Why a mail is not looked at, "" for one that is. `sender` is the address of its From."""
    kind = _field(fields, "content-type").lower()
    if sender.lower() in own_addresses(settings):
        return "our own address"
    if any(fnmatchcase(sender.lower(), pattern.lower()) for pattern in (*SENDERS, *settings.ignore_senders)):
        return "the sender is a program"
    if _field(fields, "auto-submitted").partition(";")[0].strip().lower() not in ("", "no"):
        return "sent by a program (Auto-Submitted)"
    if _field(fields, "return-path").strip() == "<>":
        return "sent by a program (Return-Path)"
    if kind.startswith(("multipart/report", "multipart/digest")):
        return "a report or a digest"
    if settings.instance and settings.instance in fields.get("x-loop", ()):
        return "our own loop (X-Loop)"
    if _field(fields, "subject").lower().startswith(_SUBJECTS):
        return "announced by a program"
    return ""


def own_addresses(settings: BotSettings) -> set[str]:
    """The addresses that the bot writes as, in lower case."""
    mailboxes = (settings.sender, settings.reply_to, settings.unsubscribe, settings.bounces)
    return {bare_address(mailbox) for mailbox in mailboxes if mailbox}


def is_own_id(message_id: str) -> bool:
    """Has a message-id the form of those that bots like this one make?"""
    return bool(_OWN_ID.fullmatch(message_id))


def bare_address(mailbox: str) -> str:
    """The address of an entry such as "Ann Author <ann@example.org>", in lower case."""
    return mailbox.rpartition("<")[2].rstrip("> ").lower()


def bare_addresses(mailboxes: Iterable[str]) -> Iterator[str]:
    """The addresses of several entries, in lower case."""
    return map(bare_address, mailboxes)


def _field(fields: Fields, name: str) -> str:
    return next(iter(fields.get(name, ())), "")
