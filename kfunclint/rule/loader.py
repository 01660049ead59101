"""Finds the rules below a folder, and refuses what is wrong with one in a line that says where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from kfunclint import resources, toml
from kfunclint.errors import InputError
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Level
from kfunclint.rule.guard import BadRow, Guard, parsed
from kfunclint.rule.rule import TITLE_LENGTH, BadRule, Rule, optional_release
from kfunclint.text import visible
from kfunclint.value import replace

NO_FAMILIES = ("fixtures", "tables")
"""Folders beside the families, of which no Python is a rule."""
_EXAMPLES = ("Bad", "Good")


@cache
def shipped() -> tuple[Rule[Any], ...]:
    """The rules that come with kfunclint, by id."""
    return load(resources.folder("rules"), "kfunclint.rules")


def load(folder: Path, prefix: str, *, python: bool = True) -> tuple[Rule[Any], ...]:
    """Every rule below a folder, ordered by id.

    One a file, "flags/ret-null-missing" for flags/ret_null_missing.py, and one a row of tables/guards.toml; without
    `python`, which runs what it loads, only the rows.

    Raises BadRule, naming the file and, where there is one, the line.
    """
    if not folder.is_dir():
        raise BadRule(f"{folder}: no such folder")
    files = [_file_rule(folder, path, prefix) for path in _rule_files(folder)] if python else []
    return together(sorted((*files, *_guards(folder)), key=lambda rule: rule.id))


def together(*groups: Iterable[Rule[Any]]) -> tuple[Rule[Any], ...]:
    """The rules of several folders, in this order. Raises BadRule for an id that two of them have, naming both."""
    rules: dict[str, Rule[Any]] = {}
    for rule in (rule for group in groups for rule in group):
        if rule.id in rules:
            raise BadRule(f"{rule.source}: a rule {rule.id} is there already: {rules[rule.id].source}")
        rules[rule.id] = rule
    return tuple(rules.values())


def _rule_files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*.py")) if path.relative_to(folder).parts[0] not in NO_FAMILIES)


def _file_rule(folder: Path, path: Path, prefix: str) -> Rule[Any]:
    parts = path.relative_to(folder).with_suffix("").parts
    if len(parts) == 1:
        raise BadRule(f"{path}: a rule stands in the folder of its family, such as {folder / 'own' / path.name}")
    try:
        values = vars(resources.module(path, ".".join((prefix, *parts)))).values()
    except (Exception, SystemExit) as error:  # whatever a stranger's file may raise
        raise BadRule(_failure(path, error)) from error
    rules = [value for value in values if isinstance(value, Rule)]
    if len(rules) != 1:
        lines = "".join(f", line {_line(rule)}" for rule in rules)
        raise BadRule(f"{path}: a rule file holds one rule, found {len(rules)}{lines}")
    source = f"{path}:{_line(rules[0])}"
    return _valid_rule(replace(rules[0], id="/".join(parts).replace("_", "-"), source=source))


def _line(rule: Rule[Any]) -> int:
    """The 1-based line where the function of a rule begins, with its decorator."""
    return getattr(getattr(rule.check, "__code__", None), "co_firstlineno", 1)


def _failure(path: Path, error: BaseException) -> str:
    """What went wrong in a file, in one line; with the line of the file that led to it, if one did."""
    import traceback  # costs the start a millisecond, and rules do not fail

    lines = [
        number for frame, number in traceback.walk_tb(error.__traceback__) if _is_path(frame.f_code.co_filename, path)
    ]
    line = lines[-1] if lines else None
    if isinstance(error, SyntaxError) and error.filename and _is_path(error.filename, path):
        line = error.lineno
    words = error.msg if isinstance(error, SyntaxError) else str(error)
    reason = words if isinstance(error, BadRule) else f"{type(error).__name__}: {words}".removesuffix(": ")
    return f"{path}{f':{line}' if line else ''}: {visible(reason.partition(chr(10))[0])}"


def _is_path(name: str, path: Path) -> bool:
    return Path(name) == path or Path(name) == path.absolute()


def _guards(folder: Path) -> Iterator[Rule[Kfunc]]:
    path = folder / "tables" / "guards.toml"
    if not path.is_file():
        return
    try:
        rows = toml.read(path)
    except InputError as error:
        raise BadRule(str(error)) from error
    for name, row in rows.values.items():
        line = rows.line(name)
        try:
            rule = _guard_rule(_guard_id(name), parsed(row), f"{path}:{line}" if line else str(path))
        except (BadRow, ValueError) as error:
            raise BadRule(f"{rows.refusal((name,), str(error))}") from error
        yield _valid_rule(rule)


def _guard_id(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", name):
        raise BadRow(f"{name!r} is not a name such as foo-disabled-unchecked")
    return f"guards/{name}"


def _guard_rule(name: str, row: Guard, source: str) -> Rule[Kfunc]:
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
        source=source,
    )


def _valid_rule(rule: Rule[Any]) -> Rule[Any]:
    """The rule, if it can be run and explained. Raises BadRule."""
    if objection := next(_objections(rule), None):
        raise BadRule(f"{rule.source}: {objection}")
    return rule


def _objections(rule: Rule[Any]) -> Iterator[str]:
    """What is wrong with a rule, the worst first."""
    if not hasattr(rule.over, "extent"):
        yield f"{rule.over!r} is no type of fact; those are in kfunclint/facts/"
    if not isinstance(rule.level, Level):
        yield f"the level is {rule.level!r}, not Level.CHECK, Level.WARNING or Level.ERROR"
    if not rule.doc:
        yield "the rule has no docstring"
    if len(rule.title) > TITLE_LENGTH:
        yield f"the title has {len(rule.title)} characters, more than {TITLE_LENGTH}"
    for example in _EXAMPLES:
        if f"\n{example}:\n    " not in rule.doc:
            yield f'the docstring lacks "{example}:" and an indented example below it'
    if not rule.see:
        yield "see names no source of the kernel"
