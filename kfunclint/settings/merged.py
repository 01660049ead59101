"""What counts of all that is set: the command line and the files of settings, merged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from kfunclint.finding import Level
from kfunclint.rule import names
from kfunclint.rule.rule import Rule
from kfunclint.settings.files import OFF, RuleFolder, SettingsFile, Values
from kfunclint.settings.suppressions import Suppression
from kfunclint.toml import Key
from kfunclint.value import Value, field


class RuleConfig(Value):
    """Which rules run, and how loud: `levels` has a level, or "off", by rule or family."""

    only: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    strict: bool = False
    levels: Mapping[str, Level | Literal["off"]] = field(default_factory=dict)

    def level(self, id_: str) -> Level | Literal["off"] | None:
        """The level that is set for a rule: for itself, or else for the smallest family it is in."""
        name = id_
        while name not in self.levels and name:
            name = name.rpartition("/")[0]
        return self.levels.get(name)


class Profile(Value):
    """What is chosen for the files that one of the patterns describes."""

    patterns: tuple[str, ...]
    choice: RuleConfig


class Settings(Value):
    """Everything that is set. Of several profiles for a file the last one counts; `sources` come in order of weight.

    `hook_fail_on` takes the place of `fail_on` in hooks, if it is set.
    """

    choice: RuleConfig
    profiles: tuple[Profile, ...]
    silences: tuple[Suppression, ...]
    fail_on: Level
    hook_fail_on: Level | None
    kernel: str | None
    tree: Path | None
    rules: tuple[RuleFolder, ...]
    baseline: Path | None
    sources: tuple[SettingsFile, ...]


def merge(command_line: Values, files: Sequence[SettingsFile]) -> Settings:
    """What counts of what the command line and the files say, in this order.

    A key is taken from the first that has it; of `levels` that goes for every name. `rules`, `profile` and `silence`
    add up. Below one that says `only`, no `ignore` and no "off" counts.
    """
    layers = (command_line, *(source.values for source in files))
    profiles = tuple(
        Profile(table["paths"], _choice((command_line, table, *layers[1:])))
        for layer in reversed(layers)
        for table in layer.get("profile", ())
    )
    return Settings(
        choice=_choice(layers),
        profiles=profiles,
        silences=tuple(silence for layer in layers for silence in layer.get("silence", ())),
        fail_on=_first(layers, "fail-on", Level.WARNING),
        hook_fail_on=_first([layer.get("hook", {}) for layer in layers], "fail-on", None),
        kernel=_first(layers, "kernel", None),
        tree=_first(layers, "tree", None),
        rules=tuple(folder for layer in layers for folder in layer.get("rules", ())),
        baseline=_first(layers, "baseline", None),
        sources=tuple(files),
    )


def _first(layers: Sequence[Values], key: str, default: Any) -> Any:
    return next((layer[key] for layer in layers if key in layer), default)


def _choice(layers: Sequence[Values]) -> RuleConfig:
    end = next((number for number, layer in enumerate(layers, 1) if "only" in layer), len(layers))
    levels = {
        name: (level, number)
        for number, layer in reversed(list(enumerate(layers, 1)))
        for name, level in layer.get("levels", {}).items()
    }
    return RuleConfig(
        only=_first(layers, "only", ()),
        ignore=_first(layers[:end], "ignore", ()),
        strict=_first(layers, "strict", False),
        levels={name: level for name, (level, number) in levels.items() if level != OFF or number <= end},
    )


def check(settings: Settings, rules: Sequence[Rule[Any]]) -> None:
    """Raises InputError for the first name in a file that no rule and no family has."""
    for source in settings.sources:
        for key, name in _names(source.values):
            if reason := names.objection(rules, name):
                raise source.document.refusal(key, f"{name!r}: {reason}")


def _names(values: Values, within: Key = ()) -> Iterator[tuple[Key, str]]:
    """Every rule and family that is named, and where."""
    for key in ("only", "ignore", "levels"):
        for name in values.get(key, ()):
            yield (*within, key, *([name] if key == "levels" else [])), name
    for number, table in enumerate(values.get("profile", ())):
        yield from _names(table, ("profile", number))
    for number, request in enumerate(values.get("silence", ())):
        if request.rule:
            yield ("silence", number, "rule"), request.rule
