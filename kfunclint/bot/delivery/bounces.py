"""The envelope's sender of our mails: what comes back to it says which mail it is about."""

from __future__ import annotations

import hashlib
import re

from kfunclint.bot.settings import BotSettings
from kfunclint.mail.mime import Fields

_TO = ("to", "delivered-to", "x-original-to")


def bounce_address(settings: BotSettings, message_id: str) -> str:
    """The address that a mail of ours comes back to."""
    local, _, domain = settings.bounces.rpartition("@")
    return f"{local}+{hashlib.sha256(message_id.encode()).hexdigest()[:16]}@{domain}"


def bounce_key(settings: BotSettings, fields: Fields) -> str:
    """What in the header of a mail says which of ours it came back for, "" if it came back for none."""
    if not settings.bounces:
        return ""
    local, _, domain = settings.bounces.rpartition("@")
    pattern = re.compile(rf"{re.escape(local)}\+([0-9a-f]{{16}})@{re.escape(domain)}", re.I)
    found = (pattern.search(value) for name in _TO for value in fields.get(name, ()))
    return next((match[1].lower() for match in found if match), "")
