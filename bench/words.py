"""What words cost: kfunclint against itself without the families text and kerneldoc, run in turn, cold start to exit.

A single patch and a series, both without a tree. Paragraphs and kernel-doc are taken apart in both runs; what the
rules about them, their tables and the dictionary take is the difference.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from speed import PATCH, compare

SERIES = Path(__file__).parent.parent / "fixtures" / "series.mbox"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", default=15, type=int)
    parser.add_argument("input", nargs="*", type=Path, default=[PATCH, SERIES])
    arguments = parser.parse_args()
    for path in arguments.input:
        command = [str(Path(sys.executable).with_name("kfunclint")), "--no-tree", str(path)]
        without = [*command, "--ignore", "text", "--ignore", "kerneldoc"]
        print(path.name)
        compare(("with words", command), ("without", without), arguments.runs)


if __name__ == "__main__":
    main()
