"""Files of settings: where they are, what may stand in them, and what is wrong with one.

A file in a tree may be a stranger's: it can name no file outside of its folder, and no Python of it runs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from kfunclint import paths, toml
from kfunclint.errors import InputError, hint
from kfunclint.finding import Level
from kfunclint.kernel.target import check_request
from kfunclint.settings.suppressions import Suppression
from kfunclint.toml import Document, Key
from kfunclint.tree.around import kernel_around
from kfunclint.value import Value

NAME = ".kfunclint.toml"
OFF: Final = "off"
_MOST = 100  # entries, and patterns: each is held against each file of a series
_MAX_PATTERN = 256
_MAX_PARTS = 16

Values = Mapping[str, Any]
"""What a file or the command line sets: values as they are in Settings, by key."""


class RuleFolder(Value):
    """A folder of more rules; without `runs_python`, only its tables count."""

    path: Path
    runs_python: bool = True


class SettingsFile(Value):
    """A file of settings; `trusted` if the user has chosen it, not whoever made the tree."""

    document: Document
    folder: Path
    trusted: bool
    values: Values


def sources(config: Path | None, start: Path) -> tuple[SettingsFile, ...]:
    """The files that count, the weightiest first: the one that was asked for alone, or else that of the tree around a
    folder, and the user's. Raises InputError for one that cannot be used."""
    if config is not None:
        return (_read(config, trusted=True),)
    tree, user = tree_file(start), user_file()
    tree_settings = [_read(tree, trusted=False)] if tree else []
    return (*tree_settings, *([_read(user, trusted=True)] if user and user.exists() else []))


def user_file() -> Path | None:
    """kfunclint/config.toml in $XDG_CONFIG_HOME or ~/.config; None without a home."""
    base = os.environ.get("XDG_CONFIG_HOME", "")
    try:
        folder = Path(base) if base.startswith("/") else Path.home() / ".config"
    except RuntimeError:
        return None
    return folder / "kfunclint" / "config.toml"


def tree_file(start: Path) -> Path | None:
    """The nearest .kfunclint.toml from a folder upward to the top of its kernel tree or git repository; outside of
    those only that in the folder itself, for others may write above it."""
    try:
        folder = start.resolve()
        around = (folder, *folder.parents)
        top = next((parent for parent in around if (parent / ".git").exists()), None)
        ends = {top, kernel_around(folder)} - {None} or {folder}
        inside = around[: next(number for number, parent in enumerate(around, 1) if parent in ends)]
        return next((parent / NAME for parent in inside if os.path.lexists(parent / NAME)), None)
    except OSError:
        return None


def _read(path: Path, trusted: bool) -> SettingsFile:
    name = NAME if path.parent == Path.cwd() and path.name == NAME else str(path)
    if not trusted and not (path.is_file() and path.resolve().is_relative_to(path.parent.resolve())):
        raise InputError(name, None, "not a plain file in its folder")
    document = toml.read(path, name)
    return SettingsFile(document, path.parent, trusted, values(document, path.parent, trusted))


# ---- what may stand in them


def values(document: Document, folder: Path, trusted: bool) -> Values:
    """What a file in that folder sets. Raises InputError, naming the line."""
    return _table(SettingsFile(document, folder, trusted, {}), (), document.values, _KEYS)


_Kind = Callable[[SettingsFile, Key, Any], Any]


def _table(source: SettingsFile, key: Key, value: Any, kinds: Mapping[str, _Kind]) -> dict[str, Any]:
    values = {}
    for name, inner in value.items():
        if name not in kinds:
            reason = f"unknown key {name!r}{hint(name, {kind: kind for kind in kinds})}"
            raise source.document.refusal((*key, name), reason)
        values[name] = kinds[name](source, (*key, name), inner)
    return values


def _wrong_type(source: SettingsFile, key: Key, expected: str) -> InputError:
    name = str(key[-1])
    return source.document.refusal(key, f"{name if name in _ALL else repr(name)} must be {expected}")


def _plain(expected: str, convert: Callable[[Any], Any]) -> _Kind:
    def kind(source: SettingsFile, key: Key, value: Any) -> Any:
        try:
            return convert(value)
        except (TypeError, ValueError) as error:
            raise _wrong_type(source, key, expected) from error

    return kind


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise TypeError
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError
    return tuple(map(_text, value))


def _pattern(value: Any) -> str:
    text = _text(value)
    if len(text) > _MAX_PATTERN or text.count("/") >= _MAX_PARTS:
        raise ValueError
    return text


def _patterns(value: Any) -> tuple[str, ...]:
    return tuple(map(_pattern, _texts(value)))


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _level(value: Any) -> str:
    return OFF if value == OFF else Level(value)


