from collections.abc import Iterator

from kfunclint.facts.syntax import LostBracket
from kfunclint.finding import Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule

_WANTING = {"(": "never closed", "[": "never closed", ")": "never opened", "]": "never opened"}


@rule(LostBracket, Level.ERROR, see="C11: 6.5.1, 6.8")
def check(bracket: LostBracket, kernel: Kernel) -> Iterator[Remark]:
    """A bracket in a new function has no partner.

    The file does not build. Only functions are asked that one patch brings from the first line to the last, without an
    #if or a #define between.

    Bad:
        if (!v->n
                return NULL;
    Good:
        if (!v->n)
                return NULL;
    """
    del kernel
    yield Remark(
        bracket.at,
        f'this "{bracket.text}" in {bracket.name}() is {_WANTING[bracket.text]}, so the file does not build',
    )
