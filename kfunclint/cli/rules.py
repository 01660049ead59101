"""The commands that tell what is checked, and why: `kfunclint rules` and `kfunclint explain RULE`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from kfunclint.cli import options
from kfunclint.cli.arguments import Arguments, name_of
from kfunclint.cli.completable import Completable, declare
from kfunclint.pipeline.outcome import CLEAN
from kfunclint.rule import names
from kfunclint.rule.rule import Rule


def rules(argv: Sequence[str]) -> int:
    """List the rules that are named, or all: id, level, title. Gives the exit status.

    Raises BadRule for a name that neither a rule nor a family has, BadRule and InputError for wrong settings.
    """
    arguments = parser("rules").parse_args(argv)
    available = options.available_rules(arguments)
    chosen = names.choose(available, only=arguments.rule, ignore=(), strict=True)
    sys.stdout.write(as_json(chosen) if arguments.format == "json" else listing(chosen))
    return CLEAN


def explain(argv: Sequence[str]) -> int:
    """Explain the rules that are named, or all of a family; gives the exit status. Raises as rules() does."""
    arguments = parser("explain").parse_args(argv)
    rules = options.available_rules(arguments)
    chosen = dict.fromkeys(rule for name in arguments.rule for rule in names.rules_named(rules, name))
    sys.stdout.write("\n\n".join(map(explanation, chosen)))
    return CLEAN


_FORMATS = ("terminal", "json")
COMMANDS = {"rules": rules, "explain": explain}


_ABOUT = {
    "rules": "List what is checked.",
    "explain": "Say what a rule is about: why it matters, since when, what is wrong and what right.",
}


def parser(command: str) -> argparse.ArgumentParser:
    """The arguments that one of the two takes."""
    parser = Arguments(prog=f"kfunclint {command}", description=_ABOUT[command])
    action = parser.add_argument(
        "rule",
        metavar="RULE",
        nargs="+" if command == "explain" else "*",
        help="the id of a rule, such as flags/ret-null-missing, or a family",
    )
    declare(action, Completable.RULE_OR_FAMILY)
    if command == "rules":
        parser.add_argument(
            "--format",
            metavar="FORMAT",
            type=name_of("format", _FORMATS),
            choices=_FORMATS,
            default="terminal",
            help="what to print: terminal, json (default: terminal)",
        )
    options.add_own(parser)
    options.add_config(parser)
    return parser


def listing(rules: Iterable[Rule[Any]]) -> str:
    """One line a rule, in columns."""
    rows = [(rule.id, _level(rule), rule.title) for rule in rules]
    widths = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
    return "".join(f"{id_:{widths[0]}}  {level:{widths[1]}}  {title}\n" for id_, level, title in rows)


def as_json(rules: Iterable[Rule[Any]]) -> str:
    """An array with an object a rule, for programs; what a rule does not have is null."""
    return json.dumps([_object(rule) for rule in rules], indent=2) + "\n"


def _object(rule: Rule[Any]) -> dict[str, Any]:
    return {
        "id": rule.id,
        "level": rule.level.value,
        "error_since": str(rule.error_since) if rule.error_since else None,
        "strict": rule.strict,
        "since": str(rule.since) if rule.since else None,
        "until": str(rule.until) if rule.until else None,
        "title": rule.title,
        "see": rule.see,
        "doc": rule.doc,
    }


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
