"""A repository that another process reads: for one that may not start git."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kfunclint.errors import InputError
from kfunclint.git.repository import Object, Repository


class RemoteRepository(Repository):
    """The questions of a Repository, each asked by name of who has it; see services()."""

    def __init__(self, folder: Path, ask: Callable[..., Any]) -> None:
        """`ask` takes the name of a service and its arguments."""
        super().__init__(folder)
        self._ask = ask

    def run(self, *arguments: str, **options: Any) -> bytes:
        """Refused: a command of any kind is no service."""
        raise self.refusal("git is out of reach here")

    def recent(self, most: int) -> tuple[str, ...]:
        """See Repository."""
        return tuple(self._ask("recent", most))

    def touching(self, commits: Sequence[str], paths: Sequence[str], most: int, seconds: float) -> tuple[str, ...]:
        """See Repository."""
        return tuple(self._ask("touching", tuple(commits), tuple(paths), most, seconds))

    def files(self, commit: str, under: Sequence[str]) -> Iterator[str]:
        """See Repository."""
        return iter(self._ask("files", commit, tuple(under)))

    def grep(self, commit: str, words: Sequence[str], patterns: Sequence[str]) -> Iterator[str]:
        """See Repository."""
        return iter(self._ask("grep", commit, tuple(words), tuple(patterns)))

    def _query(self, command: str, name: str) -> tuple[Object | None, bytes]:
        found: tuple[Object | None, bytes] = self._ask("query", command, name)
        return found


def services(repository: Repository) -> Mapping[str, Callable[..., Any]]:
    """What a RemoteRepository asks. The arguments come from a process that may have been taken over: they are checked,
    and cannot become options of git."""

    def query(command: str, name: str) -> tuple[Object | None, bytes]:
        if command not in ("info", "contents"):
            raise InputError(str(repository.folder), None, "no such question")
        return repository._query(command, _text(name))

    return {
        "query": query,
        "recent": lambda most: repository.recent(min(int(most), 1000)),
        "touching": lambda commits, paths, most, seconds: repository.touching(
            _texts(commits), _texts(paths), min(int(most), 1000), min(float(seconds), 30)
        ),
        "files": lambda commit, under: tuple(repository.files(_text(commit), _texts(under))),
        "grep": lambda commit, words, patterns: tuple(repository.grep(_text(commit), _texts(words), _texts(patterns))),
    }


def _texts(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(map(_text, values))


def _text(value: str) -> str:
    if not isinstance(value, str) or value.startswith("-"):
        raise InputError("git", None, "no such name")
    return value
