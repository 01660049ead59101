"""The sources that settings name."""

from __future__ import annotations

from pathlib import Path

from kfunclint.bot.archive.imap import ImapFolder
from kfunclint.bot.archive.maildir import Maildir
from kfunclint.bot.archive.public_inbox import PublicInbox
from kfunclint.bot.archive.source import Source
from kfunclint.bot.settings import BotSettings
from kfunclint.bot.settings import Source as SourceSettings


def sources(settings: BotSettings) -> list[Source]:
    """What mails are read from, in the order of the settings. Nothing is read yet."""
    return [_opened(source, settings.largest_mail << 10) for source in settings.sources]


def _opened(source: SourceSettings, largest: int) -> Source:
    if source.kind == "imap":
        return ImapFolder(source, largest)
    if source.kind == "maildir":
        return Maildir(Path(source.place), source.list, largest)
    return PublicInbox(Path(source.place), source.list, largest)