def _levels(source: SettingsFile, key: Key, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong_type(source, key, 'a table such as {"flags/ret-null-missing" = "error"}')
    kind = _plain(f"one of {_LEVELS}, {OFF}", _level)
    return {name: kind(source, (*key, name), level) for name, level in value.items()}


def _path(source: SettingsFile, key: Key, value: Any) -> Path:
    """A path as it is meant in that file. Raises InputError for one that a tree may not name."""
    text: str = _plain("a path", _text)(source, key, value)
    try:
        if source.trusted:
            return source.folder / Path(text).expanduser()
        inside = (source.folder / text).resolve().is_relative_to(source.folder.resolve())
    except (OSError, RuntimeError) as error:
        raise source.document.refusal(key, f"{text!r} cannot be found") from error
    if reason := paths.objection(text) or ("" if inside else "link that leads out of the tree"):
        raise source.document.refusal(key, f"{text!r}: {reason}")
    return source.folder / text


def _folder(source: SettingsFile, key: Key, value: Any) -> RuleFolder:
    path = _path(source, key, value)
    if not path.is_dir():
        raise source.document.refusal(key, f"no folder {value!r}")
    if not source.trusted:
        _path(source, key, f"{value}/tables/guards.toml")
    return RuleFolder(path, source.trusted)


def _folders(source: SettingsFile, key: Key, value: Any) -> tuple[RuleFolder, ...]:
    return tuple(_folder(source, key, folder) for folder in _plain("a list of folders", _texts)(source, key, value))


def _file(source: SettingsFile, key: Key, value: Any) -> Path:
    path = _path(source, key, value)
    if not path.is_file():
        raise source.document.refusal(key, f"no file {value!r}")
    return path


def _kernel_tree(source: SettingsFile, key: Key, value: Any) -> Path:
    if not source.trusted:
        raise source.document.refusal(key, "tree may stand only in your own file, or in one given with --config")
    return _path(source, key, value)


def _tables(
    kinds: Mapping[str, _Kind], required: str, make: Callable[[SettingsFile, int, dict[str, Any]], Any]
) -> _Kind:
    """An array of tables, each with the key that is `required`."""

    def kind(source: SettingsFile, key: Key, value: Any) -> Any:
        if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
            raise _wrong_type(source, key, f"tables, each below a line [[{key[-1]}]]")
        if len(value) > _MOST:
            raise source.document.refusal(key, f"more than {_MOST} of [[{key[-1]}]]")
        rows = []
        for number, row in enumerate(value):
            table = _table(source, (*key, number), row, kinds)
            if required not in table:
                raise source.document.refusal((*key, number), f"{key[-1]} without {required}")
            rows.append(make(source, number, table))
        return tuple(rows)

    return kind


def _profiles(source: SettingsFile, key: Key, value: Any) -> tuple[Values, ...]:
    profiles: tuple[Values, ...] = _tables(_PROFILE, "paths", lambda source, number, table: table)(source, key, value)
    if sum(len(table["paths"]) for table in profiles) > _MOST:
        raise source.document.refusal(key, f"more than {_MOST} patterns")
    return profiles


def _silence(source: SettingsFile, number: int, table: dict[str, Any]) -> Suppression:
    rule, path, function = (str(table.get(key, "")) for key in ("rule", "path", "function"))
    if not (rule or path or function):
        raise source.document.refusal(
            ("silence", number), "silence about everything: name a rule, a path or a function"
        )
    text = "silence of " + " ".join(filter(None, (rule, path, function)))
    line = source.document.line("silence", number)
    return Suppression(rule, path, function, table["reason"], None, source.document.file, line, text)


def _release(source: SettingsFile, key: Key, value: Any) -> str:
    try:
        check_request(_text(value))
    except TypeError as error:
        raise _wrong_type(source, key, 'a release such as "6.12"') from error
    except ValueError as why:
        raise source.document.refusal(key, str(why)) from why
    return str(value)


def _hook(source: SettingsFile, key: Key, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong_type(source, key, 'a table such as {fail-on = "check"}')
    return _table(source, key, value, {"fail-on": _FAIL_ON})


_LEVELS = ", ".join(Level)
_FAIL_ON = _plain(f"one of {_LEVELS}", Level)
_SHORT = f'patterns such as "mm/**", of at most {_MAX_PATTERN} characters and {_MAX_PARTS} names'
_CHOICE: dict[str, _Kind] = {
    "only": _plain("a list of rules or families", _texts),
    "ignore": _plain("a list of rules or families", _texts),
    "strict": _plain("true or false", _boolean),
    "levels": _levels,
}
_PROFILE = _CHOICE | {"paths": _plain(f"a list of {_SHORT}", _patterns)}
_SILENCE = {
    "rule": _plain("a rule or a family", _text),
    "path": _plain(f"one of the {_SHORT}", _pattern),
    "function": _plain("the name of a function", lambda value: _text(value).removesuffix("()")),
    "reason": _plain("a text of one line", _text),
}
_KEYS = _CHOICE | {
    "fail-on": _FAIL_ON,
    "hook": _hook,
    "kernel": _release,
    "tree": _kernel_tree,
    "rules": _folders,
    "baseline": _file,
    "profile": _profiles,
    "silence": _tables(_SILENCE, "reason", _silence),
}
_ALL = _KEYS.keys() | _PROFILE.keys() | _SILENCE.keys()
