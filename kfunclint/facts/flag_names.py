"""The names of the flags of kfuncs, so that a rule cannot misspell one."""

from __future__ import annotations

from typing import Literal

FlagName = Literal[
    "KF_ACQUIRE",
    "KF_ARENA_ARG1",
    "KF_ARENA_ARG2",
    "KF_ARENA_RET",
    "KF_DESTRUCTIVE",
    "KF_FASTCALL",
    "KF_IMPLICIT_ARGS",
    "KF_ITER_DESTROY",
    "KF_ITER_NEW",
    "KF_ITER_NEXT",
    "KF_KPTR_GET",
    "KF_PERFMON",
    "KF_RCU",
    "KF_RCU_PROTECTED",
    "KF_RELEASE",
    "KF_RET_NULL",
    "KF_SLEEPABLE",
    "KF_SPINLOCK_SAFE",
    "KF_TRUSTED_ARGS",
]
"""Those of rules/tables/flags.toml, which has their releases and sources."""
