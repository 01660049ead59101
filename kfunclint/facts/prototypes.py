"""Declarations of kfuncs."""

from __future__ import annotations

from kfunclint.facts.fact import OneLineOfFunction
from kfunclint.finding import Place
from kfunclint.value import Value


class MarkedPrototype(OneLineOfFunction, Value):
    """A declaration without a body that carries __bpf_kfunc, in a header or in a region of kfunc definitions."""

    name: str
    at: Place
    """The marker."""
    region: str
    """The macro that opens the region, "" in a header."""
