"""Reads the objects of a git repository: never its files, never the network, and writes nothing."""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from kfunclint.errors import InputError
from kfunclint.value import Value

HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")

_SECONDS = 60
_TOO_LONG = "git took too long"
_MAX_OUTPUT = 64 << 20
_MAX_BLOB = 16 << 20
_FOLDERS_KEPT = 256
_KEPT = ("PATH", "HOME", "XDG_CONFIG_HOME")  # with the home goes the list of safe.directory
_SHUT = {
    "GIT_ALLOW_PROTOCOL": "none",  # a partial clone would fetch what it lacks
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_ATTR_NOSYSTEM": "1",
    "LC_ALL": "C",
}
# what git prints must not depend on what its user likes to see; a key that has a default has it here
_SETTINGS = """
    core.fsmonitor=false core.hooksPath=/dev/null core.attributesFile=/dev/null core.quotePath=true
    core.bigFileThreshold=512m protocol.allow=never submodule.recurse=false
    color.ui=false color.diff=false color.grep=false color.branch=false color.status=false
    diff.context=3 diff.interHunkContext=0 diff.noPrefix=false diff.mnemonicPrefix=false diff.srcPrefix=a/
    diff.dstPrefix=b/ diff.relative=false diff.renames=true diff.renameLimit=1000 diff.algorithm=myers
    diff.indentHeuristic=true diff.submodule=short diff.ignoreSubmodules=none diff.suppressBlankEmpty=false
    diff.wsErrorHighlight=none diff.colorMoved=no diff.orderFile=/dev/null
    format.subjectPrefix=PATCH format.suffix=.patch format.coverLetter=false format.from=false
    format.forceInBodyFrom=false format.signOff=false format.useAutoBase=false format.notes=false format.noprefix=false
    format.encodeEmailHeaders=true
    grep.lineNumber=false grep.column=false grep.fullName=false grep.patternType=default
    i18n.commitEncoding=UTF-8 i18n.logOutputEncoding=UTF-8
    log.showSignature=false log.mailmap=false log.follow=false log.date=default log.decorate=false
""".split()
_OPTIONS = ("--no-pager", *(word for setting in _SETTINGS for word in ("-c", setting)))


class Object(Value):
    """The full hash, the kind (blob, tree, commit, tag) and the size in bytes of an object."""

    hash: str
    kind: str
    size: int


