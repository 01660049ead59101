"""Names that a series brings into the code."""

from __future__ import annotations

from kfunclint.facts.fact import OneLine, OneLineOfFunction
from kfunclint.finding import Place
from kfunclint.value import Value


class CodeName(OneLine, Value):
    """A name of several words that stands in no line that was there before, nor in one that is taken out."""

    name: str
    at: Place
    """Where it stands first."""
    words: frozenset[str]
    """Those that the names of the series are made of, in lower case; one set that all of them point to."""
    alone: frozenset[str]
    """Those of its own that no other name has."""

    def others_have(self, word: str) -> bool:
        """Is another name of the series made of it, too?"""
        return word in self.words and word not in self.alone


class SuffixedHelper(OneLineOfFunction, Value):
    """A function that is no kfunc, of which a parameter has a name with an ending that a kfunc of its file has, too.

    Its parameters are more, fewer or others than those of each of them: what the verifier puts in the place of a kfunc
    has the same.
    """

    name: str
    at: Place
    """The parameter."""
    parameter: str
