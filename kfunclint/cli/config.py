"""The command `kfunclint config`: every setting that counts, and where it comes from."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kfunclint.cli import options
from kfunclint.cli.arguments import Arguments
from kfunclint.pipeline.outcome import CLEAN
from kfunclint.settings.files import RuleFolder, SettingsFile
from kfunclint.settings.merged import Settings
from kfunclint.settings.suppressions import Suppression

_UNSET = {
    "kernel": "what the series, or the tree, says",
    "tree": "the one that kfunclint runs in",
    "baseline": "none",
}


def parser() -> argparse.ArgumentParser:
    """What the command takes."""
    parser = Arguments(
        prog="kfunclint config",
        description="Print the settings that count here: as TOML to paste, each with where it comes from.",
    )
    options.add_config(parser)
    return parser


def run(argv: Sequence[str]) -> int:
    """Print the settings; gives the exit status. Raises rule.BadRule and InputError for what is wrong in them."""
    selection = options.selection(parser().parse_args(argv))
    options.write("".join(f"{line}\n" for line in listing(selection.settings)), None)
    return CLEAN


def listing(settings: Settings) -> Iterator[str]:
    """The lines of a file that sets the same, each with where it comes from."""
    choice = settings.choice
    simple = {
        "only": choice.only,
        "ignore": choice.ignore,
        "strict": choice.strict,
        "fail-on": settings.fail_on,
        "kernel": settings.kernel,
        "tree": settings.tree,
        "baseline": settings.baseline,
    }
    for key, value in simple.items():
        if value is None:
            yield f"# {key}: {_UNSET[key]}  # default"
        else:
            yield f"{key} = {_toml(value)}  # {_origin(settings, key, value)}"
    yield from _folders(settings)
    if settings.hook_fail_on:
        origin = _origin(settings, "hook", settings.hook_fail_on, "fail-on")
        yield from ("", "[hook]", f"fail-on = {_toml(settings.hook_fail_on)}  # {origin}")
    if choice.levels:
        yield from ("", "[levels]")
    for name, level in choice.levels.items():
        yield f"{_toml(name)} = {_toml(level)}  # {_origin(settings, 'levels', level, name)}"
    for source in reversed(settings.sources):
        for number, table in enumerate(source.values.get("profile", ())):
            yield from _profile(table, _place(source, "profile", number))
    for request in settings.silences:
        yield from _silence(request)


def _folders(settings: Settings) -> Iterator[str]:
    yield "rules = [" if settings.rules else "rules = []  # default"
    for source in settings.sources:
        for folder in source.values.get("rules", ()):
            yield f"    {_toml(folder)},  # {_place(source, 'rules')}{'' if folder.runs_python else ', tables only'}"
    if settings.rules:
        yield "]"


def _profile(table: Mapping[str, Any], place: str) -> Iterator[str]:
    yield from ("", f"[[profile]]  # {place}")
    yield from (f"{key} = {_toml(value)}" for key, value in table.items() if key != "levels")
    if "levels" in table:
        yield "[profile.levels]"
        yield from (f"{_toml(name)} = {_toml(level)}" for name, level in table["levels"].items())


def _silence(request: Suppression) -> Iterator[str]:
    yield from ("", f"[[silence]]  # {_toml_text(request.file)}:{request.line}")
    for key in ("rule", "path", "function", "reason"):
        if value := getattr(request, key):
            yield f"{key} = {_toml(value)}"


def _origin(settings: Settings, key: str, value: Any, name: str = "") -> str:
    for source in settings.sources:
        setting = source.values.get(key, {}).get(name) if name else source.values.get(key)
        if setting == value and setting is not None:
            return _place(source, key, *([name] if name else []))
    return "default"


def _place(source: SettingsFile, *key: str | int) -> str:
    line = source.document.line(*key)
    return _toml_text(source.document.file) + (f":{line}" if line else "")


def _toml(value: Any) -> str:
    """A value as TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, RuleFolder | Path):
        return _toml(str((value.path if isinstance(value, RuleFolder) else value).absolute()))
    return f'"{_toml_text(str(value))}"'


def _toml_text(text: str) -> str:
    """A text as it stands between quotes in TOML."""
    return "".join(map(_escape, text))


def _escape(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    return char if char.isprintable() else f"\\U{ord(char):08x}"
