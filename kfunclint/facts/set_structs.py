"""Structs that hand a set of kfuncs to the kernel."""

from __future__ import annotations

from kfunclint.facts.fact import OneLine
from kfunclint.finding import Place
from kfunclint.value import Value


class SetStruct(OneLine, Value):
    """A `struct btf_kfunc_id_set`, or an array of them, that a series brings, name and all."""

    name: str
    at: Place
    """The name in its definition."""
    begins_at: Place
    """The first word of the definition."""
    is_static: bool
    is_alone: bool
    """No other file of the series has the name, and it is neither exported nor declared `extern`."""
    is_unused: bool
    """Nothing has the name but the definition, in a series of which no patch is missing."""
