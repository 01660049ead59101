"""Structs that hand a set of kfuncs to the kernel, and that are no secret of their file."""

from __future__ import annotations

from kfunclint.facts.fact import OneLine
from kfunclint.finding import Place
from kfunclint.value import Value


class GlobalStruct(OneLine, Value):
    """A `struct btf_kfunc_id_set` that a series brings without `static`, and that only its file names."""

    name: str
    at: Place
    """Where its definition begins."""
