"""A kernel tree: a git repository, of which only objects are read, or a plain folder."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from kfunclint.errors import InputError
from kfunclint.git.repository import Repository, is_repository
from kfunclint.paths import objection

C = (".c", ".h")
ALL = ("",)

_MAX_FILE = 16 << 20
_MAX_FILES = 500_000
_PIECE = 1 << 20
_MAX_DEPTH = 64
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a FIFO must not block
_NO_FILE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO)
_BTF = "include/linux/btf.h"
_HASH_SHOWN = 12


class Tree(Protocol):
    """One state of a kernel tree. Paths are relative to its top, with "/"; symlinks and submodules are no files.

    `name` is for people; `state` a key that changes with the content ("" where nothing cheap tells); `root` the folder
    on disk of a plain folder, None for git. Whatever cannot be read raises InputError.
    """

    @property
    def name(self) -> str: ...

    @property
    def state(self) -> str: ...

    @property
    def root(self) -> Path | None: ...

    @property
    def open_files(self) -> tuple[int, ...]:
        """The descriptors that reading it needs."""
        ...

    def read(self, path: str) -> bytes | None:
        """The content of a file, None if there is no such file."""
        ...

    def paths(self, under: Sequence[str] = ALL, suffixes: Sequence[str] = C) -> Iterator[str]:
        """The paths of all files with one of the suffixes, below one of the folders (a file stands for itself)."""
        ...

    def containing(
        self, words: Sequence[str], under: Sequence[str] = ALL, suffixes: Sequence[str] = C
    ) -> Iterator[str]:
        """The paths of those files of `paths()` that hold one of the words."""
        ...

    def close(self) -> None:
        """Let go of processes and open files."""
        ...


class GitTree:
    """A commit of a git repository, as a Tree."""

    root = None
    open_files = ()

    def __init__(self, repository: Repository, commit: str) -> None:
        """Take the full hash of a commit. Nothing is read yet."""
        self.repository = repository
        self.commit = commit

    @property
    def name(self) -> str:
        """The folder's name and the commit: "linux at 0123456789ab"."""
        folder = self.repository.folder
        return f"{folder.name.removesuffix('.git') or folder.parent.name} at {self.commit[:_HASH_SHOWN]}"

    @property
    def state(self) -> str:
        """The hash of the tree object."""
        tree = self.repository.info(f"{self.commit}^{{tree}}")
        if tree is None:
            raise self.repository.refusal(f"the tree of {self.commit[:_HASH_SHOWN]} is missing")
        return tree.hash

    def at(self, commit: str) -> GitTree:
        """Another commit of the same repository, by its full hash."""
        return GitTree(self.repository, commit)

    def read(self, path: str) -> bytes | None:
        """The content of a file, None if there is no such file."""
        entry = self.repository.entry(self.commit, path) if _is_path(path) else None
        if entry is None or not stat.S_ISREG(entry[0]):
            return None
        return self.repository.blob(entry[1])

    def paths(self, under: Sequence[str] = ALL, suffixes: Sequence[str] = C) -> Iterator[str]:
        """See Tree: git ls-tree."""
        return (path for path in self.repository.files(self.commit, _tops(under)) if path.endswith(tuple(suffixes)))

    def containing(
        self, words: Sequence[str], under: Sequence[str] = ALL, suffixes: Sequence[str] = C
    ) -> Iterator[str]:
        """See Tree: git grep."""
        tops = _tops(under)
        patterns = [pattern for top in tops for pattern in _patterns(top, suffixes)]
        paths = self.repository.grep(self.commit, words, patterns)
        return (path for path in paths if any(_below(path, top) for top in tops))

    def close(self) -> None:
        """End the process that reads the repository."""
        self.repository.close()


