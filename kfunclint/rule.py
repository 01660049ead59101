"""What a rule is, and how rules are found."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar

from kfunclint import guard, resources, toml
from kfunclint.errors import Unreviewable, hint
from kfunclint.facts.facts import Fact
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Level, Remark
from kfunclint.kernel import Kernel, Release

T = TypeVar("T", bound=Fact)
Check = Callable[[T, Kernel], Iterator[Remark]]
TITLE_LENGTH = 72


class BadRule(ValueError):
    """A rule file that cannot be used; the message names it and says why in one line."""


@dataclass(frozen=True)
class Rule(Generic[T]):
    """A check over one type of fact.

    `since` and `until` bound the releases for which it holds (both inclusive), `error_since` is the release from which
    on a finding is an error whatever `level` says; `needs_body` rules see only kfuncs whose whole body is known; `doc`
    explains it in the form of a rule's docstring; `contract` and `see` name the facts behind it: numbers of the kfunc
    contract, and the kernel's source.
    """

    id: str
    over: type[T]
    level: Level
    check: Check[T]
    see: str
    contract: tuple[str, ...]
    doc: str
    strict: bool = False
    needs_body: bool = False
    since: Release | None = None
    until: Release | None = None
    error_since: Release | None = None

    @property
    def title(self) -> str:
        """The first line of the docstring, without the full stop."""
        return self.doc.partition("\n")[0].rstrip(".")

    def level_for(self, kernel: Kernel) -> Level:
        if self.error_since is not None and kernel.release >= self.error_since:
            return Level.ERROR
        return self.level

    def holds_for(self, kernel: Kernel) -> bool:
        return (self.since is None or self.since <= kernel.release) and (
            self.until is None or kernel.release <= self.until
        )


def rule(
    over: type[T],
    level: Level,
    *,
    see: str,
    contract: tuple[str, ...] = (),
    strict: bool = False,
    needs_body: bool = False,
    since: str | None = None,
    until: str | None = None,
    error_since: str | None = None,
) -> Callable[[Check[T]], Rule[T]]:
    """Make a rule of a generator over facts of type `over`; releases are written "6.12"."""

    def make(check: Check[T]) -> Rule[T]:
        return Rule(
            id="",
            over=over,
            level=level,
            check=check,
            see=see,
            contract=contract,
            doc=inspect.getdoc(check) or "",
            strict=strict,
            needs_body=needs_body,
            since=_release(since),
            until=_release(until),
            error_since=_release(error_since),
        )

    return make


def _release(text: str | None) -> Release | None:
    return None if text is None else Release.parse(text)


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
    except Unreviewable as error:
        raise BadRule(str(error)) from error
    for name, row in rows.values.items():
        try:
            yield _checked(_of_guard(_guard_id(name), guard.parsed(row)))
        except (guard.BadRow, ValueError) as error:
            raise BadRule(f"{rows.refusal((name,), str(error))}") from error


def _guard_id(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", name):
        raise guard.BadRow(f"{name!r} is not a name such as foo-disabled-unchecked")
    return f"guards/{name}"


def _of_guard(name: str, row: guard.Guard) -> Rule[Kfunc]:
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
        since=_release(row.since),
        until=_release(row.until),
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


def chosen(
    rules: Iterable[Rule[Any]], *, only: Iterable[str], ignore: Iterable[str], strict: bool
) -> tuple[Rule[Any], ...]:
    """The rules to run; `only` and `ignore` hold families or ids. Raises BadRule for a name that nothing has."""
    rules, only, ignore = tuple(rules), tuple(only), tuple(ignore)
    for name in (*only, *ignore):
        if reason := objection(rules, name):
            raise BadRule(f"{name}: {reason}")
    return tuple(
        found
        for found in rules
        if (strict or not found.strict)
        and (not only or any(covers(name, found.id) for name in only))
        and not any(covers(name, found.id) for name in ignore)
    )


def named(rules: Iterable[Rule[Any]], name: str) -> Rule[Any]:
    """The rule of that id. Raises BadRule, with the id that is most like it, where there is none."""
    rules = tuple(rules)
    for found in rules:
        if found.id == name:
            return found
    raise BadRule(f"{name}: no such rule{hint(name, _written(found.id for found in rules))}")


def covers(name: str, id_: str) -> bool:
    """Is a name the id of that rule, or a family that it is in?"""
    return id_ == name or id_.startswith(name + "/")


def objection(rules: Iterable[Rule[Any]], name: str) -> str:
    """What is wrong with a name that neither a rule nor a family has, and which is most like it; "" otherwise."""
    ids = [found.id for found in rules]
    if any(covers(name, id_) for id_ in ids):
        return ""
    families = {family: family for family in (id_.partition("/")[0] for id_ in ids)}
    return f"no such rule or family{hint(name, families | _written(ids))}"


def _written(ids: Iterable[str]) -> dict[str, str]:
    """The ids by what people write for them: all of it, or the last part."""
    found = {id_: id_ for id_ in ids}
    return found | {id_.partition("/")[2]: id_ for id_ in found}
