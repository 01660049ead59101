"""The index of a whole tree without a cache, against `grep -rl BTF_ID_FLAGS` over the same tree, run in turn.

Prints the medians of both, the median of the ratios pair by pair, and the largest process of each. Whole processes are
measured, from outside; the first pair only brings the tree into the disk cache.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from pathlib import Path

from speed import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tree", required=True, type=Path)
    parser.add_argument("--runs", default=7, type=int)
    arguments = parser.parse_args()
    os.environ["XDG_CACHE_HOME"] = os.devnull  # where nothing can be kept
    command = str(Path(sys.executable).with_name("kfunclint"))
    ours = [command, "tree", str(arguments.tree), "--list", "--format", "json"]
    theirs = ["grep", "-rl", "BTF_ID_FLAGS", str(arguments.tree)]
    run(ours), run(theirs)
    pairs = [(run(ours), run(theirs)) for _ in range(arguments.runs)]
    for name, side in (("kfunclint tree --list", 0), ("grep -rl", 1)):
        runs = [pair[side] for pair in pairs]
        print(
            f"{name:22} wall {statistics.median(one.wall for one in runs):.3f} s   "
            f"cpu {statistics.median(one.cpu for one in runs):.3f} s   "
            f"largest process {max(one.peak for one in runs) / 1024:.1f} MiB"
        )
    wall = statistics.median(one.wall / other.wall for one, other in pairs)
    cpu = statistics.median(one.cpu / other.cpu for one, other in pairs)
    print(f"ratio kfunclint/grep: wall {wall:.2f}, cpu {cpu:.2f} (median of {len(pairs)} pairs)")


if __name__ == "__main__":
    main()
