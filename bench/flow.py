"""How long a body takes to follow, over all files with kfuncs, and the rules about bodies against the parse of a file.

Prints the milliseconds of processor time a kfunc, with the functions that it calls first; then, over the longest file
with kfuncs and the one with the most, the medians of parse and rules and the median of the ratios pair by pair.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from deep import whole

from kfunclint.c.syntax import Unit
from kfunclint.checker.context import build_facts
from kfunclint.checker.lines import LineIndex
from kfunclint.checker.runner import RuleRunner
from kfunclint.clang import Parser
from kfunclint.flow.accounts import Accounts
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
    follow(sources)
    for source in (max(sources, key=length), max(sources, key=kfuncs)):
        compare(source, arguments.runs)


def follow(sources: list[PostImage]) -> None:
    """Print how long the bodies of all kfuncs take, and how many are too much."""
    with Parser() as running:
        units = {source.path: running.parse(source) for source in sources}
    bodies = [body for unit in units.values() for body in followed(unit)]
    took = sorted(milliseconds for milliseconds, _ in bodies)
    p95 = took[int(len(took) * 0.95)]
    print(f"{len(took)} bodies, {sum(not whole for _, whole in bodies)} too much to follow")
    print(f"{'a body':28} median {statistics.median(took):.2f} ms, 95 % {p95:.1f} ms, max {took[-1]:.0f} ms")


def followed(unit: Unit) -> Iterator[tuple[float, bool]]:
    """The milliseconds that each kfunc takes, and whether it was followed to its end."""
    functions = {one.name: one for one in unit.functions if one.complete and one.name}
    for name, function in functions.items():
        if function.marker:
            accounts = Accounts(functions)
            begun = time.process_time()
            account = accounts.of(name, function.body)
            yield (time.process_time() - begun) * 1000, account is not None


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
