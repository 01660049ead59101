"""The command `kfunclint tree`: what a whole kernel tree holds."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from kfunclint import catalogue, census, progress, tree
from kfunclint.errors import Unreviewable
from kfunclint.paths import objection
from kfunclint.tree import Tree


def run(argv: Sequence[str]) -> int:
    """Run the command with what stands behind `tree`; gives its exit status.

    Raises Unreviewable for a tree, or a path in it, that cannot be read.
    """
    arguments = _arguments(argv)
    opened = tree.open_tree(arguments.tree)
    try:
        paths = [_inside(opened, arguments.tree, path) for path in arguments.path]
        with progress.shown() as step:
            found = census.take(opened, paths, lambda what: step(f"reading {what}"))
    finally:
        opened.close()
    colour = arguments.output is None and sys.stdout.isatty() and "NO_COLOR" not in os.environ
    text = catalogue.render(arguments.format, found, colour=colour)
    if arguments.output is not None:
        arguments.output.write_text(text, encoding="utf-8")
    else:
        sys.stdout.buffer.write(text.encode("utf-8", "replace"))
    return 0


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="kfunclint tree",
        description="List the kfuncs of a kernel tree.",
        epilog="Exit status: 0, or 2 if the tree cannot be read.",
    )
    add = parser.add_argument
    add("tree", metavar="DIR", type=Path, help="the kernel tree: a git repository, of which HEAD is read, or a folder")
    add("path", metavar="PATH", nargs="*", help="only what is below this path of the tree, such as kernel/sched")
    add("--list", action="store_true", required=True, help="print the census: every entry with its kfunc")
    formats = catalogue.formats()
    add("--format", choices=formats, default="terminal", help="what to print (default: terminal)")
    add("-o", "--output", metavar="FILE", type=Path, help="print to FILE instead of standard output")
    return parser.parse_intermixed_args(argv)


def _inside(opened: Tree, top: Path, path: str) -> str:
    """A path relative to the top of the tree, given so or as the shell completes it (DIR/PATH).

    Raises Unreviewable for one that is not in the tree.
    """
    given = path.rstrip("/")
    for known in (given, given.removeprefix(f"{str(top).rstrip('/')}/")):
        if objection(known) is None and next(iter(opened.paths((known,))), None) is not None:
            return known
    raise Unreviewable(str(top), None, f"no C files below {path!r} in it")
