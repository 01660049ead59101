"""The rules about bodies, over the longest file with kfuncs and the one with the most, against the parse of the file.

Prints the medians of both and the median of the ratios pair by pair.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

from deep import whole

from kfunclint.c.syntax import Unit
from kfunclint.checker.context import build_facts
from kfunclint.checker.lines import LineIndex
from kfunclint.checker.runner import RuleRunner
from kfunclint.clang import Parser
from kfunclint.kernel.kernel import kernel_of_release
from kfunclint.kernel.release import Release
from kfunclint.patch.postimage import PostImage
from kfunclint.rule.loader import shipped


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tree", required=True, type=Path)
    parser.add_argument("--runs", default=7, type=int)
    arguments = parser.parse_args()
    sources = [whole(arguments.tree, path) for path in with_kfuncs(arguments.tree)]
    for source in (max(sources, key=length), max(sources, key=kfuncs)):
        compare(source, arguments.runs)


def compare(source: PostImage, runs: int) -> None:
    with Parser() as running:
        pairs = [measure(running, source) for _ in range(runs + 1)][1:]
    print(f"{source.path}, {length(source)} lines, {kfuncs(source)} kfuncs")
    for name, took in zip(("parse", "rules"), zip(*pairs, strict=True), strict=True):
        print(f"{name:28} {statistics.median(took):.3f} s")
    ratio = statistics.median(rules / parse for parse, rules in pairs)
    print(f"{'ratio':28} {ratio:.2f} (median of {len(pairs)} pairs)")


def with_kfuncs(tree: Path) -> list[str]:
    """The files of a tree that define kfuncs and register them."""
    folders = ("drivers/hid", "fs", "kernel", "mm", "net")
    files = (path for folder in folders for path in (tree / folder).rglob("*.c"))
    texts = ((path, path.read_bytes()) for path in files)
    return [str(path.relative_to(tree)) for path, text in texts if b"__bpf_kfunc " in text and b"BTF_ID_FLAGS(" in text]


def length(source: PostImage) -> int:
    return sum(len(visible.lines) for visible in source.ranges)


def kfuncs(source: PostImage) -> int:
    return sum("__bpf_kfunc " in line.text for visible in source.ranges for line in visible.lines)


def measure(parser: Parser, source: PostImage) -> tuple[float, float]:
    """Seconds of the parse, and of all rules over its facts."""
    units: dict[str, Unit] = {}
    begun = time.perf_counter()
    units[source.path] = parser.parse(source)
    parsed = time.perf_counter()
    facts, _ = build_facts([source], lambda file, names: units[file.path], (), None)
    run = RuleRunner(
        [rule for rule in shipped() if rule.needs_body],
        kernel_of_release(Release(6, 12), ""),
        LineIndex((), None, (source,)),
    )
    joined = time.perf_counter()
    run.run_over(facts)
    return parsed - begun, time.perf_counter() - joined


if __name__ == "__main__":
    main()
