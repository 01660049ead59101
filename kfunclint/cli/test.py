"""The command `kfunclint test DIR`: holds the rules of a folder against their fixtures."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kfunclint import progress, resources
from kfunclint.clang import Parser
from kfunclint.cli import options
from kfunclint.cli.arguments import Arguments
from kfunclint.errors import InputError
from kfunclint.fixture.suite import Complaint, Suite, fixture_folder
from kfunclint.pipeline.outcome import CLEAN, FINDINGS, TROUBLE
from kfunclint.progress import Step
from kfunclint.rule import functions, loader, names
from kfunclint.rule.rule import Rule
from kfunclint.text import pluralize


def run(argv: Sequence[str], running: Parser | None = None) -> int:
    """Run the command with what stands behind `test`; gives its exit status. `running` is a parser that runs already.

    Raises BadRule for a rule that cannot be used and a name that none has, InputError for a folder without fixtures.
    """
    arguments = parser().parse_args(argv)
    rules = names.choose(_rules(arguments.folder), only=arguments.rule, ignore=(), strict=True)
    fixtures = arguments.fixtures or fixture_folder(arguments.folder)
    if not fixtures.is_dir():
        raise InputError(str(fixtures), None, "no such folder; fixtures are there, or in fixtures/ beside the rules")
    suite = Suite(rules, fixtures, functions.load(arguments.folder))
    paths = [path for path in suite.paths if not arguments.rule or suite.rule_id(path) in suite.rules]
    trouble, count = False, 0
    with running or Parser() as worker, progress.shown() as step:
        for outcome in _outcomes(suite, paths, worker, step):
            if isinstance(outcome, InputError):
                trouble = True
                options.say(str(outcome))
            else:
                count += 1
                sys.stdout.write(f"{outcome}\n")
    wrong = pluralize(count, "complaint") if count else "all as marked"
    sys.stdout.write(f"{pluralize(len(rules), 'rule')}, {pluralize(len(paths), 'fixture')}: {wrong}\n")
    return TROUBLE if trouble else FINDINGS if count else CLEAN


def _outcomes(suite: Suite, paths: Sequence[Path], worker: Parser, step: Step) -> Iterator[Complaint | InputError]:
    """Every complaint, and every fixture that cannot be reviewed."""
    damaged = set()
    for path in paths:
        step(str(path))
        try:
            yield from suite.unmet(path, worker)
        except InputError as refusal:
            damaged.add(suite.rule_id(path))
            yield refusal
    for rule in suite.rules.values():
        if rule.id not in damaged:
            yield from suite.lacking(rule)


def _rules(folder: Path) -> tuple[Rule[Any], ...]:
    """The rules of a folder. Raises BadRule, also for an id of a shipped rule, and InputError where none is."""
    rules = loader.load(folder, "kfunclint_rules")
    if not rules:
        raise InputError(str(folder), None, "no rules in it: they are FAMILY/NAME.py and rows of tables/guards.toml")
    if folder.resolve() != resources.folder("rules").resolve():
        loader.together(loader.shipped(), rules)
    return rules


def parser() -> argparse.ArgumentParser:
    """The arguments that the command takes."""
    parser = Arguments(
        prog="kfunclint test",
        description="Hold the rules of a folder against their fixtures: patches that say in # lines what must be found "
        "in them, FAMILY/NAME.patch for a rule FAMILY/NAME. Every rule needs a line that it finds (# want FAMILY/NAME) "
        "and one that it does not (# ok FAMILY/NAME).",
        epilog="Exit status: 0 all is as marked, 1 something is not, 2 a rule or a fixture cannot be used.",
    )
    add = parser.add_argument
    add("folder", metavar="DIR", type=Path, help="the folder of rules, as for --rules")
    add("rule", metavar="RULE", nargs="*", help="only these families or rules")
    add(
        "--fixtures",
        metavar="DIR",
        type=Path,
        help="where the fixtures are (default: DIR/fixtures, or else fixtures beside DIR)",
    )
    return parser
