"""The bot as a service: one round after the other, until it is told to end."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import threading
from collections.abc import Callable, Sequence

from kfunclint.bot import log
from kfunclint.bot.archive.imap import ImapFolder
from kfunclint.bot.archive.source import Source
from kfunclint.bot.ledger.database import InUse
from kfunclint.errors import InputError

_TURN = 5.0  # seconds between two looks at whether it is to end


def follow(a_round: Callable[[Callable[[], bool]], None], sources: Sequence[Source], poll: float) -> None:
    """Do rounds until SIGTERM or SIGINT: what is on the line then is finished, a second signal ends it at once.

    `a_round` is given what says whether to end; what it raises that may go away is told, and tried again. `poll`:
    seconds between two rounds; where the only source is a folder of IMAP, less if something comes.
    """
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _end(ending))
    tell_manager("READY=1")
    while not ending.is_set():
        try:
            a_round(lambda: _is_ending(ending))
        except (InUse, OSError, sqlite3.Error) as why:
            log.event("later", why=f"{type(why).__name__}: {why}")
        tell_manager("WATCHDOG=1")
        _wait(ending, sources, poll)
    tell_manager("STOPPING=1")


def _is_ending(ending: threading.Event) -> bool:
    """Is it to end? Who asks has got on with the work, which the watchdog wants to know."""
    tell_manager("WATCHDOG=1")
    return ending.is_set()


def _end(ending: threading.Event) -> None:
    ending.set()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


def _wait(ending: threading.Event, sources: Sequence[Source], seconds: float) -> None:
    only = sources[0] if len(sources) == 1 else None
    if not isinstance(only, ImapFolder):
        ending.wait(seconds)
        return
    while seconds > 0 and not ending.is_set():
        turn = min(_TURN, seconds)
        try:
            if only.wait(turn):
                return
        except InputError:
            ending.wait(turn)
        seconds -= turn


def tell_manager(state: str) -> None:
    """Tell systemd how the service does, as sd_notify(3) does; nothing where nobody wants to know."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    name = f"\0{address[1:]}" if address.startswith("@") else address
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notify:
            notify.sendto(state.encode(), name)
    except OSError as why:
        log.event("unnotified", why=str(why))
