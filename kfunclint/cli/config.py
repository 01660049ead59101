"""The command `kfunclint config`: every setting that counts, and where it comes from."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kfunclint.cli import options
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
    made = argparse.ArgumentParser(
        prog="kfunclint config",
        description="Print the settings that count here: as TOML to paste, each with where it comes from.",
    )
    options.add_config(made)
    return made


def run(argv: Sequence[str]) -> int:
    """Print the settings; gives the exit status. Raises rule.BadRule and InputError for what is wrong in them."""
    chosen = options.selection(parser().parse_args(argv))
    options.write("".join(f"{line}\n" for line in listing(chosen.settings)), None)
    return CLEAN


def listing(found: Settings) -> Iterator[str]:
    """The lines of a file that sets the same, each with where it comes from."""
    choice = found.choice
    simple = {
        "only": choice.only,
        "ignore": choice.ignore,
        "strict": choice.strict,
        "fail-on": found.fail_on,
        "kernel": found.kernel,
        "tree": found.tree,
        "baseline": found.baseline,
    }
    for key, value in simple.items():
        if value is None:
            yield f"# {key}: {_UNSET[key]}  # default"
        else:
            yield f"{key} = {_written(value)}  # {_origin(found, key, value)}"
    yield from _folders(found)
    if choice.levels:
        yield from ("", "[levels]")
    for name, level in choice.levels.items():
        yield f"{_written(name)} = {_written(level)}  # {_origin(found, 'levels', level, name)}"
    for source in reversed(found.sources):
        for number, table in enumerate(source.values.get("profile", ())):
            yield from _profile(table, _place(source, "profile", number))
    for request in found.silences:
        yield from _silence(request)


def _folders(found: Settings) -> Iterator[str]:
    yield "rules = [" if found.rules else "rules = []  # default"
    for source in found.sources:
        for folder in source.values.get("rules", ()):
            yield f"    {_written(folder)},  # {_place(source, 'rules')}{'' if folder.runs_python else ', tables only'}"
    if found.rules:
        yield "]"


def _profile(table: Mapping[str, Any], place: str) -> Iterator[str]:
    yield from ("", f"[[profile]]  # {place}")
    yield from (f"{key} = {_written(value)}" for key, value in table.items() if key != "levels")
    if "levels" in table:
        yield "[profile.levels]"
        yield from (f"{_written(name)} = {_written(level)}" for name, level in table["levels"].items())


def _silence(request: Suppression) -> Iterator[str]:
    yield from ("", f"[[silence]]  # {_shown(request.file)}:{request.line}")
    for key in ("rule", "path", "function", "reason"):
        if value := getattr(request, key):
            yield f"{key} = {_written(value)}"


def _origin(found: Settings, key: str, value: Any, name: str = "") -> str:
    for source in found.sources:
        said = source.values.get(key, {}).get(name) if name else source.values.get(key)
        if said == value and said is not None:
            return _place(source, key, *([name] if name else []))
    return "default"


def _place(source: SettingsFile, *key: str | int) -> str:
    line = source.document.line(*key)
    return _shown(source.document.file) + (f":{line}" if line else "")


def _written(value: Any) -> str:
    """A value as TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_written, value))}]"
    if isinstance(value, RuleFolder | Path):
        return _written(str((value.path if isinstance(value, RuleFolder) else value).absolute()))
    return f'"{_shown(str(value))}"'


def _shown(text: str) -> str:
    """A text as it stands between quotes in TOML."""
    return "".join(map(_escaped, text))


def _escaped(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    return char if char.isprintable() else f"\\U{ord(char):08x}"
