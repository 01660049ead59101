"""Where reports go: to no file that is read, no two to one file, and each whole or not at all."""

from __future__ import annotations

import contextlib
import io
import os
import stat
import sys
from collections.abc import Hashable, Iterable, Set
from pathlib import Path


def inputs(names: Iterable[str]) -> frozenset[Hashable]:
    """What stands for the files behind inputs: those of folders one by one, and that on standard input for "-"."""
    from kfunclint.mail.mbox import input_files  # what lists kfuncs needs no mail

    names = list(names)
    files = [_identity(Path(file)) for file in input_files(name for name in names if name != "-")]
    return frozenset([*files, *([_identity(None)] if "-" in names else [])])


def check(files: Iterable[Path], sources: Set[Hashable]) -> None:
    """Raises ValueError where one of these outputs would overwrite an input, or another output. What is no regular
    file, such as /dev/null, may be named twice."""
    seen: set[Hashable] = set()
    for file in files:
        identity = _identity(file)
        if identity in sources:
            raise ValueError(f"{file}: would overwrite an input, nothing was written")
        if identity in seen:
            raise ValueError(f"{file}: is named for two outputs, nothing was written")
        seen |= {identity} if identity is not None else set()


def write_file(path: Path, text: str) -> None:
    """Write a file whole or not at all: beside it, and renamed. Raises OSError, which names the file."""
    target = Path(os.path.realpath(path))
    beside = target.with_name(f".kfunclint-{os.getpid()}")
    try:
        if target.exists() and not target.is_file():
            target.write_text(text, encoding="utf-8")
            return
        with beside.open("x", encoding="utf-8") as file:
            file.write(text)
        if target.exists():
            beside.chmod(stat.S_IMODE(target.stat().st_mode))
        beside.replace(target)
    except OSError as why:
        raise OSError(f"{path}: {why.strerror or why}") from why
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


def is_folder(name: str) -> bool:
    """Is that of an output a folder, to be filled with files? It is if it ends in a slash, or is there already."""
    return name.endswith("/") or Path(name).is_dir()


def is_piped_in() -> bool:
    """Is there anything on standard input, and is that a pipe or a file?"""
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
        is_given = stat.S_ISFIFO(mode) or stat.S_ISREG(mode)
        return is_given and isinstance(sys.stdin.buffer, io.BufferedReader) and bool(sys.stdin.buffer.peek(1))
    except (OSError, ValueError, AttributeError):
        return False


def _identity(path: Path | None) -> Hashable:
    """What stands for a file, whatever it is called; of standard input for None. None for what is no regular file, a
    name for what is not there yet."""
    try:
        status = os.fstat(sys.stdin.fileno()) if path is None else path.stat()
    except (OSError, ValueError, AttributeError):
        return None if path is None else os.path.realpath(path)
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else None
