"""Whom a mail about a patch may be written to: only who is in the header of the list's own mail."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from kfunclint.bot.ledger.database import Database
from kfunclint.bot.manners.ignored import bare_address, bare_addresses, own_addresses
from kfunclint.bot.settings import BotSettings
from kfunclint.mail.message import Headers


class Recipient(NamedTuple):
    """Who is written to, as an entry of a header, "" for nobody; and why nobody is, or why only by a person."""

    entry: str
    why: str = ""

    @property
    def address(self) -> str:
        """The address alone, in lower case."""
        return bare_address(self.entry)


def recipient(headers: Headers, lists: Sequence[str], settings: BotSettings, database: Database) -> Recipient:
    """Who sent a patch, if that person may be written to; `lists` are the addresses of the lists it went to.

    An author that only the text of the mail names could be anybody, so the sender is written to, unless the header, or
    the relay of b4, says that it is the same person.
    """
    entry = headers.author if _is_vouched(headers) else headers.sender
    address = bare_address(entry)
    if address in lists:
        return Recipient("", "the list has put itself in the place of the sender")
    if address in own_addresses(settings):
        return Recipient("", "it would go to ourselves")
    if database.value("SELECT 1 FROM optout WHERE who=?", address):
        return Recipient("", "the author does not want mail")
    if settings.allow_authors is not None and not _matches(address, settings.allow_authors):
        return Recipient(entry, "the author is not in allow-authors")
    return Recipient(entry)


def _is_vouched(headers: Headers) -> bool:
    """Does the header of the mail itself have the address of the author?"""
    author, sender = bare_address(headers.author), bare_address(headers.sender)
    relay = f"devnull+{author.replace('@', '.')}@kernel.org"
    return author in (sender, *bare_addresses((*headers.to, *headers.cc))) or sender == relay


def _matches(address: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(address, pattern.lower()) for pattern in patterns)
