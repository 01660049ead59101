"""Twice as much of anything costs about twice as much: counted in calls and bytes, not by a clock."""

from __future__ import annotations

import sys
import tracemalloc
from collections import Counter

import pytest
from growth.kinds import BODIES, KINDS

import kfunclint
from kfunclint.clang import Parser
from kfunclint.report import formats

FEW = 20
# what is followed path by path costs more and more until the budget of a body is spent, and no more from there on
FOLLOWED = dict.fromkeys(("calls-tested", "conditions-kept", "loops", "ternaries", "warnings"), 400)
MOST = 2.5
LITTLE = 16 << 10  # bytes: some containers grow by more than what is put into them


def cost(text: str, parser: Parser) -> tuple[int, int]:
    """The calls that a review and all its reports take in this process, and the characters of the reports."""
    calls: Counter[str] = Counter()

    def count(frame: object, event: str, argument: object) -> None:
        calls[event] += 1

    sys.setprofile(count)
    try:
        outcome = kfunclint.review(text.encode(), parser=parser, caged=False)
        reports = [formats.render(name, review) for name in formats.formats() for review in outcome.reviews]
    finally:
        sys.setprofile(None)
    return calls["call"] + calls["c_call"], sum(map(len, reports))


@pytest.mark.parametrize("name", KINDS)
def test_a_review_is_linear(name: str, parser: Parser) -> None:
    few = FOLLOWED.get(name, FEW)
    cost(KINDS[name](2), parser)  # what is loaded and kept at first use counts for none
    least, half, whole = (cost(KINDS[name](count), parser) for count in (2, few, 2 * few))
    for what, start, less, more in zip(("calls", "characters"), least, half, whole, strict=True):
        assert more - start <= MOST * max(less - start, start // 10), f"{what}: {start}, {less}, {more}"


def memory(text: str, parser: Parser) -> int:
    """The bytes that a review holds at most in this process."""
    tracemalloc.start()
    try:
        kfunclint.review(text.encode(), parser=parser, caged=False)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


# what one body and those it calls may take is bounded by its budget
@pytest.mark.parametrize("name", [name for name in KINDS if name not in {*BODIES, "helpers"}])
def test_memory_is_linear(name: str, parser: Parser) -> None:
    memory(KINDS[name](2), parser)
    start, less, more = (memory(KINDS[name](count), parser) for count in (2, 50, 100))
    assert more - start <= MOST * max(less - start, LITTLE)
