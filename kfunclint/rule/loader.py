"""Finds the rules below a folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from kfunclint import resources, toml
from kfunclint.errors import InputError
from kfunclint.facts.kfunc import Kfunc
from kfunclint.rule.guard import BadRow, Guard, parsed
from kfunclint.rule.rule import TITLE_LENGTH, BadRule, Rule, T, optional_release


@cache
def shipped() -> tuple[Rule[Any], ...]:
    """The rules that come with kfunclint, by id."""
    return load(resources.folder("rules"), "kfunclint.rules")


def load(folder: Path, prefix: str, *, python: bool = True) -> tuple[Rule[Any], ...]:
    """Every rule below a folder, ordered by id.

    One a file, "flags/ret-null-missing" for flags/ret_null_missing.py, and one a row of tables/guards.toml; without
    `python`, which runs what it loads, only the rows.

    Raises BadRule, naming the file.
    """
    modules = resources.modules(folder, prefix) if python else ()
    found = [_only_rule(name, module) for name, module in modules]
    return tuple(sorted((*found, *_guards(folder)), key=lambda one: one.id))


def _guards(folder: Path) -> Iterator[Rule[Kfunc]]:
    path = folder / "tables" / "guards.toml"
    if not path.is_file():
        return
    try:
        rows = toml.read(path)
    except InputError as error:
        raise BadRule(str(error)) from error
    for name, row in rows.values.items():
        try:
            yield _checked(_of_guard(_guard_id(name), parsed(row)))
        except (BadRow, ValueError) as error:
            raise BadRule(f"{rows.refusal((name,), str(error))}") from error


def _guard_id(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", name):
        raise BadRow(f"{name!r} is not a name such as foo-disabled-unchecked")
    return f"guards/{name}"


def _of_guard(name: str, row: Guard) -> Rule[Kfunc]:
    return Rule(
        id=name,
        over=Kfunc,
        level=row.level,
        check=row.check,
        see=row.see,
        contract=row.contract,
        doc=row.doc,
        strict=row.strict,
        needs_body=True,
        since=optional_release(row.since),
        until=optional_release(row.until),
    )


def _only_rule(name: str, module: ModuleType) -> Rule[Any]:
    rules = [value for value in vars(module).values() if isinstance(value, Rule)]
    if len(rules) != 1:
        raise BadRule(f"{name}: a rule file holds exactly one rule, found {len(rules)}")
    return _checked(replace(rules[0], id=name))


def _checked(found: Rule[T]) -> Rule[T]:
    if not found.doc:
        raise BadRule(f"{found.id}: the rule has no docstring")
    if len(found.title) > TITLE_LENGTH:
        raise BadRule(f"{found.id}: the title is longer than {TITLE_LENGTH} characters")
    return found
