"""The commands that tell what is checked, and why: `kfunclint rules` and `kfunclint explain RULE`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from kfunclint.cli import options
from kfunclint.cli.completable import Completable, declare
from kfunclint.pipeline.outcome import CLEAN
from kfunclint.rule import names
from kfunclint.rule.rule import Rule


def rules(argv: Sequence[str]) -> int:
    """List the rules: id, level, title. Gives the exit status. Raises BadRule and InputError for wrong settings."""
    sys.stdout.write(listing(options.available_rules(parser("rules").parse_args(argv))))
    return CLEAN


def explain(argv: Sequence[str]) -> int:
    """Explain the rules that are named; gives the exit status.

    Raises BadRule for a name that no rule has, and as rules() does.
    """
    arguments = parser("explain").parse_args(argv)
    rules = options.available_rules(arguments)
    sys.stdout.write("\n\n".join(explanation(names.rule_named(rules, name)) for name in arguments.rule))
    return CLEAN


COMMANDS = {"rules": rules, "explain": explain}


_ABOUT = {
    "rules": "List what is checked.",
    "explain": "Say what a rule is about: why it matters, since when, what is wrong and what right.",
}


def parser(command: str) -> argparse.ArgumentParser:
    """The arguments that one of the two takes."""
    parser = argparse.ArgumentParser(prog=f"kfunclint {command}", description=_ABOUT[command])
    if command == "explain":
        action = parser.add_argument(
            "rule", metavar="RULE", nargs="+", help="the id of a rule, such as flags/ret-null-missing"
        )
        declare(action, Completable.RULE)
    options.add_own(parser)
    options.add_config(parser)
    return parser


def listing(rules: Iterable[Rule[Any]]) -> str:
    """One line a rule, in columns."""
    rows = [(rule.id, _level(rule), rule.title) for rule in rules]
    widths = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
    return "".join(f"{id_:{widths[0]}}  {level:{widths[1]}}  {title}\n" for id_, level, title in rows)


def explanation(rule: Rule[Any]) -> str:
    """All that a rule says of itself, as a page of text."""
    return "\n".join((rule.id, *(f"  {line}" for line in _facts(rule)), "", rule.doc)) + "\n"


def _level(rule: Rule[Any]) -> str:
    later = f", error since {rule.error_since}" if rule.error_since else ""
    return f"{rule.level}{later}{', strict' if rule.strict else ''}"


def _facts(rule: Rule[Any]) -> Iterator[str]:
    yield f"level: {_level(rule)}{' (runs with --strict only)' if rule.strict else ''}"
    if any(rule.releases):
        bounds = zip(("from", "up to"), rule.releases, strict=True)
        yield f"kernels: {' '.join(f'{word} {release}' for word, release in bounds if release)}"
    if rule.contract:
        yield f"contract: {', '.join(rule.contract)} (rules/README.md)"
    yield f"kernel source: {rule.see}"
