"""The types of one file from the headers of a tree, cold start to exit, against clang -fsyntax-only of the same file.

Both take the same headers and the same configuration, in turn. Prints for every file the medians of both, the median of
the ratios pair by pair, and the largest process of each. Whole processes are measured, from outside.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from speed import compare

from kfunclint.c.syntax import Unit
from kfunclint.clang import Parser, header_request, type_layout
from kfunclint.patch.postimage import Line, PostImage, VisibleRange
from kfunclint.tree.tree import open_tree

FILES = (
    "kernel/bpf/cpumask.c",
    "fs/bpf_fs_kfuncs.c",
    "kernel/bpf/helpers.c",
    "kernel/sched/ext.c",
    "net/core/filter.c",
)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--tree", type=Path, required=True)
    arguments.add_argument("--clang", default="clang")
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--only", help="take one file and do not measure")
    arguments.add_argument("files", nargs="*", default=FILES)
    asked = arguments.parse_args()
    if asked.only:
        types(asked.tree, asked.only)
        return
    with tempfile.TemporaryDirectory() as made:
        for path in asked.files:
            ours = [sys.executable, __file__, "--tree", str(asked.tree), "--only", path]
            theirs = [asked.clang, *syntax_only(asked.tree, path, Path(made))]
            compare((path, ours), ("clang -fsyntax-only", theirs), asked.runs)


def types(tree: Path, path: str) -> None:
    """What is measured on our side."""
    source = whole(tree, path)
    with Parser() as parser:
        unit = parser.with_types(parser.parse(source), source, open_tree(tree))
    if unit.types is None:
        sys.exit(f"{path}: no types")


def whole(tree: Path, path: str) -> PostImage:
    lines = (tree / path).read_text(errors="replace").splitlines()
    return PostImage(path, (VisibleRange(1, tuple(map(Line, lines))),), whole=True)


def syntax_only(tree: Path, path: str, made: Path) -> list[str]:
    """The arguments with which clang sees what our parser sees; `made` is a folder for the generated headers."""
    request = header_request.request(whole(tree, path), Unit(path), open_tree(tree), (), on_disk=True)
    for name, text in request["texts"].items():
        if name.startswith(header_request.MADE):
            file = made / name.removeprefix(f"{header_request.MADE}/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    words = [*type_layout.OPTIONS, *request["options"], "-fsyntax-only", request["main"]]
    return [word.replace(header_request.TREE, str(tree)).replace(header_request.MADE, str(made)) for word in words]


if __name__ == "__main__":
    main()
