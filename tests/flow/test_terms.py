"""Terms, what is known of them, and the integer types they have."""

from __future__ import annotations

import pytest

from kfunclint.c.syntax import Node
from kfunclint.flow.facts import ERRNO, ERROR, NOTHING, VALID, ZERO_KNOWN, Known
from kfunclint.flow.integers import canonical, common, is_unsigned, largest, width
from kfunclint.flow.path import Path
from kfunclint.flow.terms import (
    ONE,
    ZERO,
    Term,
    address,
    base_pointer,
    compound,
    const,
    load,
    member,
    negation,
    replaced,
)

NODE = Node("name", 1, 1)
P = Term("param", "p")
N = Term("param", "n", type_="unsigned int")
NEXT = member(P, "next")


def test_equal_terms_are_one() -> None:
    assert member(Term("param", "p"), "next") is NEXT
    assert Term("any", site=((1, 2),)) != Term("any", site=((1, 3),))


def test_addresses_and_places() -> None:
    inner = address(NEXT)
    assert load(inner) == NEXT
    assert address(load(NEXT)) == NEXT
    assert load(Term("local", "v")) == Term("var", "v")
    assert load(address(compound("index", "", (P, N)))) == compound("index", "", (P, N))


@pytest.mark.parametrize(
    ("term", "base"),
    [
        (P, P),
        (address(NEXT), P),
        (address(member(address(NEXT), "inner")), P),
        (address(compound("index", "", (P, N))), P),
        (compound("op", "+", (P, const(4))), P),
        (compound("call", "container_of", (P,)), P),
        (NEXT, NEXT),
        (compound("op", "+", (P, N)), compound("op", "+", (P, N))),
        (address(Term("global", "spare")), address(Term("global", "spare"))),
    ],
)
def test_base_pointer(term: Term, base: Term) -> None:
    assert base_pointer(term) == base


def test_negations_do_not_pile_up() -> None:
    term = Term("call", "f")
    for _ in range(10):
        term = negation(term)
    assert term.size <= 3
    assert (negation(ZERO), negation(const(7))) == (ONE, ZERO)


def test_what_has_too_many_parts_is_anything() -> None:
    term = N
    for _ in range(20):
        term = compound("op", "+", (term, term))
        assert term.size <= 100
    assert any(part.kind == "any" for part in term.parts)


def test_parts_are_replaced_from_the_inside_out() -> None:
    given = {P: address(Term("global", "spare"))}
    assert replaced(load(P), given.get, {}) == Term("global", "spare")
    assert replaced(NEXT, given.get, {}) == member(given[P], "next")


def test_what_is_known_of_both_and_of_either() -> None:
    assert Known(1, 5).meet(Known(3, 9)) == Known(3, 5)
    assert Known(1, 5).meet(Known(6, 9)) is None
    assert Known(0, 5).meet(VALID) == Known(1, 5, nonzero=True)
    assert ZERO_KNOWN.meet(VALID) is None
    assert ZERO_KNOWN.meet(ERROR) is None
    assert ERROR.meet(Known(error=False)) is None
    assert Known(1, 5).join(Known(-3, -1)) == Known(-3, 5, nonzero=True)
    assert Known(1, 5).join(NOTHING) == NOTHING
    assert ERRNO.join(ZERO_KNOWN) == Known(-4095, 0)


def test_conditions_become_facts() -> None:
    start = Path({}, {}, {}, {})
    less = compound("op", "<", (N, const(8)), type_="unsigned")
    (below,) = start.assuming(less, holds=True)
    assert below.known(N) == Known(0, 7)
    (above,) = start.assuming(less, holds=False)
    assert above.known(N).low == 0
    assert below.truth(compound("op", ">=", (N, const(8)), type_="unsigned")) is False
    assert not list(below.assuming(compound("op", "==", (N, const(9))), holds=True))
    assert [path.known(P) for path in start.assuming(Term("call", "IS_ERR_OR_NULL", (P,)), holds=True)] == [
        ZERO_KNOWN,
        ERROR,
    ]
    (sound,) = start.assuming(Term("call", "IS_ERR_OR_NULL", (P,)), holds=False)
    assert sound.known(P) == Known(nonzero=True, error=False)


def test_merging_forgets_facts_and_keeps_what_was_asked() -> None:
    start = Path({"v": ONE}, {}, {}, {})
    (one,) = start.assuming(P, holds=True)
    joined = one.join(replace_asked(start.setting("v", ZERO), N))
    assert joined.known(P) == NOTHING
    assert N in joined.asked
    assert joined.variables["v"].kind == "any"


def test_merging_marks_what_was_not_decided_on_both() -> None:
    start = Path({}, {}, {}, {}).asking(P, NODE, holds=True)
    joined = start.asking(N, NODE, holds=True).join(start)
    assert [(one.term, one.partial) for one in joined.decisions] == [(P, False), (N, True)]
    assert [one.partial for one in start.join(start.asking(N, NODE, holds=True)).decisions] == [False, True]


def replace_asked(path: Path, term: Term) -> Path:
    return Path(path.variables, path.memory, path.facts, path.orders, asked=frozenset({term}))


@pytest.mark.parametrize(
    ("spelled", "type_"),
    [
        ("u32", "unsigned int"),
        ("__u64", "unsigned long long"),
        ("const int", "int"),
        ("long int", "long"),
        ("unsigned", "unsigned int"),
        ("unsigned long int", "unsigned long"),
        ("bool", "_Bool"),
        ("uint16_t", "unsigned short"),
        ("enum kind", ""),
        ("struct thing *", ""),
        ("thing_t", ""),
    ],
)
def test_integer_types(spelled: str, type_: str) -> None:
    assert canonical(spelled) == type_


def test_usual_conversions() -> None:
    assert common("unsigned char", "short") == "int"
    assert common("int", "unsigned int") == "unsigned int"
    assert common("unsigned int", "long") == "long"
    assert common("long", "unsigned long") == "unsigned long"
    assert common("int", "") == ""
    assert (largest("int"), largest("unsigned char"), width("long long")) == ((1 << 31) - 1, 255, 8)
    assert is_unsigned("char")
