"""Finds the folders and files that stand beside this package in a checkout and inside it in a wheel."""

from __future__ import annotations

import importlib.util
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

_PACKAGE = Path(__file__).resolve().parent


def folder(name: str) -> Path:
    """The folder "rules" or "reports"."""
    return _path(name)


def _path(name: str) -> Path:
    packaged = _PACKAGE / name
    return packaged if packaged.exists() else _PACKAGE.parent / name


@cache
def url(name: str) -> str:
    """The address that [project.urls] of pyproject.toml has by that name, "Homepage" or "Documentation"; "" for none.

    A project that lives nowhere yet has no such table: strangers get no address at all, rather than a false one.
    """
    with _path("pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"].get("urls", {}).get(name, ""))


@cache
def table(name: str) -> dict[str, Any]:
    """The table rules/tables/NAME.toml; whoever asks must not change it."""
    with (folder("rules") / "tables" / f"{name}.toml").open("rb") as file:
        return tomllib.load(file)


class Rows(Mapping[str, dict[str, Any]]):
    """A table of rows, each below a header of its own, that are taken apart when they are asked for."""

    def __init__(self, text: str) -> None:
        headers = list(re.finditer(r'^\["?([^"\n]+?)"?\]\n', text, re.MULTILINE))
        ends = [*(header.start() for header in headers[1:]), len(text)]
        self._texts = {header[1]: text[header.end() : end] for header, end in zip(headers, ends, strict=True)}
        self._rows: dict[str, dict[str, Any]] = {}

    def __getitem__(self, name: str) -> dict[str, Any]:
        if name not in self._rows:
            self._rows[name] = tomllib.loads(self._texts[name])
        return self._rows[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


@cache
def rows(name: str) -> Rows:
    """The table rules/tables/NAME.toml, if it is one of rows: all of a long one takes as long as a small review."""
    return Rows((folder("rules") / "tables" / f"{name}.toml").read_text(encoding="utf-8"))


def module(path: Path, name: str) -> ModuleType:
    """Load one file as the module `name`."""
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path}: not a Python file")
    loaded_module = importlib.util.module_from_spec(spec)
    sys.modules[name] = loaded_module
    spec.loader.exec_module(loaded_module)
    return loaded_module
