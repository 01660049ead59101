"""The commands that tell what is checked, and why: `kfunclint rules` and `kfunclint explain RULE`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from kfunclint.cli import options, outputs
from kfunclint.cli.arguments import Arguments, UsageError, name_of
from kfunclint.cli.completable import Completable, declare
from kfunclint.pipeline.outcome import CLEAN
from kfunclint.report import markdown
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
    """Explain the rules that are named, all of a family, or all; gives the exit status. Raises as rules() does."""
    arguments = parser("explain").parse_args(argv)
    if not (arguments.rule or arguments.all):
        raise UsageError("which rule? Name one, or a family, or --all; kfunclint rules lists them")
    rules = options.available_rules(arguments)
    named = [rule for name in arguments.rule for rule in names.rules_named(rules, name)]
    chosen = list(dict.fromkeys(rules if arguments.all else named))
    if arguments.pages is not None:
        _write_pages(chosen, arguments.pages)
        return CLEAN
    sys.stdout.write("\n\n".join(map(explanation, chosen)))
    return CLEAN


def _write_pages(rules: Sequence[Rule[Any]], folder: Path) -> None:
    """A page of Markdown for each rule, and one that lists them."""
    for rule in rules:
        path = folder / f"{rule.id}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        outputs.write_file(path, page(rule))
    outputs.write_file(folder / "index.md", index(rules))


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
        nargs="*",
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
    else:
        parser.add_argument("--all", action="store_true", help="explain every rule")
        parser.add_argument(
            "--pages",
            metavar="FOLDER",
            type=Path,
            help="write a page of Markdown for each of them to FOLDER, and index.md, which lists them",
        )
    options.add_own(parser)
    options.add_config(parser)
    return parser


def page(rule: Rule[Any]) -> str:
    """The page of a rule in Markdown, where the page of a family's folder stands one level below the list."""
    facts = "\n".join(f"- {markdown.escaped(fact)}" for fact in _facts(rule))
    text = markdown.explanation(rule.doc)
    back = "[All rules](../index.md)"
    return f"# {rule.id}\n\n{markdown.escaped(rule.title)}.\n\n{facts}\n\n{text}\n{back}\n"


def index(rules: Iterable[Rule[Any]]) -> str:
    """The list of rules in Markdown, each with a link to its page."""
    rows = "".join(
        f"| [{rule.id}]({rule.id}.md) | {_level(rule)} | {markdown.escaped(rule.title)} |\n" for rule in rules
    )
    return f"# Rules\n\n| rule | level | about |\n|---|---|---|\n{rows}"


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
