"""Takes from a process whatever a parser does not need. Linux only, as far as the kernel offers it."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import struct
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from kfunclint.clang import seccomp

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
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_ASK_VERSION = 1
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # by version of Landlock, how many there are
_NET_RIGHTS = 3
_BENEATH = 1
_READ = 1 << 2 | 1 << 3  # files and folders
_SCOPES = 3  # from version 6 on: no abstract socket and no signal reaches beyond


class Held(NamedTuple):
    """What the kernel holds a process with, beside its limits; False for what it does not have."""

    landlock: bool
    seccomp: bool


def confine(folder: str | None = None) -> None:
    """Limit this process for good, as a parser can be: time, memory, files, processes, network, privileges; it dies
    with its parent.

    What is in `folder` can still be read. Raises OSError if that cannot be had without all the rest.
    """
    held = restrict(_LIMITS, () if folder is None else (folder,))
    if not held.landlock and folder is not None:
        raise OSError("no Landlock")


def restrict(limits: Iterable[tuple[int, int]], folders: Iterable[str]) -> Held:
    """Limit this process for good: `limits` are those of setrlimit, and nothing but what is in the `folders` can be
    read. It may write to what is open, and has no other way to reach anything."""
    for limit, value in limits:
        _, hard = resource.getrlimit(limit)
        most = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (most, most + 1 if limit == resource.RLIMIT_CPU and most == value != hard else most))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    return Held(_landlock(libc, folders), seccomp.shut(libc))


def tried() -> Held:
    """What the kernel holds a process with here, found out in one."""
    child = os.fork()
    if child == 0:
        try:
            held = restrict((), ())
            os._exit(held.landlock + 2 * held.seccomp)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    answer = os.waitstatus_to_exitcode(status)
    return Held(answer in (1, 3), answer in (2, 3))


@cache
def can_leave_a_folder() -> bool:
    """Does the kernel have Landlock, so that a process can be let into one folder and no other?"""
    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), _ASK_VERSION) >= 1)


def _landlock(libc: ctypes.CDLL, folders: Iterable[str]) -> bool:
    """Forbid every port, and every file that is not open yet or in a folder; False on a kernel without Landlock."""
    version = libc.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), _ASK_VERSION)
    if version < 1:
        return False
    files = (1 << _FILE_RIGHTS.get(version, 16)) - 1
    handled = (files, _NET_RIGHTS, _SCOPES) if version >= 6 else (files, _NET_RIGHTS) if version >= 4 else (files,)
    rules = struct.pack(f"{len(handled)}Q", *handled)
    ruleset = libc.syscall(_LANDLOCK_CREATE, rules, ctypes.c_size_t(len(rules)), 0)
    if ruleset < 0:
        return False
    for folder in folders:
        _allow(libc, ruleset, folder)
    failed = libc.syscall(_LANDLOCK_RESTRICT, ruleset, 0)
    os.close(ruleset)
    return not failed


def _allow(libc: ctypes.CDLL, ruleset: int, folder: str) -> None:
    handle = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    libc.syscall(_LANDLOCK_ADD, ruleset, _BENEATH, struct.pack("=Qi", _READ, handle), 0)
    os.close(handle)
