"""The contract in rules/README.md: which numbers have rules is written from the rules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import ROOT
from test_project import RULES_MAY_IMPORT

from kfunclint.rule import loader
from kfunclint.rule.rule import Rule

README = ROOT / "rules" / "README.md"
START, END = "<!-- written by pytest --rewrite-golden tests/rule/test_contract.py -->\n", "<!-- end -->\n"


def place(number: str) -> tuple[bool, str, int]:
    """Where a number stands in the table: letters in order, then sections such as "4.2 __sz"."""
    letter, digits = number[0], number[1:]
    return (False, letter, int(digits)) if digits.isdecimal() else (True, number, 0)


def limits(rule: Rule[Any]) -> Iterator[str]:
    """What the rule does not hold for."""
    if rule.strict:
        yield "strict"
    since, until = rule.releases
    if since:
        yield f"since {since}"
    if until:
        yield f"up to {until}"


def row(rule: Rule[Any]) -> str:
    title = rule.title.replace("|", "\\|")
    return f"| {', '.join(rule.contract)} | `{rule.id}` | {'; '.join((title, *limits(rule)))} |\n"


def table() -> str:
    """A row for each rule of the contract, in the order of its first number."""
    rules = [rule for rule in loader.shipped() if rule.contract]
    rules.sort(key=lambda rule: ([place(number) for number in rule.contract], rule.id))
    return f"\n| contract | rule | what it finds |\n|---|---|---|\n{''.join(map(row, rules))}\n"


def test_the_table_is_that_of_the_rules(request: pytest.FixtureRequest) -> None:
    text = README.read_text()
    before, _, rest = text.partition(START)
    _, end, after = rest.partition(END)
    assert end
    right = f"{before}{START}{table()}{END}{after}"
    if request.config.getoption("--rewrite-golden"):
        README.write_text(right)
    else:
        assert text == right, "rules/README.md is old: run pytest --rewrite-golden tests/rule/test_contract.py"


def test_what_is_named_there_is_there() -> None:
    text = README.read_text()
    ids = {rule.id for rule in loader.shipped()}
    families = {id_.partition("/")[0] for id_ in ids}
    named = set(re.findall(r"`([a-z]+/[a-z0-9-]+)`", text))
    assert {id_ for id_ in named if id_.partition("/")[0] in families} <= ids
    assert all(f"`{module}`" in text for module in RULES_MAY_IMPORT)
