"""The command `kfunclint tree`: the review of a whole kernel tree, or the list of its kfuncs."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Sequence
from pathlib import Path

from kfunclint import progress
from kfunclint.clang import Parser
from kfunclint.cli import options
from kfunclint.cli.arguments import Arguments
from kfunclint.cli.completable import Completable, declare
from kfunclint.errors import InputError
from kfunclint.index import census
from kfunclint.paths import objection
from kfunclint.pipeline.outcome import CLEAN, TROUBLE, Outcome, troubles
from kfunclint.progress import Step
from kfunclint.report import catalogue
from kfunclint.tree.tree import Tree, open_tree

_REVIEWS = ("codequality", "gcc", "html", "json", "junit", "rdjson", "sarif", "statistics", "terminal", "terse")


def run(argv: Sequence[str], running: Parser | None = None) -> int:
    """Run the command with what stands behind `tree`; gives its exit status. `running` is a parser that runs already.

    Raises InputError for a tree, or a path in it, that cannot be read.
    """
    arguments = parser().parse_intermixed_args(argv)
    with contextlib.closing(open_tree(arguments.tree)) as opened, progress.shown() as step:
        paths = [_inside(opened, arguments.tree, path) for path in arguments.path]
        if arguments.list:
            return _list(arguments, opened, paths, step)
        with running or Parser() as worker:
            return _review(arguments, opened, paths, step, worker)


def _list(arguments: argparse.Namespace, opened: Tree, paths: Sequence[str], step: Step) -> int:
    kfuncs = census.take(opened, paths, _reading(step))
    text = catalogue.render(arguments.format, kfuncs, colour=options.colour(arguments.output, arguments.color))
    options.write(text, arguments.output)
    return CLEAN


def _reading(step: Step) -> Step:
    return lambda what: step(f"reading {what}")


def _review(arguments: argparse.Namespace, opened: Tree, paths: Sequence[str], step: Step, worker: Parser) -> int:
    from kfunclint.checker import whole_tree
    from kfunclint.report import formats

    selection = options.selection(arguments, arguments.tree)
    kernel, deep = selection.settings.kernel, arguments.deep
    review = whole_tree.audit(
        opened,
        paths,
        selection.rules,
        worker,
        functions=selection.functions,
        release=kernel,
        deep=deep,
        step=_reading(step),
    )
    review = selection.apply_to(review, complete=not paths)
    outcome = Outcome((review,), tuple(troubles(review)), selection.settings.fail_on)
    for note in outcome.notes:
        options.say(note.text)
    if options.record_baseline(selection, [review]):
        return TROUBLE if outcome.is_troubled else CLEAN
    options.write(
        formats.render(arguments.format, review, colour=options.colour(arguments.output, arguments.color)),
        arguments.output,
    )
    return outcome.status


def parser() -> argparse.ArgumentParser:
    """The arguments that the command takes."""
    parser = Arguments(
        prog="kfunclint tree",
        description="Review the kfuncs of a kernel tree, or list them.",
        epilog="Exit status: 0 nothing at or above --fail-on, 1 findings, 2 the tree cannot be read.",
    )
    add = parser.add_argument
    add("tree", metavar="DIR", type=Path, help="the kernel tree: a git repository, of which HEAD is read, or a folder")
    add("path", metavar="PATH", nargs="*", help="only what is below this path of the tree, such as kernel/sched")
    add("--list", action="store_true", help="print the census instead: every entry with its kfunc")
    options.add_format(parser, _REVIEWS)
    options.add_output(parser)
    release = add("--kernel", metavar="RELEASE", help="judge for this release, such as 6.12 (default: the tree's own)")
    declare(release, Completable.RELEASE)
    options.add_rules(parser)
    options.add_deep(parser)
    return parser


def _inside(opened: Tree, top: Path, path: str) -> str:
    """A path relative to the top of the tree, given so or as the shell completes it (DIR/PATH).

    Raises InputError for one that is not in the tree.
    """
    stripped = path.rstrip("/")
    for candidate in (stripped, stripped.removeprefix(f"{str(top).rstrip('/')}/")):
        if objection(candidate) is None and next(iter(opened.paths((candidate,))), None) is not None:
            return candidate
    raise InputError(str(top), None, f"no C files below {path!r} in it")
