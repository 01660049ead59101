"""Declarations of kfuncs."""

from __future__ import annotations

from kfunclint.facts.fact import OneLineOfFunction
from kfunclint.finding import Place
from kfunclint.value import Value


class MarkedPrototype(OneLineOfFunction, Value):
    """A declaration without a body that carries __bpf_kfunc."""

    name: str
    at: Place
    """The marker."""