class Repository:
    """A git repository by its top folder or its bare folder; close() ends the process it keeps.

    Every method raises InputError when git is not there, refuses the repository, dies or takes too long.
    """

    def __init__(self, folder: Path) -> None:
        """Take a folder. Nothing is read yet."""
        self.folder = folder
        self._reader: _Process | None = None
        self._folders: dict[tuple[str, str], dict[str, tuple[int, str]]] = {}

    def close(self) -> None:
        """End the process that reads objects, if there is one; the next read starts a new one."""
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()

    def run(
        self,
        *arguments: str,
        good: Sequence[int] = (0,),
        globs: bool = False,
        seconds: float = _SECONDS,
        index: Path | None = None,
    ) -> bytes:
        """What a git command prints. `globs`: its path patterns are patterns, not names. `index`: the file to take for
        the index."""
        variables = {} if index is None else {"GIT_INDEX_FILE": str(index.absolute())}
        process = _Process(self.folder, arguments, globs, variables)
        try:
            return process.output(good, seconds)
        finally:
            process.close()

    def commit(self, name: str) -> str | None:
        """The full hash of the commit that a hash (or "HEAD") names, None if it is not there."""
        if name != "HEAD" and not re.fullmatch(r"[0-9a-f]{7,64}", name):
            return None
        commit = self.info(f"{name}^{{commit}}")
        return commit.hash if commit else None

    def recent(self, most: int) -> tuple[str, ...]:
        """The commits of the newest branches, remote branches and tags, newest first."""
        form = "--format=%(objecttype) %(objectname) %(*objecttype) %(*objectname)"
        refs = ("refs/heads", "refs/remotes", "refs/tags")
        lines = self.run("for-each-ref", "--sort=-creatordate", f"--count={most}", form, *refs).decode().split("\n")
        hashes = re.findall(r"(?:^|\s)commit ([0-9a-f]{40,64})\b", "\n".join(lines))
        return tuple(dict.fromkeys(hashes))

    def touching(self, commits: Sequence[str], paths: Sequence[str], most: int, seconds: float) -> tuple[str, ...]:
        """The newest commits up to `commits` that change one of the paths, newest first."""
        arguments = (f"--max-count={most}", "--end-of-options", *commits, "--", *paths)
        lines = self.run("rev-list", *arguments, seconds=seconds)
        return tuple(lines.decode().split())

    def info(self, name: str) -> Object | None:
        """The object of a name such as "HASH" or "HASH:PATH", None if there is none or more than one."""
        return self._query("info", name)[0]

    def entry(self, commit: str, path: str) -> tuple[int, str] | None:
        """Mode and hash of what a commit has at a path, None for nothing."""
        folder, _, name = path.rpartition("/")
        return self._folder(commit, folder).get(name)

    def _folder(self, commit: str, folder: str) -> dict[str, tuple[int, str]]:
        """Mode and hash of everything in a folder, which is empty if there is none; who reads headers asks often."""
        if (cached := self._folders.get((commit, folder))) is not None:
            return cached
        tree, data = self._query("contents", f"{commit}:{folder}")
        if len(self._folders) >= _FOLDERS_KEPT:
            self._folders.clear()
        entries = _entries(data, len(commit) // 2) if tree is not None and tree.kind == "tree" else ()
        self._folders[commit, folder] = {name: (mode, hash_) for mode, name, hash_ in entries}
        return self._folders[commit, folder]

    def blob(self, hash_: str) -> bytes:
        """The content of a file by its hash."""
        blob = self.info(hash_)
        if blob is None or blob.kind != "blob":
            raise self.refusal(f"object {hash_[:12]} is missing or damaged")
        if blob.size > _MAX_BLOB:
            raise self.refusal(f"object {hash_[:12]} has more than {_MAX_BLOB >> 20} MiB")
        return self._query("contents", hash_)[1]

    def files(self, commit: str, under: Sequence[str]) -> Iterator[str]:
        """The names of all regular files of a commit, or of those in some folders of it."""
        folders = [folder for folder in under if folder]
        listing = self.run("ls-tree", "-r", "-z", "--full-tree", "--end-of-options", commit, *folders)
        for line in listing.split(b"\0"):
            head, _, name = line.partition(b"\t")
            if head.startswith(b"100"):
                yield name.decode("utf-8", "surrogateescape")

    def grep(self, commit: str, words: Sequence[str], patterns: Sequence[str]) -> Iterator[str]:
        """The names of the files of a commit that hold one of the words; `patterns` as in "*.c"."""
        expressions = [part for word in words for part in ("-e", word)]
        options = ("-l", "-z", "-F", "-I", "--full-name", "--no-textconv", "--no-recurse-submodules")
        listing = self.run("grep", *options, *expressions, commit, "--", *patterns, good=(0, 1), globs=True)
        for line in listing.split(b"\0")[:-1]:
            yield line.partition(b":")[2].decode("utf-8", "surrogateescape")

    def refusal(self, reason: str) -> InputError:
        """The refusal of this repository, in one line."""
        return InputError(str(self.folder), None, reason)

    def _query(self, command: str, name: str) -> tuple[Object | None, bytes]:
        """Ask the kept process for the info or the contents of one object."""
        if "\n" in name or "\0" in name:
            return None, b""
        if self._reader is None:
            self._reader = _Process(self.folder, ("cat-file", "--batch-command"))
        try:
            self._reader.write(f"{command} {name}\n".encode("utf-8", "surrogateescape"))
            answer = re.fullmatch(rb"([0-9a-f]{40,64}) (blob|tree|commit|tag) (\d+)", self._reader.line())
            if answer is None:
                return None, b""
            object_ = Object(answer[1].decode(), answer[2].decode(), int(answer[3]))
            return object_, self._reader.take(object_.size + 1)[:-1] if command == "contents" else b""
        except InputError:
            self.close()
            raise


def is_repository(folder: Path) -> bool:
    """Is this the top of a work tree, or a bare repository?"""
    bare = (folder / "HEAD").is_file() and (folder / "objects").is_dir() and (folder / "refs").is_dir()
    return bare or (folder / ".git").exists()


def around(folder: Path) -> Path | None:
    """The repository that a folder is in, None if it is in none or that cannot be seen."""
    try:
        resolved = folder.resolve()
        return next((top for top in (resolved, *resolved.parents) if is_repository(top)), None)
    except OSError:
        return None


def hooks_folder(repository: Path) -> Path:
    """Where git looks for the hooks of a repository, given by its top folder: it knows of core.hooksPath and of linked
    work trees. Raises InputError."""
    command = ["git", "-C", str(repository), "rev-parse", "--git-path", "hooks"]
    try:
        rev_parse = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise InputError(str(repository), None, "git does not tell where its hooks are") from error
    return repository / os.fsdecode(rev_parse.stdout).removesuffix("\n")


def _entries(tree: bytes, width: int) -> Iterator[tuple[int, str, str]]:
    """Mode, name and hash of everything in a tree object, whose hashes have `width` bytes."""
    at = 0
    while at < len(tree):
        end = tree.index(b"\0", at)
        mode, _, name = tree[at:end].partition(b" ")
        at = end + 1 + width
        yield int(mode, 8), name.decode("utf-8", "surrogateescape"), tree[end + 1 : at].hex()


class _Process:
    """A running git, read with limits of time and size."""

    def __init__(
        self, folder: Path, arguments: Sequence[str], globs: bool = False, variables: Mapping[str, str] | None = None
    ) -> None:
        self.folder = folder
        self.buffer = bytearray()
        env = {name: os.environ[name] for name in _KEPT if name in os.environ} | _SHUT | dict(variables or {})
        env["GIT_CEILING_DIRECTORIES"] = str(folder.parent)
        if globs:
            del env["GIT_LITERAL_PATHSPECS"]
        self.stderr = tempfile.TemporaryFile()  # noqa: SIM115 - close() closes it
        try:
            self.process = subprocess.Popen(
                ["git", *_OPTIONS, "-C", str(folder), *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self.stderr,
                env=env,
            )
        except OSError as error:
            self.stderr.close()
            raise self._refusal(f"git cannot be run: {error.strerror}") from error
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.stdin, self.stdout = self.process.stdin, self.process.stdout
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.stdout, selectors.EVENT_READ)

    def output(self, good: Sequence[int], seconds: float) -> bytes:
        """All it prints, up to its end with one of the `good` statuses."""
        self.stdin.close()
        deadline = time.monotonic() + seconds
        while self._fill_buffer(deadline):
            pass
        if self._status() not in good:
            raise self._refusal(self._error_message())
        return bytes(self.buffer)

    def write(self, data: bytes) -> None:
        """Hand a line to it."""
        with contextlib.suppress(OSError):  # it is dead, and reading tells why
            self.stdin.write(data)
            self.stdin.flush()

    def line(self) -> bytes:
        """The next line, without its end."""
        deadline = time.monotonic() + _SECONDS
        while b"\n" not in self.buffer:
            self._wait(deadline)
        return self.take(self.buffer.index(b"\n") + 1)[:-1]

    def take(self, size: int) -> bytes:
        """The next `size` bytes."""
        deadline = time.monotonic() + _SECONDS
        while len(self.buffer) < size:
            self._wait(deadline)
        data = bytes(self.buffer[:size])
        del self.buffer[:size]
        return data

    def close(self) -> None:
        """End it."""
        self.selector.close()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for file in (self.stdin, self.stdout, self.stderr):
            with contextlib.suppress(OSError):  # what it did not read is lost
                file.close()

    def _wait(self, deadline: float) -> None:
        if not self._fill_buffer(deadline):
            self._status()
            raise self._refusal(self._error_message())

    def _status(self) -> int:
        """The status with which it ends, now that it prints no more."""
        try:
            return self.process.wait(_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise self._refusal(_TOO_LONG) from error

    def _fill_buffer(self, deadline: float) -> bool:
        """Read what has come; False at the end."""
        if not self.selector.select(max(0.0, deadline - time.monotonic())):
            raise self._refusal(_TOO_LONG)
        data = os.read(self.stdout.fileno(), 1 << 18)
        self.buffer += data
        if len(self.buffer) > _MAX_OUTPUT:
            raise self._refusal(f"git printed more than {_MAX_OUTPUT >> 20} MiB")
        return bool(data)

    def _error_message(self) -> str:
        """What git said on standard error, in one line."""
        self.stderr.seek(0)
        lines = [line for line in self.stderr.read(4096).decode("utf-8", "replace").split("\n") if line.strip()]
        message = next(
            (line for line in lines if line.startswith(("fatal:", "error:"))), lines[0] if lines else "failed"
        )
        message = re.sub(r"^(?:fatal|error): ", "", message)
        return "git: " + "".join(char if char.isprintable() else "?" for char in message)[:200]

    def _refusal(self, reason: str) -> InputError:
        return InputError(str(self.folder), None, reason)
