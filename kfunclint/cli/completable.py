"""What the values of options and arguments are, for those who complete them."""

from __future__ import annotations

import argparse
from enum import Enum


class Completable(Enum):
    """What may stand for an option's value, or for an argument; where nothing is said, the name of a file."""

    RULE = "the id of a rule"
    RULE_OR_FAMILY = "the id of a rule, or a family"
    RELEASE = "a kernel release"
    REPORT = "a format, an equals sign and a file"
    FREE = "nothing that can be listed"


def declare(action: argparse.Action, values: Completable) -> None:
    """Say what the values of an option or argument are."""
    vars(action)["complete"] = values


def declared(action: argparse.Action) -> Completable | None:
    """What declare() said of it, None where it said nothing."""
    values: Completable | None = vars(action).get("complete")
    return values
