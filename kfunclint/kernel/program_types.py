"""Types of BPF programs."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from kfunclint.facts.sets import Entry
from kfunclint.kernel.release import Release
from kfunclint.resources import table

_PREFIX = "BPF_PROG_TYPE_"


class ProgramType(StrEnum):
    """The types that rules ask for, as registrations write them (include/uapi/linux/bpf.h: enum bpf_prog_type)."""

    TRACING = "BPF_PROG_TYPE_TRACING"
    LSM = "BPF_PROG_TYPE_LSM"
    SYSCALL = "BPF_PROG_TYPE_SYSCALL"
    STRUCT_OPS = "BPF_PROG_TYPE_STRUCT_OPS"


def hook_row(program_type: str) -> Mapping[str, Any]:
    """The row of rules/tables/hooks.toml for a type as a registration writes it; empty for one that is not there."""
    row: Mapping[str, Any] = table("hooks").get(program_type.removeprefix(_PREFIX), {})
    return row


def hook_of(program_type: str, release: Release) -> str:
    """The hook whose kfuncs programs of a type may call in a release; "" where the table does not tell."""
    row = hook_row(program_type)
    return str(row["hook"]) if "since" in row and release >= Release.parse(row["since"]) else ""


def sleepers_may_call(entry: Entry) -> bool:
    """Is its set registered, as far as is in view, for programs some of which may sleep? An entry whose flags or set
    are not known tells nothing, nor does a type of programs that is not."""
    if entry.flags is None or entry.set is None or entry.set.is_fmodret:
        return False
    rows = (hook_row(registration.program_type) for registration in entry.set.registrations)
    return any(row.get("sleepable", False) for row in rows)
