"""The headers that a build of the kernel would generate, small ones of our own, for 64-bit x86."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

Read = Callable[[str], bytes | None]

_ARCH = "arch/x86/include"
_LISTED = re.compile(r"^(?:generic|mandatory)-y[ \t]*\+=[ \t]*([\w-]+\.h)$", re.MULTILINE | re.ASCII)
_NUMBER = re.compile(r"^(VERSION|PATCHLEVEL|SUBLEVEL)[ \t]*=[ \t]*(\d{1,3})$", re.MULTILINE)
_FIXED = {
    "generated/bounds.h": "NR_PAGEFLAGS=24 MAX_NR_ZONES=4 NR_CPUS_BITS=13 SPINLOCK_SIZE=4 LRU_GEN_WIDTH=3 "
    "__LRU_REFS_WIDTH=2",
    "generated/asm-offsets.h": "",
    "generated/rq-offsets.h": "",
    "generated/compile.h": "",
    "generated/utsrelease.h": 'UTS_RELEASE="kernel"',
    "generated/timeconst.h": "HZ_TO_MSEC_NUM=4 HZ_TO_MSEC_DEN=1 MSEC_TO_HZ_NUM=1 MSEC_TO_HZ_DEN=4 "
    "HZ_TO_USEC_NUM=4000 HZ_TO_USEC_DEN=1 USEC_TO_HZ_NUM=1 USEC_TO_HZ_DEN=4000 "
    "HZ_TO_NSEC_NUM=4000000 HZ_TO_NSEC_DEN=1 NSEC_TO_HZ_NUM=1 NSEC_TO_HZ_DEN=4000000 "
    "HZ_TO_MSEC_MUL32=0x80000000ULL HZ_TO_MSEC_ADJ32=0 HZ_TO_MSEC_SHR32=29 "
    "MSEC_TO_HZ_MUL32=0x80000000ULL MSEC_TO_HZ_ADJ32=0x180000000ULL MSEC_TO_HZ_SHR32=33 "
    "HZ_TO_USEC_MUL32=0xFA000000ULL HZ_TO_USEC_ADJ32=0 HZ_TO_USEC_SHR32=20 "
    "USEC_TO_HZ_MUL32=0x83126E98ULL USEC_TO_HZ_ADJ32=0x7FBE76C8B4ULL USEC_TO_HZ_SHR32=43",
    "asm/unistd_64_x32.h": "",
    "asm/unistd_32_ia32.h": "",
    "asm/cpufeaturemasks.h": "",
    "uapi/asm/unistd_32.h": "",
    "uapi/asm/unistd_x32.h": "",
    "uapi/asm/unistd_64.h": "__NR_syscall_max=461 NR_syscalls=462",
}


class Folder(NamedTuple):
    """Headers of one of the folders asm/: where the architecture has its own, and which files list the others."""

    name: str
    architecture: str
    lists: tuple[str, str]


_FOLDERS = (
    Folder("asm", f"{_ARCH}/asm", (f"{_ARCH}/asm/Kbuild", "include/asm-generic/Kbuild")),
    Folder("uapi/asm", f"{_ARCH}/uapi/asm", (f"{_ARCH}/uapi/asm/Kbuild", "include/uapi/asm-generic/Kbuild")),
)


def headers(read: Read) -> dict[str, str]:
    """The text of every generated header by its path below the folder for them; `read` gives a file of the tree."""
    texts = {path: _defines(words) for path, words in _FIXED.items()}
    texts["generated/autoconf.h"] = _configuration()
    texts["uapi/linux/version.h"] = _version(_text(read, "Makefile"))
    for folder in _FOLDERS:
        for name in _generic_headers(read, folder):
            texts[f"{folder.name}/{name}"] = f"#include <asm-generic/{name}>\n"
    return texts


def _text(read: Read, path: str) -> str:
    return (read(path) or b"").decode("latin-1")


def _defines(words: str) -> str:
    return "".join(f"#define {word.replace('=', ' ', 1)}\n" for word in words.split())


def _configuration() -> str:
    """The options that are on; a line of the file is NAME or NAME=value."""
    path = f"{os.path.dirname(__file__)}/config.txt"  # noqa: PTH120 - no pathlib
    with open(path, encoding="ascii") as file:  # noqa: PTH123
        pairs = (line.rstrip("\n").partition("=") for line in file)
        return "".join(f"#define CONFIG_{name} {value or '1'}\n" for name, _, value in pairs)


def _version(makefile: str) -> str:
    """linux/version.h (the kernel's Makefile: filechk_version.h)."""
    numbers = dict(_NUMBER.findall(makefile))
    major, minor, patch = (int(numbers.get(word, 0)) for word in ("VERSION", "PATCHLEVEL", "SUBLEVEL"))
    return (
        f"#define LINUX_VERSION_CODE {(major << 16) + (minor << 8) + min(patch, 255)}\n"
        "#define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + ((c) > 255 ? 255 : (c)))\n"
        f"#define LINUX_VERSION_MAJOR {major}\n"
        f"#define LINUX_VERSION_PATCHLEVEL {minor}\n"
        f"#define LINUX_VERSION_SUBLEVEL {patch}\n"
    )


def _generic_headers(read: Read, folder: Folder) -> Iterator[str]:
    """The headers for which the architecture takes the generic one (scripts/Makefile.asm-headers)."""
    names = {name for path in folder.lists for name in _LISTED.findall(_text(read, path))}
    return (name for name in sorted(names) if read(f"{folder.architecture}/{name}") is None)
