"""A short run of every harness, the same each time: see run.py for a long one."""

from __future__ import annotations

import json

import pytest
from fuzz.harnesses import HARNESSES, Harness
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kfunclint.clang import Parser, units

EXAMPLES = {"review": 60, "flow": 60}
_WORDS = tuple(
    word.encode().decode("unicode_escape").encode("latin-1")
    for word in r"""
\n+ \n- \n\x20 \n@@\x20-1,2\x20+3,4\x20@@ \ndiff\x20--git\x20a/x.c\x20b/x.c\n \n---\x20a/x.c\n+++\x20b/x.c\n \n---\n
\nFrom\x20 \nSubject:\x20 \n\n =?utf-8?q? ?= \0 \xff \xed\xa0\x80 \xe2\x80\xae \r\n { } ( ) [ ] * /* */ " ' \\\n
#define\x20 goto\x20 if\x20( return\x20 -1 1e999 99999999999999999999 null BTF_ID_FLAGS( __bpf_kfunc\x20 KF_ /**\n
""".split()
)


@st.composite
def mutated(draw: st.DrawFn, seeds: list[bytes]) -> bytes:
    """A seed in which stretches are replaced by words of a format, by stretches of other seeds, or by nothing."""
    data = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.sampled_from((0, 0, 1, 2, 10, 100))))
        other = draw(st.sampled_from(seeds))
        cut = draw(st.integers(0, len(other)))
        piece = draw(st.sampled_from((b"", *_WORDS, other[cut : cut + 40], data[start:end] * 2)))
        data = data[:start] + piece + data[end:]
    return data


@pytest.mark.parametrize("name", HARNESSES)
def test_no_stage_does_wrong(name: str, parser: Parser) -> None:
    harness = HARNESSES[name]
    seeds = harness.seeds()
    for seed in seeds:
        harness.run(seed, parser)
    _short_run(harness, seeds, EXAMPLES.get(name, 250), parser)


def _short_run(harness: Harness, seeds: list[bytes], examples: int, parser: Parser) -> None:
    @settings(
        max_examples=examples, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
    )
    @given(mutated(seeds))
    def run(data: bytes) -> None:
        harness.run(data, parser)

    run()


def test_the_answers_to_begin_with_are_understood() -> None:
    good, failed = map(json.loads, HARNESSES["answer"].seeds())
    unit = units.unit("a.c", good)
    assert unit.functions[0].body is not None
    assert units.types(good)
    assert units.unit("a.c", failed).failure
