"""The points of the bot's way at which it may be ended and has to find its way on."""

from __future__ import annotations


def at(name: str) -> None:
    """Pass a point; nothing happens. Tests put something that ends the process here."""
