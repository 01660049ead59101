"""What tests share: one parser for the whole run, and reviews of texts."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from trees import unpushed

from kfunclint.checker.result import Review
from kfunclint.checker.review import review
from kfunclint.clang import Parser
from kfunclint.mail.inbox import read_inbox, select_series
from kfunclint.rule import loader, names
from kfunclint.rule.rule import Rule
from kfunclint.tree.tree import open_tree

ROOT = Path(__file__).parent.parent
GOLDEN = ROOT / "fixtures" / "reports"
Lint = Callable[..., Review]
Golden = Callable[[str, str], None]


def pytest_configure() -> None:
    """What git sets for a hook or `git rebase --exec` must not lead tests to the repository that they are run in."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        del os.environ[name]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite-golden", action="store_true", help="write what the reports say to fixtures/reports/")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compare a text with the file of that name in fixtures/reports/."""

    def check(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--rewrite-golden"):
            path.write_bytes(text.encode())
        assert text == path.read_bytes().decode(), f"{name} differs; if it ought to, run pytest --rewrite-golden"

    return check


@pytest.fixture(autouse=True)
def no_settings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of whoever runs the tests do not count, and nothing is left in the user's cache."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.getbasetemp() / "no-settings"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture(scope="session")
def parser() -> Iterator[Parser]:
    with Parser() as running:
        yield running


@pytest.fixture
def lint(parser: Parser, tmp_path: Path) -> Lint:
    """Review the one series that a text holds, as the command would."""

    def run(
        text: str,
        kernel: str | None = None,
        only: tuple[str, ...] = (),
        rules: tuple[Rule[Any], ...] | None = None,
        tree: str | None = None,
    ) -> Review:
        path = tmp_path / "series.mbox"
        path.write_bytes(text.encode())
        inbox = read_inbox([str(path)])
        assert not inbox.errors
        (series,) = select_series(inbox, None, False)
        chosen = names.choose(loader.shipped(), only=only, ignore=(), strict=True)
        with contextlib.ExitStack() as stack:
            opened = (
                stack.enter_context(contextlib.closing(open_tree(ROOT / "fixtures" / "trees" / tree))) if tree else None
            )
            found = review(series, chosen if rules is None else rules, parser, kernel, tree=opened)
        assert not found.unreadable
        assert not found.failures
        return found

    return run


@pytest.fixture
def linux(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A kernel tree as trees.unpushed() makes it, that the working directory is in."""
    tree = tmp_path / "linux"
    unpushed(tree)
    monkeypatch.chdir(tree / "kernel")
    return tree
