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

# registered, the function lacks KF_RET_NULL, and the words of the commit hold a wrong one
DEPOT = """\
#include <linux/btf.h>

__bpf_kfunc_start_defs();

__bpf_kfunc struct depot *bpf_depot_get(u64 id)
{
	if (!id)
		return NULL;
	return find_depot(id);
}

__bpf_kfunc_end_defs();

static int one;
static int two;
static int three;

BTF_KFUNCS_START(depot_ids)
BTF_KFUNCS_END(depot_ids)
"""
REGISTERED = DEPOT.replace("BTF_KFUNCS_END", "BTF_ID_FLAGS(func, bpf_depot_get)\nBTF_KFUNCS_END")
WORDS = "bpf: register bpf_depot_get()\n\nIt is not necessarily to say why.\n"


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


def unpushed(folder: Path) -> None:
    """Make a kernel tree whose HEAD has one commit more than the branch upstream: REGISTERED, with WORDS."""
    commit(folder, FILES | {"kernel/bpf/depot.c": DEPOT}, "base")
    git(folder, "branch", "upstream")
    git(folder, "branch", "--set-upstream-to=upstream")
    commit(folder, {"kernel/bpf/depot.c": REGISTERED}, WORDS)
