"""Takes from a process whatever a parser does not need. Linux only, as far as the kernel offers it."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import struct

CPU_SECONDS = 5
_GIB = 1 << 30
_LIMITS = (
    (resource.RLIMIT_CPU, CPU_SECONDS),
    (resource.RLIMIT_AS, _GIB),
    (resource.RLIMIT_STACK, 8 << 20),
    (resource.RLIMIT_FSIZE, 0),
    (resource.RLIMIT_CORE, 0),
    (resource.RLIMIT_NOFILE, 64),
    (resource.RLIMIT_NPROC, 0),
)
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_LANDLOCK_CREATE, _LANDLOCK_RESTRICT = 444, 446
_ASK_VERSION = 1
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # by version of Landlock, how many there are
_NET_RIGHTS = 3


def confine() -> None:
    """Limit this process for good: time, memory, files, processes, network, privileges; it dies with its parent."""
    for limit, value in _LIMITS:
        _, hard = resource.getrlimit(limit)
        most = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (most, most + 1 if limit == resource.RLIMIT_CPU and most == value != hard else most))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _landlock(libc)


def _landlock(libc: ctypes.CDLL) -> None:
    """Forbid every file and every port that is not open yet; nothing happens on a kernel without Landlock."""
    version = libc.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), _ASK_VERSION)
    if version < 1:
        return
    files = (1 << _FILE_RIGHTS.get(version, 16)) - 1
    rules = struct.pack("QQ", files, _NET_RIGHTS) if version >= 4 else struct.pack("Q", files)
    ruleset = libc.syscall(_LANDLOCK_CREATE, rules, ctypes.c_size_t(len(rules)), 0)
    if ruleset >= 0:
        libc.syscall(_LANDLOCK_RESTRICT, ruleset, 0)
        os.close(ruleset)
