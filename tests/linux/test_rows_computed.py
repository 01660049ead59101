"""Every row of functions.toml against what its function does in each tree, as far as that can be computed: the function
is followed as a kfunc is, and what it does that harms whoever calls it must stand in its row."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from kfunclint.c.syntax import is_pointer
from kfunclint.clang import Parser
from kfunclint.flow.account import Account, Outcome
from kfunclint.flow.accounts import Accounts
from kfunclint.flow.behaviour import Behaviour, spelled_out
from kfunclint.flow.budget import Purse
from kfunclint.flow.questions import outcomes
from kfunclint.flow.summary import summarised
from kfunclint.flow.terms import Term, base_pointer
from kfunclint.index import index
from kfunclint.kernel.release import Release
from kfunclint.resources import table
from kfunclint.rule.functions import behaviours_of
from kfunclint.tree.tree import open_tree

TREES = Path(os.environ["KFUNCLINT_TREES"])
ROWS = table("functions")
COMPUTED = {"6.1": 300, "6.12": 300, "7.3": 300}  # at least
# schedule(): preempt_disable() in front of a loop that ends behind sched_preempt_enable_no_resched()
DIFFERENT = {"6.1": {}, "6.12": {"schedule": ["leaves a lock held"]}, "7.3": {"schedule": ["leaves a lock held"]}}


@cache
def wanted() -> dict[str, set[str]]:
    """The functions of rows, by the files that their sources name."""
    names: dict[str, set[str]] = {}
    for row, keys in ROWS.items():
        for path in re.findall(r"[\w./-]+\.[ch]\b", keys["source"]):
            names.setdefault(path, set()).update(name for name in spelled_out(row) if name.isidentifier())
    return names


def accounts(release: str, parser: Parser) -> Iterator[tuple[str, str, Account]]:
    """Those of functions with a row, each with its file and name; an allocator is made by a macro around another."""
    tree, behaviours = open_tree(TREES / f"linux-source-{release}"), behaviours_of(Release.parse(release))
    for path, names in wanted().items():
        source = index.source_of(tree, path)
        real = {real: name for name in names for real in (name, f"{name}_noprof")}
        unit = parser.parse(source, names=set(real)) if source is not None else None
        functions = {one.name: one for one in unit.functions if one.complete} if unit is not None else {}
        for one in sorted(functions.keys() & real.keys()):
            account = Accounts(functions, behaviours, Purse()).of(one, functions[one].body)
            if account is not None:
                yield path, real[one], account


def disagreements(path: str, account: Account, row: Behaviour) -> Iterator[str]:
    """What a function does that its row does not tell, and the NULL that it never gives."""
    known, ends = summarised(account, path), tuple(outcomes(account))
    if known.null and not row.null and row.hands_on is None:
        yield "may give NULL"
    if known.error and not row.error and is_pointer(account.function.returns):
        yield "may give an error pointer"
    if row.null and all(one.value is not None and one.path.known(one.value).is_nonzero for one in ends):
        yield "never gives NULL"
    if known.always and not row.sleeps:
        yield "sleeps"
    yield from (f"reads through argument {at}" for at in known.reads if at not in row.reads)
    yield from (f"shifts by argument {at}" for at in known.shifts if at not in row.shifts)
    if known.index is not None and known.index != row.index:
        yield f"picks an element by argument {known.index}"
    number = {one.name: at for at, one in enumerate(account.function.parameters)}
    gone = {number[term.text] for one in ends for term in given_back(one) if term.text in number}
    yield from (f"gives back argument {at}" for at in gone if at not in (*row.frees, *row.puts))
    if ends and all(one.path.deeds.held for one in ends) and not row.lock:
        yield "leaves a lock held"


def given_back(outcome: Outcome) -> Iterator[Term]:
    """The parameters that are freed, or of which a reference is given back that was not taken before."""
    taken: set[Term] = set()
    for made in outcome.path.deeds.made:
        if made.row.takes is not None and made.row.takes < len(made.given):
            taken.add(base_pointer(made.given[made.row.takes]))
        for at in (*made.row.frees, *made.row.puts):
            term = base_pointer(made.given[at]) if at < len(made.given) else None
            if term is not None and term.kind == "param" and term not in taken:
                yield term


@pytest.mark.parametrize("release", COMPUTED)
def test_rows_agree_with_what_is_computed(release: str, parser: Parser) -> None:
    if release == "7.3" and not (TREES / "linux-source-7.3").is_dir():
        pytest.skip("no such tree")
    rows = behaviours_of(Release.parse(release)).rows
    computed, wrong = 0, dict[str, list[str]]()
    for path, name, account in accounts(release, parser):
        row = rows.get(name)
        if row is None:
            continue
        computed += 1
        if found := list(disagreements(path, account, row)):
            wrong[name] = found
    assert wrong == DIFFERENT[release]
    assert computed > COMPUTED[release]
