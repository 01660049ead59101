"""What a confined process cannot ask of the kernel: each system call is tried in one."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from conftest import ROOT

# numbers on x86-64 and arm64, 0 for none
FORBIDDEN = {
    "socket": (41, 198),
    "connect": (42, 203),
    "sendto": (44, 206),
    "bind": (49, 200),
    "listen": (50, 201),
    "accept": (43, 202),
    "socketpair": (53, 199),
    "execve": (59, 221),
    "execveat": (322, 281),
    "fork": (57, 0),
    "vfork": (58, 0),
    "clone": (56, 220),
    "clone3": (435, 435),
    "ptrace": (101, 117),
    "kill": (62, 129),
    "tkill": (200, 130),
    "chmod": (90, 0),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "chown": (92, 0),
    "fchown": (93, 55),
    "fchownat": (260, 54),
    "utimensat": (280, 88),
    "setxattr": (188, 5),
    "removexattr": (197, 14),
    "unlink": (87, 0),
    "unlinkat": (263, 35),
    "rename": (82, 0),
    "renameat2": (316, 276),
    "mkdir": (83, 0),
    "mkdirat": (258, 34),
    "rmdir": (84, 0),
    "linkat": (265, 37),
    "symlinkat": (266, 36),
    "truncate": (76, 45),
    "ftruncate": (77, 46),
    "fallocate": (285, 47),
    "mknodat": (259, 33),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "chdir": (80, 49),
    "unshare": (272, 97),
    "setns": (308, 268),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "memfd_create": (319, 279),
    "pipe2": (293, 59),
    "eventfd2": (290, 19),
    "userfaultfd": (323, 282),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424),
    "pidfd_getfd": (438, 438),
    "prlimit64": (302, 261),
    "setrlimit": (160, 164),
    "prctl": (157, 167),
    "seccomp": (317, 277),
    "ioctl": (16, 29),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    "inotify_init1": (294, 26),
    "fanotify_init": (300, 262),
    "openat2": (437, 437),
    "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264),
    "setuid": (105, 146),
    "setgid": (106, 144),
    "setgroups": (116, 159),
    "capset": (126, 91),
    "reboot": (169, 142),
    "kexec_load": (246, 104),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "swapon": (167, 224),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "adjtimex": (159, 171),
    "sethostname": (170, 161),
    "syslog": (103, 116),
    "quotactl": (179, 60),
    "setpriority": (141, 140),
    "sched_setscheduler": (144, 119),
    "personality": (135, 92),
    "mlock": (149, 228),
    "mbind": (237, 235),
    "move_pages": (279, 239),
    "migrate_pages": (256, 238),
    "vmsplice": (278, 75),
    "splice": (275, 76),
    "tee": (276, 77),
    "sendfile": (40, 71),
    "copy_file_range": (326, 285),
    "sync": (162, 81),
    "setsid": (112, 157),
    "setpgid": (109, 154),
    "landlock_create_ruleset": (444, 444),
}
EPERM = 1
TRY = """
import ctypes, json, os, sys
from kfunclint.clang import confine

libc = ctypes.CDLL(None, use_errno=True)
numbers = json.loads(sys.argv[1])
held = confine.restrict(confine._LIMITS, ())

def attempt(number, *arguments):
    ctypes.set_errno(0)
    answer = libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, arguments))
    return ctypes.get_errno() if answer == -1 else "allowed"

said = {name: attempt(number, 0, 0, 0, 0, 0, 0) for name, number in numbers.items()}
said["open to write"] = attempt(numbers["openat at all"], -100, 0, os.O_WRONLY, 0)
said["open to make"] = attempt(numbers["openat at all"], -100, 0, os.O_RDONLY | os.O_CREAT, 0)
said["abort another"] = attempt(numbers["tgkill at all"], os.getppid(), os.getppid(), 0)
said["abort itself"] = attempt(numbers["tgkill at all"], os.getpid(), os.getpid(), 0)
print(json.dumps([held, said]))
"""


@pytest.fixture(scope="module")
def said() -> dict[str, int | str]:
    column = {"x86_64": 0, "aarch64": 1}.get(os.uname().machine)
    if column is None:
        pytest.skip("a machine whose calls are not known")
    numbers = {name: pair[column] for name, pair in FORBIDDEN.items() if pair[column]}
    numbers |= {"openat at all": (257, 56)[column], "tgkill at all": (234, 131)[column]}
    command = [sys.executable, "-c", TRY, json.dumps(numbers)]
    done = subprocess.run(command, capture_output=True, check=True, cwd=ROOT)
    (_, seccomp), answers = json.loads(done.stdout)
    if not seccomp:
        pytest.skip("a kernel without seccomp")
    assert isinstance(answers, dict)
    return answers


@pytest.mark.parametrize("name", [*FORBIDDEN, "open to write", "open to make", "abort another"])
def test_a_call_that_reaches_beyond_the_process_is_refused(name: str, said: dict[str, int | str]) -> None:
    assert said.get(name, EPERM) == EPERM


def test_a_process_can_abort(said: dict[str, int | str]) -> None:
    assert said["abort itself"] == "allowed"
