"""The index of a whole tree without a cache, against `grep -rl BTF_ID_FLAGS` over the same tree, run in turn.

Prints the medians of both, the median of the ratios pair by pair, and the largest process of each. Whole processes are
measured, from outside; the first pair only brings the tree into the disk cache.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from speed import compare


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tree", required=True, type=Path)
    parser.add_argument("--runs", default=7, type=int)
    arguments = parser.parse_args()
    os.environ["XDG_CACHE_HOME"] = os.devnull  # where nothing can be kept
    command = str(Path(sys.executable).with_name("kfunclint"))
    ours = [command, "tree", str(arguments.tree), "--list", "--format", "json"]
    theirs = ["grep", "-rl", "BTF_ID_FLAGS", str(arguments.tree)]
    compare(("kfunclint tree --list", ours), ("grep -rl", theirs), arguments.runs)


if __name__ == "__main__":
    main()
