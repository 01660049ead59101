"""The command `kfunclint bot`: follows lists, and says what became of it."""

from __future__ import annotations

import argparse
import itertools
import sqlite3
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kfunclint.bot.ledger.database import InUse
from kfunclint.cli import options
from kfunclint.cli.arguments import Arguments, name_of
from kfunclint.errors import InputError
from kfunclint.pipeline.outcome import CLEAN, TROUBLE

if TYPE_CHECKING:
    from kfunclint.bot.archive.source import Source
    from kfunclint.bot.reviewing import Reviewer
    from kfunclint.bot.settings import BotSettings

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
    except InUse as why:
        options.say(f"{why}: another bot works here")
    except OSError as why:
        if arguments.command != "run":
            raise
        options.say(str(why))
    return _LATER


def parser() -> argparse.ArgumentParser:
    """The arguments that the command takes."""
    parser = Arguments(
        prog="kfunclint bot",
        description="Follow mailing lists and review what is posted: drafts for a person, unless settings say more.",
        epilog="docs/bot.md says how to begin, and what stands in bot.toml.",
    )
    add = parser.add_argument
    add(
        "command",
        type=name_of("command", _COMMANDS),
        choices=_COMMANDS,
        help="; ".join(f"{name}: {text}" for name, text in _ABOUT.items()),
    )
    add(
        "argument",
        metavar="ARGUMENT",
        nargs="*",
        help="a message-id, of a patch or of a mail of the bot; for replay: an archive",
    )
    add("--config", metavar="FILE", type=Path, default=Path(_DEFAULT), help=f"the settings (default: {_DEFAULT})")
    add("--once", action="store_true", help="run: do what there is to do, and end")
    add("--follow", action="store_true", help="run: go on until SIGTERM")
    add("--yes", action="store_true", help="retry: the mail is certain not to have been sent")
    add("--disputed", action="store_true", help="status: how often rules are right, and what people answered")
    add("--jobs", metavar="N", type=int, default=1, help="replay: in how many processes (default: 1)")
    add("--dask", metavar="ADDRESS", help="replay: in the workers of a Dask scheduler, tcp://HOST:PORT")
    add("-o", "--output", metavar="FILE", type=Path, help="replay: where the results go, and are gone on with")
    add("--restart", action="store_true", help="replay: drop results that are there")
    add("--page", metavar="FILE", type=Path, help="replay: write what came of it as an HTML page, too")
    add("--stdin", action="store_true", help="run: take one mail from standard input, too")
    return parser


def _run(arguments: argparse.Namespace) -> int:
    from kfunclint.bot import selftest, service, settings
    from kfunclint.bot.archive import open as archives
    from kfunclint.bot.archive.stream import Stream
    from kfunclint.bot.reviewing import Reviewer

    if arguments.once == arguments.follow:
        raise ValueError("bot run: --once or --follow")
    chosen = settings.read(arguments.config)
    sources = archives.sources(chosen)
    if arguments.stdin:
        sources.append(Stream(sys.stdin.buffer, "", chosen.largest_mail << 10))
    with Reviewer(chosen) as reviewer:
        try:
            selftest.check(reviewer)
        except InputError as why:
            options.say(str(why))
            return _CONFIG
        if arguments.follow:
            service.follow(lambda is_ending: _round(chosen, sources, reviewer, is_ending), sources, chosen.poll)
        else:
            _round(chosen, sources, reviewer)
    return CLEAN


def _round(
    chosen: BotSettings, sources: list[Source], reviewer: Reviewer, is_ending: Callable[[], bool] = lambda: False
) -> None:
    from kfunclint.bot.ledger.database import open_database
    from kfunclint.bot.rounds import Bot

    with open_database(chosen.state) as database:
        bot = Bot(chosen, database, sources, reviewer)
        bot.start()
        bot.round(is_ending)


