"""Commits on top of a branch that `git rebase --autosquash` folds into those that they mend.

They are made of objects alone; then the branch, its clean index and its clean work tree move to the last of them, as
`git reset --keep` does it. All of it is the user's own git, with the user's settings and name.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from kfunclint.git.repository import Repository

_SECONDS = 120
_BUSY = {
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase or git am",
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "BISECT_LOG": "a bisection",
}


class LineChange(NamedTuple):
    """A line of a file of HEAD (1-based) and the lines that come for it; without a path a line of the body of a
    message, 0 for the title, and the one that comes for it."""

    path: str | None
    line: int
    old: str
    new: tuple[str, ...]


class Fixup(NamedTuple):
    """What a commit, named by its full hash, is to have otherwise: lines of files, and lines of its message; `notes`
    say what is mended, in a line each."""

    commit: str
    files: tuple[LineChange, ...]
    message: tuple[LineChange, ...]
    notes: tuple[str, ...]


def check(repository: Repository, commits: Sequence[str]) -> None:
    """Can fixups for these commits, oldest first, be put on top? Raises InputError if they do not end at HEAD, if one
    in between is a merge, if a tracked file is changed, or if git is in the middle of something."""
    if _git(repository, "rev-parse", "--is-bare-repository") == "true":
        raise repository.refusal("a bare repository has no branch checked out")
    for name, what in _BUSY.items():
        if (repository.folder / _git(repository, "rev-parse", "--git-path", name)).exists():
            raise repository.refusal(f"{what} is going on; finish or abort it first")
    if not commits or _git(repository, "rev-parse", "HEAD") != commits[-1]:
        raise repository.refusal("the range does not end at HEAD, where fixup commits would be put")
    if _git(repository, "rev-list", "--merges", "HEAD", *_below(repository, commits[0])):
        raise repository.refusal("there is a merge in the range, which git rebase would take apart")
    if _git(repository, "status", "--porcelain", "--untracked-files=no"):
        raise repository.refusal("there are changes that are not committed; commit or stash them first")


def commit(repository: Repository, fixups: Sequence[Fixup]) -> int:
    """Put fixup commits on top of HEAD, in the order of the commits that they mend; gives how many there are.

    For what check() does not refuse. Raises InputError for a file or message that is not as it was reviewed.
    """
    head = parent = _git(repository, "rev-parse", "HEAD")
    made: list[str] = []
    done: list[LineChange] = []
    titles = _git(repository, "log", "--format=%s", "HEAD", *_below(repository, fixups[0].commit)).split("\n")
    for fixup in fixups:
        title = _git(repository, "log", "-1", "--format=%s", fixup.commit)
        name = title if titles.count(title) == 1 else fixup.commit
        if fixup.files:
            done += fixup.files
            text = f"fixup! {name}\n\n" + "".join(f"{note}\n" for note in fixup.notes)
            made.append(_commit(repository, _tree(repository, head, done), parent, text))
            parent = made[-1]
        if fixup.message:
            text = f"amend! {name}\n\n{_reworded(repository, fixup)}"
            made.append(_commit(repository, f"{parent}^{{tree}}", parent, text))
            parent = made[-1]
    if _git(repository, "rev-parse", "HEAD") != head:
        raise repository.refusal("HEAD has moved meanwhile; nothing was committed")
    _git(repository, "reset", "--keep", "--quiet", parent, variables={"GIT_REFLOG_ACTION": "kfunclint --fix=commits"})
    return len(made)


def _below(repository: Repository, commit: str) -> list[str]:
    """What leaves out the parents of a commit, of which a root has none."""
    parents = _git(repository, "log", "-1", "--format=%P", commit).split()
    return [f"^{parent}" for parent in parents]


def _commit(repository: Repository, tree: str, parent: str, message: str) -> str:
    tree = _git(repository, "rev-parse", tree)
    return _git(repository, "-c", "i18n.commitEncoding=UTF-8", "commit-tree", tree, "-p", parent, text=message)


def _tree(repository: Repository, head: str, changes: Iterable[LineChange]) -> str:
    """The tree of HEAD with lines of files replaced."""
    files: dict[str, list[LineChange]] = {}
    for change in changes:
        files.setdefault(change.path or "", []).append(change)
    with tempfile.TemporaryDirectory() as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        _git(repository, "read-tree", head, variables=index)
        for path, of_file in files.items():
            mode, blob = _blob(repository, head, path, of_file)
            _git(repository, "update-index", "--cacheinfo", f"{mode:o},{blob},{path}", variables=index)
        return _git(repository, "write-tree", variables=index)


def _blob(repository: Repository, head: str, path: str, changes: Iterable[LineChange]) -> tuple[int, str]:
    """The mode of a file of HEAD, and the blob that it becomes."""
    entry = repository.entry(head, path)
    if entry is None:
        raise repository.refusal(f"{path} is not in HEAD")
    lines = repository.blob(entry[1]).split(b"\n")
    for change in sorted(changes, key=lambda change: change.line, reverse=True):
        if change.line > len(lines) or lines[change.line - 1] != change.old.encode():
            raise repository.refusal(f"line {change.line} of {path} is not as it was reviewed")
        lines[change.line - 1 : change.line] = [text.encode() for text in change.new]
    return entry[0], _git(repository, "hash-object", "-w", "--stdin", text=b"\n".join(lines))


_BODY = 2  # the title and an empty line stand above the body of a message


def _reworded(repository: Repository, fixup: Fixup) -> str:
    """The message of a commit with its lines replaced."""
    text = _git(repository, "-c", "i18n.logOutputEncoding=UTF-8", "log", "-1", "--format=%B", fixup.commit)
    lines = text.split("\n")
    for change in fixup.message:
        at = change.line + _BODY - 1 if change.line else 0
        if at >= len(lines) or lines[at] != change.old:
            raise repository.refusal(f"the message of commit {fixup.commit[:12]} is not as it was reviewed")
        lines[at] = change.new[0]
    return "\n".join(lines) + "\n"


def _git(
    repository: Repository, *arguments: str, text: str | bytes = b"", variables: Mapping[str, str] | None = None
) -> str:
    """What git prints, without the last line end. Raises InputError with what it says when it fails."""
    command = ["git", "--no-pager", "-C", str(repository.folder), "-c", "color.ui=false", *arguments]
    data = text.encode() if isinstance(text, str) else text
    env = {**os.environ, "LC_ALL": "C", **(variables or {})}
    try:
        done = subprocess.run(command, input=data, capture_output=True, env=env, timeout=_SECONDS, check=False)
    except (OSError, subprocess.SubprocessError) as error:
        raise repository.refusal("git cannot be run, or took too long") from error
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").split("\n")
        raise repository.refusal(f"git {arguments[0]}: {next((line for line in lines if line.strip()), 'failed')}")
    return done.stdout.decode("utf-8", "surrogateescape").removesuffix("\n")
