"""One patch without a tree, cold start to exit: kfunclint against checkpatch.pl --no-tree, run in turn.

Prints the medians of both, the median of the ratios pair by pair, and the largest process of each; then the same for
what git send-email calls, held against kfunclint itself. Whole processes are measured, from outside.
"""

from __future__ import annotations

import argparse
import os
import statistics
from collections.abc import Sequence
from pathlib import Path

from measured import KFUNCLINT, run

PATCH = Path(__file__).parent / "one.patch"


def compare(ours: tuple[str, Sequence[str]], theirs: tuple[str, Sequence[str]], runs: int) -> None:
    """Run two commands in turn, each with its name, and print what they took; the first pair does not count."""
    run(ours[1]), run(theirs[1])
    pairs = [(run(ours[1]), run(theirs[1])) for _ in range(runs)]
    for side, (name, _) in enumerate((ours, theirs)):
        took = [pair[side] for pair in pairs]
        print(
            f"{name:28} wall {statistics.median(one.wall for one in took):.3f} s   "
            f"cpu {statistics.median(one.cpu for one in took):.3f} s   "
            f"largest process {max(one.peak for one in took) / 1024:.1f} MiB"
        )
    wall = statistics.median(one.wall / other.wall for one, other in pairs)
    cpu = statistics.median(one.cpu / other.cpu for one, other in pairs)
    print(f"{'ratio':28} wall {wall:.2f}, cpu {cpu:.2f} (median of {len(pairs)} pairs)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpatch", required=True, type=Path)
    parser.add_argument("--patch", default=PATCH, type=Path)
    parser.add_argument("--runs", default=15, type=int)
    arguments = parser.parse_args()
    ours = [KFUNCLINT, str(arguments.patch)]
    theirs = ["perl", str(arguments.checkpatch), "--no-tree", str(arguments.patch)]
    compare(("kfunclint", ours), ("checkpatch --no-tree", theirs), arguments.runs)
    os.environ |= {"GIT_SENDEMAIL_FILE_COUNTER": "1", "GIT_SENDEMAIL_FILE_TOTAL": "1"}
    hook = [ours[0], "hook", "run", "sendemail-validate", ours[1]]
    compare(("kfunclint hook run", hook), ("kfunclint", ours), arguments.runs)


if __name__ == "__main__":
    main()
