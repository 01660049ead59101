"""Kernel trees in miniature: real git repositories and plain folders, made by the tests that need them."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

_CONFIG = (
    "-c",
    "user.name=Ann Author",
    "-c",
    "user.email=ann@example.org",
    "-c",
    "commit.gpgSign=false",
    "-c",
    "init.defaultBranch=main",
)

BTF = "#define KF_ACQUIRE\t(1 << 0) /* takes a reference */\n#define KF_TRUSTED_ARGS\t(1 << 4)\n"
FILES = {
    "Kbuild": "",
    "MAINTAINERS": "",
    "Makefile": "VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 7\nEXTRAVERSION =\n",
    "include/linux/btf.h": BTF,
    "kernel/bpf/depot.c": "int depot;\n",
    "kernel/bpf/depot.h": "extern int depot;\n",
    "Documentation/depot.rst": "depot\n",
}


def git(folder: Path, *arguments: str, text: str | None = None) -> str:
    """Run git in a folder and give what it prints."""
    command = ["git", *_CONFIG, "-C", str(folder), *arguments]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def write(folder: Path, files: Mapping[str, str | None]) -> None:
    """Write files below a folder; None takes one away."""
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            file.unlink()
        else:
            file.write_bytes(text.encode())


def commit(folder: Path, files: Mapping[str, str | None], title: str = "a state") -> str:
    """Commit files, in a new repository if there is none, and give the hash."""
    if not (folder / ".git").exists():
        folder.mkdir(parents=True, exist_ok=True)
        git(folder, "init", "-q")
    write(folder, files)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", title)
    return git(folder, "rev-parse", "HEAD")
