"""Drafts in a Maildir, one file a mail, named by its message-id: a person reads and sends them, or does not."""

from __future__ import annotations

import os
from pathlib import Path

from kfunclint.bot import clock, steps
from kfunclint.bot.delivery.message import complete
from kfunclint.bot.gathering import newer_version
from kfunclint.bot.ledger.database import Database
from kfunclint.bot.ledger.outbox import Entry, State, entries, move
from kfunclint.bot.settings import BotSettings


def write_all(database: Database, settings: BotSettings) -> None:
    """Write the drafts that are not written yet. Where settings name no folder for them, they stay in the ledger."""
    if settings.drafts is None:
        return
    for draft in entries(database, "kind='mail' AND state='draft' AND drafted IS NULL"):
        steps.at("draft.before")
        write(settings.drafts, draft, complete(settings, draft.body, str(draft.msgid), is_draft=True))
        with database.transaction("drafted"):
            database.execute("UPDATE outbox SET drafted=? WHERE dedup=?", clock.now(), draft.dedup)


def take_back_superseded(database: Database, settings: BotSettings) -> None:
    """Drop the drafts about series of which there is a newer version; a file that nobody has looked at goes, too."""
    for draft in entries(database, "kind='mail' AND state='draft'"):
        newer = newer_version(database, draft.series)
        if newer is None:
            continue
        if settings.drafts is not None:
            (settings.drafts / "new" / _name(draft)).unlink(missing_ok=True)
        with database.transaction("superseded"):
            move(database, draft, State.DROPPED, f"superseded by {newer}")


def write(maildir: Path, draft: Entry, data: bytes) -> None:
    """Put a mail into a Maildir, unless it is there already. Raises OSError."""
    for folder in ("tmp", "new", "cur"):
        (maildir / folder).mkdir(parents=True, exist_ok=True, mode=0o700)
    name = _name(draft)
    if (maildir / "new" / name).exists() or any((maildir / "cur").glob(f"{name}*")):
        return
    temporary = maildir / "tmp" / name
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    steps.at("draft.written")
    temporary.rename(maildir / "new" / name)
    steps.at("draft.there")


def _name(draft: Entry) -> str:
    return str(draft.msgid).partition("@")[0]