def _status(arguments: argparse.Namespace) -> int:
    from kfunclint.bot import settings, status
    from kfunclint.bot.ledger.database import read_database

    with read_database(settings.read(arguments.config).state) as database:
        _print(status.disputed(database) if arguments.disputed else status.summary(database))
    return CLEAN


def _drafts(arguments: argparse.Namespace) -> int:
    from kfunclint.bot import settings, status
    from kfunclint.bot.ledger.database import read_database

    chosen = settings.read(arguments.config)
    with read_database(chosen.state) as database:
        _print(status.drafts(database, chosen.drafts))
    return CLEAN


def _show(arguments: argparse.Namespace) -> int:
    from kfunclint.bot import settings, status
    from kfunclint.bot.ledger.database import read_database

    with read_database(settings.read(arguments.config).state) as database:
        for message_id in arguments.argument:
            lines = list(status.shown(database, message_id.strip("<>")))
            if not lines:
                options.say(f"{message_id}: not a mail that the bot knows")
                return TROUBLE
            _print(lines)
    return CLEAN


def _retry(arguments: argparse.Namespace) -> int:
    return _by_person(arguments, "retry")


def _forget(arguments: argparse.Namespace) -> int:
    return _by_person(arguments, "forget")


def _by_person(arguments: argparse.Namespace, name: str) -> int:
    """Do for each message-id what a person has decided."""
    from kfunclint.bot import by_hand, settings
    from kfunclint.bot.ledger.database import open_database

    if not arguments.argument:
        raise ValueError(f"bot {name}: which mail? Give its message-id")
    chosen = settings.read(arguments.config)
    with open_database(chosen.state) as database:
        for message_id in arguments.argument:
            _print(by_hand.COMMANDS[name](database, chosen, message_id.strip("<>"), arguments.yes))
    return CLEAN


def _adopt(arguments: argparse.Namespace) -> int:
    from kfunclint.bot import by_hand, settings
    from kfunclint.bot.ledger.database import open_database

    chosen = settings.read(arguments.config)
    with open_database(chosen.state) as database:
        _print([by_hand.adopt(database, chosen)])
    return CLEAN


def _replay(arguments: argparse.Namespace) -> int:
    from kfunclint import progress
    from kfunclint.bot import engines, replay, replay_summary

    if not arguments.argument or arguments.output is None:
        raise ValueError("bot replay: which archives, and where do the results go (--output FILE)?")
    if arguments.restart:
        arguments.output.unlink(missing_ok=True)
    done = replay.resume(arguments.output, replay.header(arguments.argument))
    todo = [task for task in replay.tasks(arguments.argument) if replay.task_name(task) not in done]
    with (
        engines.chosen(arguments.jobs, arguments.dask) as engine,
        arguments.output.open("a", encoding="utf-8") as output,
        progress.shown() as step,
    ):
        count = itertools.count(1)

        def take(result: replay.Result) -> None:
            output.write("".join(f"{line}\n" for line in result))
            output.flush()
            step(f"{next(count)} of {len(todo)} groups of mails")

        replay.run(todo, engine, take)
    summary = replay_summary.summarize(arguments.output.read_text(encoding="utf-8").splitlines()[1:])
    if arguments.page is not None:
        options.write(replay_summary.page(summary), arguments.page)
    _print(replay_summary.in_words(summary))
    return CLEAN


def _print(lines: Iterable[str]) -> None:
    options.write("".join(f"{line}\n" for line in lines), None)


_COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "run": _run,
    "status": _status,
    "show": _show,
    "drafts": _drafts,
    "retry": _retry,
    "forget": _forget,
    "adopt": _adopt,
    "replay": _replay,
}
_ABOUT = {
    "run": "read, review and answer",
    "status": "what there is, and what waits for a person",
    "show": "all that is known of a mail",
    "drafts": "what was drafted",
    "retry": "send a mail, or review a series, once more",
    "forget": "give a mail up; one that is held counts as sent",
    "adopt": "let a state that was put back, or a new one, go on with the journal",
    "replay": "review archives as if the bot had been there",
}
