"""The kernel's filter of system calls (seccomp): a process keeps those for memory, time and reading, and no others.

No binding of libseccomp is kept up on PyPI, and the filter is one list: so the few instructions are put together here.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator

_PR_SET_SECCOMP, _MODE_FILTER = 22, 2
_LOAD, _AND, _IF_EQUAL, _RETURN = 0x20, 0x54, 0x15, 0x06  # BPF_LD|W|ABS, BPF_ALU|AND|K, BPF_JMP|JEQ|K, BPF_RET|K
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050001, 0x80000000  # the second with EPERM
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC

# numbers on x86-64 and arm64 (arch/x86/entry/syscalls/syscall_64.tbl, scripts/syscall.tbl), 0 for none
_CALLS = {
    "write": (1, 64),
    "futex": (202, 98),
    "mmap": (9, 222),
    "munmap": (11, 215),
    "brk": (12, 214),
    "madvise": (28, 233),
    "mremap": (25, 216),
    "mprotect": (10, 226),
    "close": (3, 57),
    "lseek": (8, 62),
    "fstat": (5, 80),
    "newfstatat": (262, 79),
    "stat": (4, 0),
    "lstat": (6, 0),
    "statx": (332, 291),
    "pread64": (17, 67),
    "readv": (19, 65),
    "writev": (20, 66),
    "poll": (7, 0),
    "ppoll": (271, 73),
    "select": (23, 0),
    "pselect6": (270, 72),
    "access": (21, 0),
    "faccessat": (269, 48),
    "faccessat2": (439, 439),
    "getdents64": (217, 61),
    "readlink": (89, 0),
    "readlinkat": (267, 78),
    "getcwd": (79, 17),
    "fcntl": (72, 25),
    "dup": (32, 23),
    "dup2": (33, 0),
    "dup3": (292, 24),
    "close_range": (436, 436),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "restart_syscall": (219, 128),
    "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123),
    "membarrier": (324, 283),
    "set_robust_list": (273, 99),
    "rseq": (334, 293),
    "nanosleep": (35, 101),
    "clock_nanosleep": (230, 115),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "gettimeofday": (96, 169),
    "times": (100, 153),
    "getrusage": (98, 165),
    "getrandom": (318, 278),
    "uname": (63, 160),
    "getpid": (39, 172),
    "gettid": (186, 178),
    "getppid": (110, 173),
    "getuid": (102, 174),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getegid": (108, 177),
    "exit": (60, 93),
    "exit_group": (231, 94),
}
_READ, _OPEN, _OPENAT, _TGKILL = (0, 63), (2, -1), (257, 56), (234, 131)
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # AUDIT_ARCH_*


def shut(libc: ctypes.CDLL) -> bool:
    """Refuse this process, for good, every system call but the harmless ones: no socket, no process, no file to write,
    nothing that changes a file or another process. It must not be able to gain privileges any more.

    False where the kernel has no seccomp, or on a machine of which the numbers are not known.
    """
    machine = _MACHINES.get(os.uname().machine)
    if machine is None or struct.calcsize("P") != 8:
        return False
    program = b"".join(_program(*machine, os.getpid()))
    buffer = ctypes.create_string_buffer(program, len(program))
    head = struct.pack("=H6xQ", len(program) // 8, ctypes.addressof(buffer))
    return not libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.c_char_p(head), 0, 0)


def _program(column: int, architecture: int, process: int) -> Iterator[bytes]:
    """The instructions: whatever is none of the calls, or one with other arguments, comes to the last one."""
    yield _instruction(_LOAD, _ARCHITECTURE)
    yield _instruction(_IF_EQUAL, architecture, 1, 0)
    yield _instruction(_RETURN, _KILL)
    yield _instruction(_LOAD, _NUMBER)
    for number in (_READ[column], *(numbers[column] for numbers in _CALLS.values() if numbers[column])):
        yield _instruction(_IF_EQUAL, number, 0, 1)
        yield _instruction(_RETURN, _ALLOW)
    yield from _only(_OPENAT[column], 2, _WRITES, 0)
    if _OPEN[column] >= 0:
        yield from _only(_OPEN[column], 1, _WRITES, 0)
    yield from _only(_TGKILL[column], 0, 0xFFFFFFFF, process)  # abort() ends a process by that
    yield _instruction(_RETURN, _REFUSE)


def _only(number: int, argument: int, mask: int, value: int) -> Iterator[bytes]:
    """Allow a call if the bits in the mask of the lower half of an argument, counted from 0, have a value."""
    yield _instruction(_IF_EQUAL, number, 0, 5)
    yield _instruction(_LOAD, _ARGUMENTS + 8 * argument)
    yield _instruction(_AND, mask)
    yield _instruction(_IF_EQUAL, value, 0, 1)
    yield _instruction(_RETURN, _ALLOW)
    yield _instruction(_RETURN, _REFUSE)


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
