"""The command `kfunclint bot`: follows lists, and says what became of it."""

from __future__ import annotations

import argparse
import sqlite3
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from kfunclint.cli import options
from kfunclint.cli.completable import Completable, declare
from kfunclint.errors import InputError
from kfunclint.pipeline.outcome import CLEAN, TROUBLE

_LATER, _CONFIG = 75, 78  # sysexits.h: try again; what is set or installed is wrong
_DEFAULT = "bot.toml"


def run(argv: Sequence[str]) -> int:
    """Run the command with what stands behind `bot`; gives its exit status: 75 where it has to be tried again later, 78
    where settings or the installation are wrong."""
    arguments = parser().parse_args(argv)
    try:
        return _COMMANDS[arguments.command](arguments)
    except sqlite3.Error as why:
        options.say(f"the ledger: {why}")
        return _LATER


def parser() -> argparse.ArgumentParser:
    """The arguments that the command takes."""
    parser = argparse.ArgumentParser(
        prog="kfunclint bot",
        description="Follow mailing lists and review what is posted: drafts for a person, unless settings say more.",
        epilog="docs/bot.md says how to begin, and what stands in bot.toml.",
    )
    add = parser.add_argument
    add("command", choices=_COMMANDS, help="; ".join(f"{name}: {text}" for name, text in _ABOUT.items()))
    names = add("message_id", metavar="MESSAGE-ID", nargs="*", help="for show: the patch, or the mail of the bot")
    declare(names, Completable.FREE)
    add("--config", metavar="FILE", type=Path, default=Path(_DEFAULT), help=f"the settings (default: {_DEFAULT})")
    add("--once", action="store_true", help="run: do what there is to do, and end")
    add("--stdin", action="store_true", help="run: take one mail from standard input, too")
    return parser


def _run(arguments: argparse.Namespace) -> int:
    from kfunclint.bot import log, selftest, settings
    from kfunclint.bot.archive import open as archives
    from kfunclint.bot.archive.stream import Stream
    from kfunclint.bot.ledger.database import InUse, open_database
    from kfunclint.bot.reviewing import Reviewer
    from kfunclint.bot.rounds import Bot

    if not arguments.once:
        raise ValueError("bot run: --once")
    chosen = settings.read(arguments.config)
    sources = archives.sources(chosen)
    if arguments.stdin:
        sources.append(Stream(sys.stdin.buffer, "", chosen.largest_mail << 10))
    try:
        with open_database(chosen.state) as database, Reviewer(chosen) as reviewer:
            try:
                selftest.check(reviewer)
            except InputError as why:
                options.say(str(why))
                return _CONFIG
            bot = Bot(chosen, database, sources, reviewer)
            bot.start()
            bot.round()
    except InUse:
        options.say(f"{chosen.state}: another bot works here")
        return _LATER
    except OSError as why:
        log.event("stopped", why=str(why))
        return _LATER
    return CLEAN


def _status(arguments: argparse.Namespace) -> int:
    from kfunclint.bot import settings, status
    from kfunclint.bot.ledger.database import read_database

    with read_database(settings.read(arguments.config).state) as database:
        _print(status.summary(database))
    return CLEAN


def _show(arguments: argparse.Namespace) -> int:
    from kfunclint.bot import settings, status
    from kfunclint.bot.ledger.database import read_database

    with read_database(settings.read(arguments.config).state) as database:
        for message_id in arguments.message_id:
            lines = list(status.shown(database, message_id.strip("<>")))
            if not lines:
                options.say(f"{message_id}: not a mail that the bot knows")
                return TROUBLE
            _print(lines)
    return CLEAN


def _print(lines: Iterable[str]) -> None:
    options.write("".join(f"{line}\n" for line in lines), None)


_COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {"run": _run, "status": _status, "show": _show}
_ABOUT = {
    "run": "read, review and answer",
    "status": "what there is, and what waits for a person",
    "show": "all that is known of a mail",
}
