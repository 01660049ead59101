"""Rules by the names that people give: ids and families."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kfunclint.errors import hint
from kfunclint.rule.rule import BadRule, Rule


def choose(
    rules: Iterable[Rule[Any]], *, only: Iterable[str], ignore: Iterable[str], strict: bool
) -> tuple[Rule[Any], ...]:
    """The rules to run; `only` and `ignore` hold families or ids. Raises BadRule for a name that nothing has."""
    rules, only, ignore = tuple(rules), tuple(only), tuple(ignore)
    for name in (*only, *ignore):
        if reason := objection(rules, name):
            raise BadRule(f"{name}: {reason}")
    return tuple(
        rule
        for rule in rules
        if (strict or not rule.strict)
        and (not only or any(covers(name, rule.id) for name in only))
        and not any(covers(name, rule.id) for name in ignore)
    )


def rules_named(rules: Iterable[Rule[Any]], name: str) -> tuple[Rule[Any], ...]:
    """The rule of that id, or those of that family. Raises BadRule, with what is most like it, where there is none."""
    rules = tuple(rules)
    if reason := objection(rules, name):
        raise BadRule(f"{name}: {reason}")
    return tuple(rule for rule in rules if covers(name, rule.id))


def covers(name: str, id_: str) -> bool:
    """Is a name the id of that rule, or a family that it is in?"""
    return id_ == name or id_.startswith(name + "/")


def objection(rules: Iterable[Rule[Any]], name: str) -> str:
    """What is wrong with a name that neither a rule nor a family has, and which is most like it; "" otherwise."""
    ids = [rule.id for rule in rules]
    if any(covers(name, id_) for id_ in ids):
        return ""
    families = {family: family for family in (id_.partition("/")[0] for id_ in ids)}
    return f"no such rule or family{hint(name, families | _spellings(ids))}"


def _spellings(ids: Iterable[str]) -> dict[str, str]:
    """The ids by what people write for them: all of it, or the last part."""
    spellings = {id_: id_ for id_ in ids}
    return spellings | {id_.partition("/")[2]: id_ for id_ in spellings}
