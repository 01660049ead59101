"""What a whole process takes, measured from outside."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from resource import struct_rusage

_PR_SET_CHILD_SUBREAPER = 36  # include/uapi/linux/prctl.h
ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

KFUNCLINT = str(Path(sys.executable).with_name("kfunclint"))


@dataclass(frozen=True)
class Run:
    """Wall-clock and CPU seconds of a process with its children, and the peak RSS in KiB of the largest of them."""

    wall: float
    cpu: float
    peak: int


def run(command: Sequence[str]) -> Run:
    """Run a command, its output thrown away. Exits with a message where it ends with another status than 0 and 1."""
    # who has kfunclint installed has it compiled
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    with Path(os.devnull).open("wb") as nowhere:
        process = subprocess.Popen(command, stdout=nowhere, stderr=nowhere, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - start
    if process.returncode not in (0, 1):
        sys.exit(f"{command[0]} ended with status {process.returncode}")
    usages = [usage, *_orphans()]
    return Run(wall, sum(one.ru_utime + one.ru_stime for one in usages), max(one.ru_maxrss for one in usages))


def _orphans() -> Iterator[struct_rusage]:
    """What those took that the process left behind, which are given to this one: their time counts, too."""
    while True:
        try:
            yield os.wait4(-1, 0)[2]
        except ChildProcessError:
            return
