"""Run what is measured, and write it down: bench/results.md, with the date, the machine and all versions.

    python bench/results.py [SUBJECT...]

Subjects that are not named keep what results.md says of them. What another program takes stands beside each figure that
has such a program; both are run in turn, on the same machine.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

HERE = Path(__file__).parent
RESULTS = HERE / "results.md"
TREE = HERE.parent / "build" / "trees" / "linux-source-6.12"
CHECKPATCH = HERE.parent / "build" / "checkpatch" / "checkpatch.pl"

SUBJECTS: Mapping[str, tuple[str, Sequence[str]]] = {
    "cold": ("One small patch, cold start to exit", ["speed.py", "--checkpatch", str(CHECKPATCH)]),
    "words": ("What words cost", ["words.py"]),
    "slopes": ("Ten times as much", ["slopes.py"]),
    "archive": ("Archives", ["archive.py"]),
    "index": ("The index of Linux 6.12", ["index.py", "--tree", str(TREE)]),
    "flow": ("Bodies of Linux 6.12", ["flow.py", "--tree", str(TREE)]),
    "tree": ("A patch with the tree of Linux 6.12", ["tree.py", "--tree", str(TREE)]),
}


def main() -> None:
    names = sys.argv[1:] or list(SUBJECTS)
    if unknown := [name for name in names if name not in SUBJECTS]:
        sys.exit(f"{unknown[0]}: no such subject; there are {', '.join(SUBJECTS)}")
    sections = parsed(RESULTS.read_text()) if RESULTS.exists() else {}
    for name in names:
        title, command = SUBJECTS[name]
        print(f"{title} ...", flush=True)
        sections[title] = "\n".join((*_conditions(), "", *_measured(command)))
        RESULTS.write_text(written(sections))


def parsed(text: str) -> dict[str, str]:
    """What a results.md says of each subject, by its title."""
    parts = re.split(r"^## ([^\n]*)\n\n```text\n(.*?)\n```\n", text, flags=re.MULTILINE | re.DOTALL)
    return dict(zip(parts[1::3], parts[2::3], strict=True))


def written(sections: Mapping[str, str]) -> str:
    """A results.md with these sections, in the order of the subjects."""
    titles = [title for title, _ in SUBJECTS.values() if title in sections]
    return (
        "# What kfunclint takes\n\nWritten by `make bench`; `make bench ONLY=cold` measures one subject anew.\n"
        + "".join(f"\n## {title}\n\n```text\n{sections[title]}\n```\n" for title in titles)
    )


def _conditions() -> Iterator[str]:
    """When, where and with what."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, cwd=HERE, check=False
    ).stdout.strip()
    yield f"{datetime.now(UTC):%Y-%m-%d}, kfunclint {commit}, Python {platform.python_version()}, {_tools()}"
    yield f"{_processor()}, {os.cpu_count()} cores, load before {os.getloadavg()[0]:.1f}"


def _tools() -> str:
    return ", ".join(f"{name} {metadata.version(name)}" for name in ("libclang", "unidiff", "jinja2", "codespell"))


def _processor() -> str:
    models: Iterable[str] = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(": ")[2] for line in models if line.startswith("model name")), platform.machine())


def _measured(command: Sequence[str]) -> Iterator[str]:
    """What a subject prints, line by line; it is also shown."""
    with subprocess.Popen(
        [sys.executable, HERE / command[0], *command[1:]], stdout=subprocess.PIPE, text=True
    ) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            yield line.rstrip()
    if process.returncode != 0:
        yield f"ended with status {process.returncode}: not measured"


if __name__ == "__main__":
    main()
