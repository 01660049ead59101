"""One patch with a kernel tree, whole command, cold start to exit, against clang -fsyntax-only of the file it touches.

The patch adds a kfunc of ours to the end of a file. clang takes the headers and the configuration that --deep takes.
Prints the medians of each side, the median of the ratios pair by pair, and the largest process.
"""

from __future__ import annotations

import argparse
import difflib
import os
import sys
import tempfile
from pathlib import Path

from deep import syntax_only
from speed import compare

FILES = ("kernel/bpf/cpumask.c", "kernel/bpf/helpers.c", "net/core/filter.c")
KFUNC = """
/**
 * bpf_bench_shelf - Give the shelf of an id
 * @id: which one
 *
 * Return: the shelf, or NULL
 */
__bpf_kfunc struct bpf_shelf *bpf_bench_shelf(u32 id)
{
	return id < NR_SHELVES ? &shelves[id] : NULL;
}

BTF_KFUNCS_START(bpf_bench_ids)
BTF_ID_FLAGS(func, bpf_bench_shelf, KF_RET_NULL)
BTF_KFUNCS_END(bpf_bench_ids)
"""
HEAD = "From: Ann Author <ann@example.org>\nSubject: [PATCH] bpf: shelves\n\nAdd them.\n---\n"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--tree", type=Path, required=True)
    arguments.add_argument("--clang", default=os.environ.get("CLANG", "clang"))
    arguments.add_argument("--runs", type=int, default=7)
    asked = arguments.parse_args()
    tree = asked.tree.resolve()
    with tempfile.TemporaryDirectory() as made:
        for path in FILES:
            mail = Path(made) / "one.patch"
            mail.write_text(patch(tree, path))
            ours = [str(Path(sys.executable).with_name("kfunclint")), "--tree", str(tree), str(mail)]
            theirs = [asked.clang, *syntax_only(tree, path, Path(made) / "headers")]
            compare((path, ours), ("clang -fsyntax-only", theirs), asked.runs)
            compare((f"{path} --deep", [*ours, "--deep"]), ("clang -fsyntax-only", theirs), asked.runs)


def patch(tree: Path, path: str) -> str:
    """A mail that adds the kfunc to a file."""
    before = (tree / path).read_text().splitlines(keepends=True)
    after = [*before, *KFUNC.splitlines(keepends=True)]
    return HEAD + "".join(difflib.unified_diff(before, after, f"a/{path}", f"b/{path}"))


if __name__ == "__main__":
    main()
