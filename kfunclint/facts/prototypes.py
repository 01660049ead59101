"""Declarations of kfuncs."""

from __future__ import annotations

from dataclasses import dataclass

from kfunclint.facts.fact import OneLineOfFunction
from kfunclint.finding import Place


@dataclass(frozen=True, slots=True)
class MarkedPrototype(OneLineOfFunction):
    """A declaration without a body that carries __bpf_kfunc."""

    name: str
    at: Place
    """The marker."""
