"""What the commands share: the options about rules, exit statuses, and how trouble is told."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kfunclint.finding import Level

if TYPE_CHECKING:
    from kfunclint.review import Review
    from kfunclint.rule import Rule

CLEAN, FINDINGS, TROUBLE = 0, 1, 2


def add_rules(parser: argparse.ArgumentParser) -> None:
    """The options that choose rules, and the level that counts."""
    add = parser.add_argument
    add("--only", metavar="RULE", action="append", default=[], help="run only this family or rule (repeatable)")
    add("--ignore", metavar="RULE", action="append", default=[], help="leave out this family or rule (repeatable)")
    add("--strict", action="store_true", help="run the rules too that are not free of false alarms yet")
    add("--rules", metavar="DIR", action="append", default=[], type=Path, help="more rules of your own (repeatable)")
    add(
        "--fail-on",
        choices=[level.value for level in Level],
        default=Level.WARNING.value,
        help="exit with 1 from this level on (default: warning)",
    )


def add_deep(parser: argparse.ArgumentParser) -> None:
    """The option that asks for real types."""
    parser.add_argument(
        "--deep",
        action="store_true",
        help="read the types of all kfuncs from the headers of the tree (default: only where a rule must know)",
    )


def rules(arguments: argparse.Namespace) -> tuple[Rule[Any], ...]:
    """The rules that the options choose. Raises rule.BadRule."""
    from kfunclint import rule  # what lists kfuncs needs none

    more = [found for folder in arguments.rules for found in rule.load(folder, "kfunclint_rules")]
    return rule.chosen((*rule.shipped(), *more), only=arguments.only, ignore=arguments.ignore, strict=arguments.strict)


def say(text: str) -> None:
    """Tell of trouble, in one line on standard error."""
    sys.stderr.write(f"kfunclint: {text}\n")


def say_trouble(review: Review) -> None:
    """Tell which mails could not be read and which rules failed."""
    for refusal in review.refused:
        say(str(refusal))
    for name, text in review.failures.items():
        last = text.strip().rpartition("\n")[2]
        say(f"{name}: the rule failed: {last}")


def status(reviews: Iterable[Review], arguments: argparse.Namespace, trouble: bool = False) -> int:
    """The exit status: trouble goes before findings at or above --fail-on."""
    fail_on = Level(arguments.fail_on)
    found = TROUBLE if trouble else CLEAN
    for review in reviews:
        if review.refused or review.failures:
            found = TROUBLE
        elif found == CLEAN and any(finding.level.rank >= fail_on.rank for finding in review.findings):
            found = FINDINGS
    return found


def colour(output: Path | None) -> bool:
    """May a report be coloured? Only on a terminal whose user did not set NO_COLOR."""
    return output is None and sys.stdout.isatty() and "NO_COLOR" not in os.environ


def write(text: str, output: Path | None) -> None:
    """Print a report, or write it to a file."""
    if output is not None:
        output.write_text(text, encoding="utf-8")
    else:
        sys.stdout.buffer.write(text.encode("utf-8", "replace"))