class DirectoryTree:
    """A plain folder, as a Tree. It is held open, and no symlink in it is followed."""

    state = ""

    def __init__(self, root: Path) -> None:
        """Open the folder. Raises OSError."""
        self.root = root
        self._top = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    @property
    def open_files(self) -> tuple[int, ...]:
        """See Tree: the folder."""
        return (self._top,)

    @property
    def name(self) -> str:
        """The folder."""
        return str(self.root)

    def read(self, path: str) -> bytes | None:
        """The content of a file, None if there is no such file."""
        if not _is_path(path):
            return None
        folder, _, name = path.rpartition("/")
        at = self._open(folder)
        if at is None:
            return None
        try:
            return self._content(at, name, path)
        finally:
            os.close(at)

    def paths(self, under: Sequence[str] = ALL, suffixes: Sequence[str] = C) -> Iterator[str]:
        """See Tree: a walk over the folders."""
        return (path for _, _, path in self._files(under, tuple(suffixes)))

    def containing(
        self, words: Sequence[str], under: Sequence[str] = ALL, suffixes: Sequence[str] = C
    ) -> Iterator[str]:
        """See Tree: a walk that reads every file."""
        encoded = [word.encode() for word in words]
        for folder, name, path in self._files(under, tuple(suffixes)):
            if self._holds(folder, name, path, encoded):
                yield path

    def close(self) -> None:
        """Close the folder."""
        if self._top >= 0:
            os.close(self._top)
            self._top = -1

    def _open(self, path: str) -> int | None:
        """A descriptor of a folder, None if there is none that is reached without a symlink."""
        at = os.dup(self._top)
        for part in filter(None, path.split("/")):
            try:
                below = os.open(part, _FOLDER, dir_fd=at)
            except (FileNotFoundError, NotADirectoryError):
                return None
            except OSError as error:
                if error.errno == errno.ELOOP:
                    return None
                raise self._refusal(path, error) from error
            finally:
                os.close(at)
            at = below
        return at

    def _content(self, folder: int, name: str, path: str) -> bytes | None:
        """The content of a regular file in a folder; it is read once more if it changed meanwhile."""
        file = self._file(folder, name, path)
        if file is None:
            return None
        try:
            for _ in range(2):
                before = os.fstat(file)
                if not stat.S_ISREG(before.st_mode):
                    return None
                if before.st_size > _MAX_FILE:
                    raise InputError(str(self.root / path), None, f"more than {_MAX_FILE >> 20} MiB")
                data = os.pread(file, before.st_size + 1, 0)
                if len(data) == before.st_size and _is_unchanged(before, os.fstat(file)):
                    return data
        except OSError as error:
            raise self._refusal(path, error) from error
        finally:
            os.close(file)
        raise InputError(str(self.root / path), None, "it changes while it is read")

    def _holds(self, folder: int, name: str, path: str, words: Sequence[bytes]) -> bool:
        """Does a regular file hold one of the words? It is read in pieces, as some headers have 20 MiB."""
        file = self._file(folder, name, path)
        if file is None:
            return False
        overlap = max(map(len, words))
        try:
            data = os.read(file, _PIECE)
            while not any(word in data for word in words):
                if len(data) < _PIECE:
                    return False
                data = data[-overlap:] + os.read(file, _PIECE)
        except OSError as error:
            raise self._refusal(path, error) from error
        finally:
            os.close(file)
        return True

    def _file(self, folder: int, name: str, path: str) -> int | None:
        """A descriptor of what is no symlink, None if there is nothing like that."""
        try:
            return os.open(name, _FILE, dir_fd=folder)
        except OSError as error:
            if error.errno in _NO_FILE:
                return None
            raise self._refusal(path, error) from error

    def _files(self, under: Sequence[str], suffixes: tuple[str, ...]) -> Iterator[tuple[int, str, str]]:
        """The descriptor of its folder, name and path of every file."""
        count = 0
        for top in _tops(under):
            if top and not _is_path(top):
                continue
            folder, _, name = top.rpartition("/")
            at = self._open(top)
            entries = (
                self._walk(at, f"{top}/" if top else "", 0) if at is not None else self._single_file(folder, name, top)
            )
            for entry in entries:
                if entry[1].endswith(suffixes):
                    count += 1
                    if count > _MAX_FILES:
                        raise InputError(self.name, None, f"more than {_MAX_FILES} files")
                    yield entry

    def _single_file(self, folder: str, name: str, path: str) -> Iterator[tuple[int, str, str]]:
        at = self._open(folder)
        if at is None:
            return
        try:
            if self._content(at, name, path) is not None:
                yield at, name, path
        finally:
            os.close(at)

    def _walk(self, at: int, prefix: str, depth: int) -> Iterator[tuple[int, str, str]]:
        """All files below a folder, whose descriptor is closed at the end."""
        try:
            with os.scandir(at) as entries:
                in_order = sorted(entries, key=lambda entry: entry.name)
            for entry in in_order:
                if entry.is_file(follow_symlinks=False):
                    yield at, entry.name, prefix + entry.name
                elif entry.name != ".git" and depth < _MAX_DEPTH and entry.is_dir(follow_symlinks=False):
                    below = self._open(prefix + entry.name)
                    if below is not None:
                        yield from self._walk(below, f"{prefix}{entry.name}/", depth + 1)
        except OSError as error:
            raise self._refusal(prefix, error) from error
        finally:
            os.close(at)

    def _refusal(self, path: str, error: OSError) -> InputError:
        return InputError(str(self.root / path), None, error.strerror or "cannot be read")


