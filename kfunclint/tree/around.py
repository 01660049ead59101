"""The kernel tree around a folder."""

from __future__ import annotations

from pathlib import Path

_OF_A_KERNEL = ("Kbuild", "MAINTAINERS", "kernel/bpf", "include/linux/btf.h")


def kernel_around(folder: Path) -> Path | None:
    """The top of the kernel tree that a folder is in, None if it is in none or that cannot be seen."""
    try:
        resolved = folder.resolve()
        return next(
            (top for top in (resolved, *resolved.parents) if all((top / name).exists() for name in _OF_A_KERNEL)), None
        )
    except OSError:
        return None
