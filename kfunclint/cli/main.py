"""The command: finds the one that is meant, and turns what it cannot do into a line and an exit status."""

from __future__ import annotations

import errno
import gc
import os
import sys
from collections.abc import Sequence

from kfunclint.clang import Parser
from kfunclint.cli import options
from kfunclint.errors import InputError
from kfunclint.pipeline.outcome import CLEAN, TROUBLE


def main(argv: Sequence[str] | None = None, parser: Parser | None = None) -> int:
    """Run the command; gives 0 (nothing at or above --fail-on), 1 (findings) or 2 (could not review).

    `parser` is one that is running already; otherwise it is started where one is needed.
    """
    words = sys.argv[1:] if argv is None else argv
    try:
        status = _command(words, parser)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, head or less, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return TROUBLE
    except KeyboardInterrupt:
        return 130
    except (InputError, ValueError, OSError) as why:
        options.say(_told(why))
        _drop_output()
        return TROUBLE
    return status


_OF_WRITING = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


def _told(why: Exception) -> str:
    """A refusal in words; of the files that are written only standard output has no name."""
    if not isinstance(why, OSError) or why.strerror is None:
        return str(why)
    name = why.filename or ("standard output" if why.errno in _OF_WRITING else None)
    return f"{name}: {why.strerror}" if name else why.strerror


def _drop_output() -> None:
    """What is left of a report that cannot be written must not be tried again when Python ends."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _command(argv: Sequence[str], parser: Parser | None) -> int:
    # a command loads what it needs: a list of kfuncs no rules and no mail, a review no tree
    if argv[:1] == ["tree"]:
        from kfunclint.cli import tree

        _freeze_loaded()
        return tree.run(argv[1:], parser)
    if argv[:1] == ["b4-series"]:
        from kfunclint.cli import b4_series

        _freeze_loaded()
        return b4_series.run(argv[1:], parser)
    if argv[:1] == ["mine"]:
        from kfunclint.cli import mine

        _freeze_loaded()
        return mine.run(argv[1:], parser)
    if argv[:1] == ["test"]:
        from kfunclint.cli import test

        _freeze_loaded()
        return test.run(argv[1:], parser)
    return _without_series(argv) if argv[:1] and argv[0] in _WITHOUT_SERIES else _review(argv, parser)


_WITHOUT_SERIES = ("config", "hook", "bot", "completion", "rules", "explain")


def _without_series(argv: Sequence[str]) -> int:
    """Run a command that takes no series; what it reviews, if anything, it finds itself."""
    if argv[:1] == ["config"]:
        from kfunclint.cli import config

        return config.run(argv[1:])
    if argv[:1] == ["hook"]:
        from kfunclint.cli import hook

        return hook.run(argv[1:])
    if argv[:1] == ["bot"]:
        from kfunclint.cli import bot

        return bot.run(argv[1:])
    if argv[:1] == ["completion"]:
        from kfunclint.cli import completion

        return completion.run(argv[1:])
    assert argv[:1] in (["rules"], ["explain"])
    from kfunclint.cli import rules

    return rules.COMMANDS[argv[0]](argv[1:])


def _review(argv: Sequence[str], parser: Parser | None) -> int:
    if {"-h", "--help"} & set(argv) or list(argv) == ["help"]:
        return _help()
    if {"-V", "-v"} <= set(argv) or "-Vv" in argv:
        return _version()
    from kfunclint.cli import review

    _freeze_loaded()
    return review.run(argv, parser, ("tree", "b4-series", "mine", "test", *_WITHOUT_SERIES))


def _help() -> int:
    from kfunclint.cli import completion, manual

    sys.stdout.write(manual.summary(completion.parsers()))
    return CLEAN


def _version() -> int:
    from kfunclint.cli import version

    return version.run()


def _freeze_loaded() -> None:
    """What is loaded now stays to the end, so no garbage is looked for in it."""
    gc.freeze()
    gc.enable()
