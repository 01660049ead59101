"""What a function does, in the words of a row, as far as it harms whoever calls it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kfunclint.c.syntax import is_pointer
from kfunclint.flow.account import Account, Use
from kfunclint.flow.behaviour import Behaviour
from kfunclint.flow.questions import null_returns, outcomes, scalar_of, uses, was_asked
from kfunclint.flow.terms import Term


def summarised(account: Account, path: str) -> Behaviour:
    """The summary of a function of a file. It is opaque: what a function promises is for a row to say.

    It may return NULL or an error pointer where a path does, picks an element or shifts by an argument where it asked
    nothing about that before; it reads through one, or sleeps, where it asked nothing at all.
    """
    number = {one.name: at for at, one in enumerate(account.function.parameters) if one.name}
    index = next(((at, use.what) for use in uses(account, "index") for at in _unasked(use, number)), None)
    return Behaviour(
        null=_null(account, path),
        error=_error(account, path),
        always=any(_sleeps(account, use) for use in uses(account, "call")),
        reads=tuple(sorted({at for use in uses(account, "read") for at in _first(use, number)})),
        index=index[0] if index else None,
        picks=index[1] if index else "",
        shifts=tuple(sorted({at for use in uses(account, "shift") for at in _unasked(use, number)})),
        opaque=True,
    )


def common(summaries: Sequence[Behaviour]) -> Behaviour:
    """What all definitions of a function do: which of them is built is not known."""
    if len(summaries) == 1:
        return summaries[0]
    first, *others = summaries
    return Behaviour(
        null=first.null if all(one.null for one in others) else "",
        error=first.error if all(one.error for one in others) else "",
        always=all(one.always for one in summaries),
        reads=_in_all(one.reads for one in summaries),
        index=first.index if all(one.index == first.index for one in others) else None,
        picks=first.picks,
        shifts=_in_all(one.shifts for one in summaries),
        opaque=True,
    )


def _in_all(lists: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(sorted(frozenset.intersection(*map(frozenset, lists))))


def _null(account: Account, path: str) -> str:
    if not is_pointer(account.function.returns):
        return ""
    return next((f"it returns at {path}:{one.node.line}" for one in null_returns(account)), "")


def _error(account: Account, path: str) -> str:
    ends = (one for one in outcomes(account) if one.node is not None and one.value is not None)
    failed = (one for one in ends if one.value is not None and one.path.known(one.value).error)
    return next((f"it returns at {path}:{one.node.line}" for one in failed if one.node is not None), "")


def _unasked(use: Use, number: dict[str, int]) -> Iterable[int]:
    term = scalar_of(use.term)
    return () if term is None or term.text not in number or was_asked(term, use.path) else (number[term.text],)


def _first(use: Use, number: dict[str, int]) -> Iterable[int]:
    term: Term = use.term
    return (number[term.text],) if term.kind == "param" and term.text in number and not use.path.asked else ()


def _sleeps(account: Account, use: Use) -> bool:
    return account.behaviours.of(use.node.text).always and not use.path.asked
