"""Regions of kfunc definitions."""

from __future__ import annotations

from kfunclint.facts.fact import OneLine
from kfunclint.finding import Place
from kfunclint.value import Value


class OpenRegion(OneLine, Value):
    """A region in which -Wmissing-prototypes is off, and that nothing closes (include/linux/btf.h:
    __bpf_kfunc_start_defs(), __bpf_hook_start())."""

    at: Place
    """The macro that opens it."""
    name: str
    closer: str
    """The macro that belongs behind it."""
    end_before: Place | None
    """The next line in view that opens a set of kfuncs: the region should end above it."""
