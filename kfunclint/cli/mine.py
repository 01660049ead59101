"""The command `kfunclint mine`: proposes guards from what the functions of a kernel tree test first."""

from __future__ import annotations

import argparse
import contextlib
import re
from collections.abc import Sequence
from pathlib import Path

from kfunclint import progress
from kfunclint.clang import Parser
from kfunclint.cli import options
from kfunclint.cli.arguments import Arguments
from kfunclint.errors import InputError
from kfunclint.index import proposals, usage
from kfunclint.pipeline.outcome import CLEAN
from kfunclint.tree.around import kernel_around
from kfunclint.tree.tree import open_tree

_MOST_FILES = 400  # a minute or so


def run(argv: Sequence[str], running: Parser | None = None) -> int:
    """Run the command with what stands behind `mine`; gives its exit status. `running` is a parser that runs already.

    Raises InputError for a tree that cannot be read, or a symbol that cannot be counted in it.
    """
    arguments = parser().parse_args(argv)
    folder = arguments.tree or kernel_around(Path())
    if folder is None:
        raise InputError(".", None, "not in a kernel tree: name one with --tree")
    with contextlib.closing(open_tree(folder)) as opened, progress.shown() as step, running or Parser() as worker:
        uses = usage.find_usage(opened, arguments.symbol, worker, most=_MOST_FILES, step=step)
        name = opened.name
    if not proposals.proposed_tests(uses):
        options.say(_nothing(uses))
        return CLEAN
    if arguments.output is not None:
        arguments.output.parent.mkdir(parents=True, exist_ok=True)
    options.write(proposals.table(uses, name), arguments.output)
    return CLEAN


def _nothing(uses: usage.Usage) -> str:
    if not uses.public:
        return f"{uses.symbol}: no public function uses it (a function that is called is written with (): foo())"
    if len(uses.public) == 1:
        return f"{uses.symbol}: only one public function uses it, and one alone proposes nothing"
    return (
        f"{uses.symbol}: no test without arguments stands before it in most of the {len(uses.public)} public "
        "functions that use it"
    )


def parser() -> argparse.ArgumentParser:
    """The arguments that the command takes."""
    parser = Arguments(
        prog="kfunclint mine",
        description="Propose guards: the tests without arguments that most public functions make before they use a "
        "symbol, as rows for tables/guards.toml in a folder for --rules. Public are functions that are not static, or "
        "stand in a header.",
        epilog="Exit status: 0, also if there is nothing to propose; 2 the symbol cannot be counted.",
    )
    add = parser.add_argument
    add("symbol", metavar="SYMBOL", type=_symbol, help="a variable, or a function as 'name()'")
    add("--tree", metavar="DIR", type=Path, help="the kernel tree (default: the one kfunclint runs in)")
    add("-o", "--output", metavar="FILE", type=_file, help="write to FILE, if there is something to propose")
    return parser


def _file(text: str) -> Path | None:
    return None if text == "-" else Path(text)


def _symbol(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z_]\w{0,99}(?:\(\))?", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text!r} is neither a name nor name()")
    return text
