"""How the commands take their arguments: wrong use is one line that names what is meant."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NoReturn

from kfunclint.errors import hint


class UsageError(ValueError):
    """Arguments that mean nothing; the message is one line."""


class Arguments(argparse.ArgumentParser):
    """A parser that raises UsageError where argparse prints its usage, which is longer than what is wrong."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{self._plain(message)}; try {self.prog} --help")

    def _plain(self, message: str) -> str:
        what, _, names = message.partition(": ")
        if what == "unrecognized arguments":
            name = names.split()[0].partition("=")[0]
            options = {option: option for action in self._actions for option in action.option_strings}
            return f"{name}: no such option{hint(name, options)}"
        if what == "the following arguments are required":
            optional = {str(action.metavar or action.dest) for action in self._actions if action.nargs in ("*", "?")}
            return f"{what}: {', '.join(name for name in names.split(', ') if name not in optional)}"
        return message


class Once(argparse.Action):
    """Takes a value, or its constant, and refuses a second one; `given` of the namespace has what was set."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        given: frozenset[str] = getattr(namespace, "given", frozenset())
        if self.dest in given:
            parser.error(f"{option_string}: is given twice, or beside another that says the same")
        namespace.given = given | {self.dest}
        setattr(namespace, self.dest, self.const if self.nargs == 0 else values)


def name_of(what: str, names: Iterable[str]) -> Callable[[str], str]:
    """What takes one of some names, for add_argument(type=...): a wrong one is told with that which is most like it."""
    accepted = {name: name for name in names}

    def taken(text: str) -> str:
        if text not in accepted:
            raise argparse.ArgumentTypeError(f"{text}: no such {what}{hint(text, accepted)}")
        return text

    taken.__name__ = what  # argparse speaks of it
    return taken


def advice(name: str, commands: Iterable[str]) -> str | None:
    """What somebody who names this input is likely to want, as the one line to say; None for what may be an input.

    `commands` are the words that are commands when they stand first.
    """
    if name == "-" or Path(name).exists():
        is_source = Path(name).suffix in (".c", ".h") and Path(name).is_file()
        return (
            f"{name}: a source file, no patch; kfunclint tree DIR PATH reviews one in a kernel tree"
            if is_source
            else None
        )
    if re.match(r"https?://", name):
        return f"{name}: an address; b4 am -o- {name} | kfunclint - reviews what is there"
    if re.fullmatch(r"<?[^\s@/<>]+@[\w.-]+>?", name, re.ASCII):
        return f"{name}: no such file; b4 am -o- {name.strip('<>')} | kfunclint - reviews the mail with that Message-ID"
    if ".." in name and "/../" not in f"/{name}/":
        return f"{name}: no such file; --git {name} reviews commits"
    nearest = "" if re.search(r"[./]", name) else hint(name, {command: f"kfunclint {command}" for command in commands})
    return f"{name}: no such file or command{nearest}" if nearest else None
