"""A public-inbox of form 2: a folder with git/0.git, git/1.git and so on, each commit of which brings a mail.

Order is that of the commits: their dates are those of the mails. What is edited or purged gives all later commits new
hashes, but the blobs of the other mails keep theirs, and by those a mail is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from kfunclint.bot import log
from kfunclint.bot.archive.source import Arrival, Chunk, message_id
from kfunclint.errors import InputError
from kfunclint.git.repository import Repository, is_repository

_EPOCH = re.compile(r"(\d{1,6})\.git")
_RAW = re.compile(r":\S+ \S+ \S+ ([0-9a-f]+) \w+\t([md])")
_EMPTY = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"  # what a purge leaves of a mail
_CLOSED = "closed"  # an epoch that was full before the first reading: nothing new comes to it
_MISSING = "the archive lacks it"


class _Change(NamedTuple):
    """A commit, and the blob that it brings as a mail ("m") or as one that is taken out ("d"); blob is "" where it
    does neither."""

    commit: str
    file: str
    blob: str


class PublicInbox:
    """A Source; a bare repository alone is taken for its only epoch."""

    def __init__(self, folder: Path, list_: str, largest: int) -> None:
        """`largest`: bytes of a mail that is looked at."""
        self.folder = folder
        self.name = str(folder)
        self.list = list_
        self.largest = largest

    def tips(self) -> dict[str, str]:
        epochs = self._epochs()
        return {epoch.name: self._tip(epoch) if epoch == epochs[-1] else _CLOSED for epoch in epochs}

    def present(self) -> Iterator[str]:
        for epoch in self._epochs()[-1:]:
            with closing(Repository(epoch)) as repository:
                tip = repository.commit("HEAD")
                for change in _changes(repository, "", tip) if tip else ():
                    info = repository.info(change.blob)
                    if info and info.size <= self.largest and (id_ := message_id(repository.blob(change.blob))):
                        yield id_

    def news(self, cursors: Mapping[str, str]) -> Iterator[Chunk]:
        for epoch in self._epochs():
            if cursors.get(epoch.name) == _CLOSED:
                continue
            with closing(Repository(epoch)) as repository:
                yield from self._news(repository, cursors.get(epoch.name, ""))

    def sent_by(self, address: str) -> Iterator[str]:
        for epoch in self._epochs():
            with closing(Repository(epoch)) as repository:
                if repository.commit("HEAD") is None:
                    continue
                pattern = f"--author=<{re.escape(address)}>"
                for commit in repository.run("rev-list", pattern, "HEAD").decode().split():
                    entry = repository.entry(commit, "m")
                    if entry and repository.info(entry[1]) and (id_ := message_id(repository.blob(entry[1]))):
                        yield id_

    def _epochs(self) -> list[Path]:
        return epochs(self.folder)

    def _tip(self, epoch: Path) -> str:
        """The newest commit of an epoch, "" where it has none yet."""
        with closing(Repository(epoch)) as repository:
            return repository.commit("HEAD") or ""

    def _news(self, repository: Repository, old: str) -> Iterator[Chunk]:
        tip, part = repository.commit("HEAD"), repository.folder.name
        if tip is None or tip == old:
            return
        if old and not _is_behind(repository, old, tip):
            log.event("rewritten", source=self.name, epoch=part)
            old = ""
        chunk = Chunk()
        for change in _changes(repository, old, tip):
            if change.file == "m" and change.blob != _EMPTY:
                chunk.add(self._arrival(repository, change.blob))
            elif change.file == "d":
                chunk.withdrawn.append(change.blob)
            if chunk.is_full:
                chunk.cursors[part] = change.commit
                yield chunk
                chunk = Chunk()
        chunk.cursors[part] = tip
        yield chunk

    def _arrival(self, repository: Repository, blob: str) -> Arrival:
        info = repository.info(blob)
        if info is None:
            return Arrival(blob, b"", _MISSING)
        if info.size > self.largest:
            return Arrival(blob, b"", f"larger than {self.largest >> 10} KiB")
        return Arrival(blob, repository.blob(blob))


def epochs(folder: Path) -> list[Path]:
    """The repositories of a public-inbox, the oldest first. Raises InputError for what is none."""
    if is_repository(folder):
        return [folder]
    inside = folder / "git"
    if not inside.is_dir():
        raise InputError(str(folder), None, "no public-inbox: there is no folder git in it")
    return sorted((path for path in inside.iterdir() if _EPOCH.fullmatch(path.name)), key=lambda path: int(path.stem))


def mail_blobs(repository: Repository) -> Iterator[str]:
    """The blobs of all mails of an epoch that are still in it, in the order in which they came."""
    tip = repository.commit("HEAD")
    changes = list(_changes(repository, "", tip)) if tip else []
    withdrawn = {change.blob for change in changes if change.file == "d"}
    return (change.blob for change in changes if change.file == "m" and change.blob not in withdrawn | {_EMPTY})


def _is_behind(repository: Repository, old: str, tip: str) -> bool:
    """Is a commit there, and one that the tip comes from?"""
    if repository.commit(old) is None:
        return False
    return not repository.run("rev-list", "--max-count=1", old, f"^{tip}")


def _changes(repository: Repository, old: str, tip: str) -> Iterator[_Change]:
    """The changes of all commits behind `old` up to the tip, oldest first."""
    options = ("--raw", "--no-abbrev", "--no-renames", "--root", "--reverse", "--format=c %H")
    listing = repository.run("log", *options, f"{old}..{tip}" if old else tip)
    commit = ""
    for line in listing.decode("ascii", "replace").split("\n"):
        if line.startswith("c "):
            commit = line[2:]
        elif (match := _RAW.fullmatch(line)) and match[1].strip("0"):  # what goes from m to d is a change of both
            yield _Change(commit, match[2], match[1])
