"""Which bracket closes which."""

from __future__ import annotations

import pytest

from kfunclint.c import lexer
from kfunclint.c.brackets import LONGEST, Brackets, arguments


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("f(a[1], { b })", {"()", "[]", "{}"}),
        ("f(a[1)", {"()"}),
        ("f(a])", {"()"}),
        ("a] b) c}", set()),
        ("f(a[1; ] )", {"()", "[]"}),
        ("f(a {\n}\ng()", {"{}", "()"}),
        ("if (a {\n\tb[0];\n\t}\n)", {"()", "{}", "[]"}),
        ("\"(\" ')' /* ( */", set()),
    ],
)
def test_pairs(text: str, pairs: set[str]) -> None:
    tokens = lexer.code(text)
    brackets = Brackets(tokens)
    assert {tokens[begin].text + tokens[end].text for begin, end in brackets.closing.items()} == pairs
    assert brackets.opening == {end: begin for begin, end in brackets.closing.items()}


def test_a_brace_that_begins_a_line_ends_what_is_open() -> None:
    tokens = lexer.code("f(a\n{\n)\n}\n")
    assert {tokens[begin].text for begin in Brackets(tokens).closing} == {"{"}


def words(text: str, opening: int = 1) -> list[str] | None:
    found = arguments(lexer.code(text), opening)
    return None if found is None else [" ".join(token.text for token in part) for part in found]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("f()", [""]),
        ("f(a, b)", ["a", "b"]),
        ("f(a, g(b, c), {d, e}, h[i, j])", ["a", "g ( b , c )", "{ d , e }", "h [ i , j ]"]),
        ("f(,)", ["", ""]),
        ("f(a, b", None),
        ("f g", None),
    ],
)
def test_arguments(text: str, parts: list[str] | None) -> None:
    assert words(text) == parts


def test_a_call_may_be_long_but_not_endless() -> None:
    fits = "a," * ((LONGEST - 2) // 2)
    assert words(f"f({fits[:-1]})") is not None
    assert words(f"f({fits}{fits})") is None
    assert Brackets(lexer.code(f"f({fits}{fits})")).arguments(1) is None
