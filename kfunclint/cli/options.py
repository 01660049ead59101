"""What the commands share: the options about rules, exit statuses, and how trouble is told."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kfunclint.cli import outputs
from kfunclint.cli.arguments import Once, UsageError, name_of
from kfunclint.cli.completable import Completable, declare
from kfunclint.finding import Level
from kfunclint.pipeline.outcome import Note, NoteKind
from kfunclint.text import visible
from kfunclint.value import replace

if TYPE_CHECKING:
    from kfunclint.checker.result import Review
    from kfunclint.rule.rule import Rule
    from kfunclint.settings.files import Values
    from kfunclint.settings.merged import Settings
    from kfunclint.settings.selection import ActiveRules


_WHEN = ("auto", "always", "never")


def add_rules(parser: argparse.ArgumentParser) -> None:
    """The options that choose rules, and the level that counts."""
    add = parser.add_argument
    only = add(
        "--only", metavar="RULE", action="append", help="run only this family or rule (repeatable, or with commas)"
    )
    ignore = add(
        "--ignore", metavar="RULE", action="append", help="leave out this family or rule (repeatable, or with commas)"
    )
    for action in (only, ignore):
        declare(action, Completable.RULE_OR_FAMILY)
    add("--strict", action="store_true", default=None, help="run the rules too that are not free of false alarms yet")
    add_own(parser)
    add(
        "--fail-on",
        metavar="LEVEL",
        type=name_of("level", [level.value for level in Level]),
        choices=[level.value for level in Level],
        help="exit with 1 from this level on: check, warning, error (default: warning)",
    )
    add(
        "--baseline",
        metavar="FILE",
        type=Path,
        help="say only what FILE does not hold; where there is none yet, record there what stands",
    )
    add_config(parser)


def add_own(parser: argparse.ArgumentParser) -> None:
    """The option that names folders of rules."""
    parser.add_argument(
        "--rules", metavar="DIR", action="append", type=Path, help="more rules of your own (repeatable)"
    )


def add_config(parser: argparse.ArgumentParser) -> None:
    """The option that names a file of settings."""
    parser.add_argument(
        "--config",
        metavar="FILE",
        type=Path,
        help="take the settings of FILE instead of the tree's .kfunclint.toml and your own",
    )


def add_format(parser: argparse.ArgumentParser, names: Sequence[str]) -> None:
    """The options that say what to print, one of these formats, and in what colours."""
    parser.add_argument(
        "--format",
        metavar="FORMAT",
        type=name_of("format", names),
        choices=names,
        default="terminal",
        action=Once,
        help=f"what to print: {', '.join(names)} (default: terminal)",
    )
    parser.add_argument(
        "--statistics",
        dest="format",
        action=Once,
        nargs=0,
        const="statistics",
        default="terminal",
        help="print how many findings each rule has, as --format statistics does",
    )
    parser.set_defaults(given=frozenset())
    parser.add_argument(
        "--color",
        metavar="WHEN",
        type=name_of("choice", _WHEN),
        choices=_WHEN,
        default="auto",
        help="auto (on a terminal), always or never; NO_COLOR and FORCE_COLOR are heeded",
    )


def add_output(parser: argparse.ArgumentParser) -> None:
    """The option that names a file; "-" and nothing give None, which is standard output."""
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        type=lambda name: None if name == "-" else Path(name),
        action=Once,
        help="print to FILE instead of standard output, which is -",
    )


def add_deep(parser: argparse.ArgumentParser) -> None:
    """The option that asks for real types."""
    parser.add_argument(
        "--deep",
        action="store_true",
        help="read the types of all kfuncs from the headers of the tree (default: only where a rule must know)",
    )


def selection(arguments: argparse.Namespace, start: Path = Path()) -> ActiveRules:
    """What the options, and the files of settings for a folder, choose. Raises rule.BadRule, InputError, and UsageError
    where no rule is left."""
    selection = active_rules(_option_values(arguments), arguments.config, start, takes_notes=_takes_notes(arguments))
    if not selection.rules:
        raise UsageError("no rule is left to run: what --only and the settings choose, they leave out, too")
    return selection


def active_rules(
    values: Values, config: Path | None, start: Path, *, takes_notes: bool = True, for_hook: bool = False
) -> ActiveRules:
    """What is given, and `config` or else the files of settings for a folder, choose; says which Python is not run,
    where a report `takes_notes`. `for_hook`: what they say of hooks counts. Raises rule.BadRule and InputError."""
    from kfunclint.settings.selection import ActiveRules  # what lists kfuncs needs none

    settings = _settings(values, config, start, takes_notes)
    return ActiveRules(replace(settings, fail_on=settings.hook_fail_on or settings.fail_on) if for_hook else settings)


def available_rules(arguments: argparse.Namespace) -> tuple[Rule[Any], ...]:
    """All rules that a review with these options would know. Raises rule.BadRule and InputError."""
    from kfunclint.settings import selection

    return selection.available_rules(_settings(_option_values(arguments), arguments.config, Path(), takes_notes=True))


def _settings(values: Values, config: Path | None, start: Path, takes_notes: bool) -> Settings:
    from kfunclint.settings import files, merged

    settings = merged.merge(values, files.sources(config, start))
    for folder in settings.rules:
        if not folder.runs_python and any(folder.path.glob("*/*.py")) and takes_notes:
            say(f"{folder.path}: a tree's Python is not run, only its tables; --rules or your own settings can name it")
    return settings


def _takes_notes(arguments: argparse.Namespace) -> bool:
    from kfunclint.report import formats

    return "format" not in arguments or formats.takes_notes(arguments.format)


def _option_values(arguments: argparse.Namespace) -> dict[str, Any]:
    """What the command line sets, as a file of settings would."""
    from kfunclint.settings.files import RuleFolder

    options = {name: value for name, value in vars(arguments).items() if value is not None}
    values: dict[str, Any] = {key: options[key] for key in ("strict", "kernel", "baseline") if key in options}
    for key in ("only", "ignore"):
        if key in options:
            values[key] = tuple(name for names in options[key] for name in names.split(",") if name)
    if "rules" in options:
        values["rules"] = tuple(map(RuleFolder, options["rules"]))
    if "fail_on" in options:
        values["fail-on"] = Level(options["fail_on"])
    return values


def record_baseline(selection: ActiveRules, reviews: Sequence[Review]) -> bool:
    """Record the findings in the file of --baseline, where there is none yet; True if that was done."""
    path = selection.settings.baseline
    if path is None or selection.recorded is not None:
        return False
    from kfunclint.settings import baseline
    from kfunclint.text import pluralize

    findings = [finding for review in reviews for finding in review.findings]
    outputs.write_file(path, baseline.text_of(findings))
    say(f"{path}: {pluralize(len(findings), 'finding')} recorded")
    return True


def say(text: str) -> None:
    """Tell of trouble, in one line on standard error."""
    sys.stderr.write(f"kfunclint: {visible(text)}\n")


@contextlib.contextmanager
def deferred_notes(takes_notes: bool = True) -> Iterator[Callable[[Note], None]]:
    """Gives what takes notes, to tell them at the end, also that of an exception: before that they would stand in the
    line that shows what is being done. `takes_notes`: what is no trouble may be told, too."""
    notes: list[Note] = []
    try:
        yield notes.append
    finally:
        for note in notes:
            if takes_notes or note.kind is not NoteKind.NO_TREE:
                say(note.text)


def colour(output: Path | None, when: str = "auto") -> bool:
    """May a report be coloured? As --color says, or else NO_COLOR and FORCE_COLOR, or else on a terminal that can."""
    if output is not None or when != "auto":
        return output is None and when == "always"
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (sys.stdout.isatty() and os.environ.get("TERM") != "dumb")


def write(text: str, output: Path | None) -> None:
    """Print a report, or write it to a file."""
    if output is not None:
        outputs.write_file(output, text)
    else:
        sys.stdout.buffer.write(text.encode("utf-8", "replace"))