def text(tree: Tree, path: str) -> str | None:
    """What a file says, with a mark in the place of what is no UTF-8; None if there is no such file. Raises
    InputError."""
    data = tree.read(path)
    return None if data is None else data.decode("utf-8", "replace")


def open_tree(folder: Path) -> GitTree | DirectoryTree:
    """The kernel tree in a folder: HEAD of a git repository (work tree, linked work tree, bare), or the folder itself.

    Raises InputError, with the folder and the reason, for what is no kernel tree with BPF or cannot be read.
    """
    if not folder.is_dir():
        raise InputError(str(folder), None, "not a folder" if folder.exists() else "no such folder")
    tree = _git(folder.resolve()) if is_repository(folder) else _plain(folder)
    try:
        if tree.read(_BTF) is None:
            is_kernel = any(True for _ in tree.paths(("include/linux",)))
            reason = f"kernel tree without BPF: no {_BTF} in it" if is_kernel else "not a kernel tree"
            raise InputError(str(folder), None, reason)
    except BaseException:
        tree.close()
        raise
    return tree


def _git(folder: Path) -> GitTree:
    repository = Repository(folder)
    try:
        head = repository.commit("HEAD")
    except InputError:
        repository.close()
        raise
    if head is None:
        repository.close()
        raise InputError(str(folder), None, "git repository without a commit")
    return GitTree(repository, head)


def _plain(folder: Path) -> DirectoryTree:
    try:
        return DirectoryTree(folder)
    except OSError as error:
        raise InputError(str(folder), None, error.strerror or "cannot be read") from error


def _is_path(path: str) -> bool:
    return objection(path) is None and not {"", "."} & set(path.split("/"))


def _is_unchanged(before: os.stat_result, after: os.stat_result) -> bool:
    return (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)


def _tops(under: Iterable[str]) -> list[str]:
    return [top.strip("/") for top in under]


def _below(path: str, top: str) -> bool:
    return not top or path == top or path.startswith(f"{top}/")


def _patterns(top: str, suffixes: Sequence[str]) -> list[str]:
    """What git calls the files below a folder, or a file, that have one of the suffixes."""
    literal = re.sub(r"([*?\[\\])", r"\\\1", top)
    if not top or top.startswith(":"):  # to git the start of more than a name
        return [f"*{suffix}" for suffix in suffixes]
    return [f"{literal}/*{suffix}" for suffix in suffixes] + [literal] * top.endswith(tuple(suffixes))
