"""The numbers of system calls, held against the tables of the kernel."""

from __future__ import annotations

import os
from pathlib import Path

from kfunclint.clang import seccomp


def numbers(path: Path) -> dict[str, int]:
    """The calls of a table for 64 bits, by name."""
    rows = [line.split() for line in path.read_text().splitlines() if line[:1].isdigit()]
    return {row[2]: int(row[0]) for row in rows if row[1] in ("common", "64")}


def test_the_numbers_on_arm64_are_those_of_the_kernel() -> None:
    """Those on x86-64 are proven by every review there."""
    calls = numbers(Path(os.environ["KFUNCLINT_TREES"]) / "linux-source-7.3/scripts/syscall.tbl")
    ours = seccomp._CALLS | {"read": seccomp._READ, "openat": seccomp._OPENAT, "tgkill": seccomp._TGKILL}
    assert {name: arm for name, (_, arm) in ours.items() if arm} == {
        name: calls[name] for name, (_, arm) in ours.items() if arm
    }
