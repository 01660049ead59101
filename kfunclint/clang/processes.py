"""What the kernel tells of a process that is still there."""

from __future__ import annotations

import os

_CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(process: int, *, with_children: bool = False) -> float:
    """What a process has used of all processors, and, `with_children`, those that it has had and that ended; 0 where
    that is not known."""
    try:
        with open(f"/proc/{process}/stat", "rb") as file:  # noqa: PTH123 - no pathlib: it is a system call or two
            times = file.read().rpartition(b")")[2].split()[11 : 15 if with_children else 13]
    except OSError:
        return 0
    return sum(map(int, times)) / _CLOCK_TICKS
