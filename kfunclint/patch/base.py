"""Which state of a kernel tree a series applies to."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from kfunclint.errors import InputError
from kfunclint.git.repository import Repository
from kfunclint.mail.message import Series
from kfunclint.patch.apply import LineInterner, Misfit, place_hunks
from kfunclint.patch.diff import FileDiff, Patch
from kfunclint.patch.postimage import Base, HunkPlacement, Line, PatchStep, splice, text_lines
from kfunclint.tree.tree import C, GitTree, Tree
from kfunclint.value import replace

_UNIQUE = 12  # a shorter hash may stand for several objects
_MOST_BRANCHES = 200
_MOST_STARTS = 20
_MOST_COMMITS = 500
_SEARCH_SECONDS = 10
_Hashes = Mapping[str, str]
_INDEX = re.compile(r"index ([0-9a-f]{7,64})\.\.[0-9a-f]{7,64}(?: \d+)?")


def find_base(tree: Tree, series: Series, patches: Sequence[Patch]) -> Base:
    """The base of a series: the first state of the tree to which all of its C files apply, or else the best one.

    For a git repository, in this order: the base-commit; the newest commit whose files are those that the index lines
    name, and which has none that the series adds; HEAD. A folder has one state. Files that do not apply are in
    `unapplied`; nothing is raised for them.
    """
    old_hashes = _old_hashes(patches)
    best: Base | None = None
    for state, why, is_named in _states(tree, series, old_hashes):
        base = replace(_apply_to(state, why, patches), is_named=is_named)
        if not base.unapplied:
            return base
        if best is None or len(base.unapplied) < len(best.unapplied):
            best = base
    assert best is not None
    return best


def _states(tree: Tree, series: Series, old_hashes: _Hashes) -> Iterator[tuple[Tree, str, bool]]:
    """The states to try, why each, and whether the series names it."""
    if not isinstance(tree, GitTree):
        yield tree, *_why_folder(tree, old_hashes)
        return
    note = ""
    if series.base_commit:
        if (commit := _commit(tree.repository, series.base_commit)) is not None:
            yield tree.at(commit), f"base-commit of the series{_without_prerequisites(series.prerequisites)}", True
        else:
            note = f"; its base-commit {series.base_commit[:12]} is not in the repository"
    has_hashes = any(old_hashes.values())
    commit = _matching(tree, old_hashes, len(series.patches)) if old_hashes else None
    if commit is not None and (has_hashes or commit != tree.commit):
        commit_words = "HEAD, which has" if commit == tree.commit else "the newest commit with"
        reason = (
            f"{commit_words} the files that the index lines name"
            if has_hashes
            else "the newest commit without its new files"
        )
        yield tree.at(commit), f"{reason}{note}", has_hashes
    yield tree, f"HEAD, as far as the hunks apply{note}", False


def _without_prerequisites(prerequisites: Sequence[str]) -> str:
    if not prerequisites:
        return ""
    plural = "es" if len(prerequisites) > 1 else ""
    return f", without its {len(prerequisites)} prerequisite patch{plural}"


def _commit(repository: Repository, hash_: str) -> str | None:
    try:
        return repository.commit(hash_)
    except InputError:
        return None


def _why_folder(tree: Tree, old_hashes: _Hashes) -> tuple[str, bool]:
    is_same = any(old_hashes.values()) and all(_is_blob(tree, path, hash_) for path, hash_ in old_hashes.items())
    why = "its files are those that the index lines name" if is_same else "as it stands, as far as the hunks apply"
    return why, is_same


def _is_blob(tree: Tree, path: str, hash_: str) -> bool:
    try:
        data = tree.read(path)
    except InputError:
        return False
    if data is None or not hash_:
        return data is None and not hash_
    algorithm = hashlib.sha256 if len(hash_) == 64 else hashlib.sha1
    return algorithm(b"blob %d\0" % len(data) + data).hexdigest().startswith(hash_)


def _old_hashes(patches: Iterable[Patch]) -> dict[str, str]:
    """The hashes, maybe shortened, of the C files as the series found them, by path; "" for one that it adds."""
    hashes: dict[str, str] = {}
    changed: set[str] = set()
    for patch in patches:
        for file in patch.files:
            if file.old_path is not None and file.old_path not in changed and file.old_path.endswith(C):
                match = next(filter(None, map(_INDEX.fullmatch, file.headers)), None)
                if match:
                    hashes[file.old_path] = match[1]
            if file.kind == "new" and file.new_path is not None and file.new_path not in changed:
                hashes |= {file.new_path: ""} if file.new_path.endswith(C) else {}
            changed |= _names(file)
    return hashes


def _matching(tree: GitTree, hashes: _Hashes, count: int) -> str | None:
    """The newest commit that has all these files, as far as looking for it is cheap; the series has `count` patches.

    A file that is not there yet is missed by any old branch, so where there is no other only what led to HEAD counts.
    """
    repository = tree.repository
    try:
        recent = repository.recent(_MOST_BRANCHES) if any(hashes.values()) else ()
        below_series = repository.info(f"{tree.commit}~{count}")  # who sends a series has it on top
        nearest = [tree.commit, below_series.hash] if below_series else [tree.commit]
        for commit in (*nearest, *recent):
            if _has_files(repository, commit, hashes):
                return commit
        if not all(repository.info(hash_) for hash_ in hashes.values() if len(hash_) >= _UNIQUE):
            return None
        starts = (tree.commit, *recent[:_MOST_STARTS])
        candidates = repository.touching(starts, list(hashes), _MOST_COMMITS, _SEARCH_SECONDS)
        return next(
            (commit for commit in _with_parents(repository, candidates) if _has_files(repository, commit, hashes)), None
        )
    except InputError:
        return None


def _with_parents(repository: Repository, commits: Iterable[str]) -> Iterator[str]:
    """The commits, each with the one before it: a series that is applied already began there."""
    for commit in commits:
        yield commit
        parent = repository.info(f"{commit}^")
        if parent is not None:
            yield parent.hash


def _has_files(repository: Repository, commit: str, hashes: _Hashes) -> bool:
    for path, hash_ in hashes.items():
        blob = repository.info(f"{commit}:{path}")
        if (blob is None) != (hash_ == "") or (blob is not None and not blob.hash.startswith(hash_)):
            return False
    return True


def _apply_to(tree: Tree, why: str, patches: Sequence[Patch]) -> Base:
    """Apply the series to a state of the tree."""
    application = _SeriesApplication(tree, patches)
    for patch in patches:
        application.apply(patch)
    return application.result(why)


class _SeriesApplication:
    """An attempt to apply a series: files that it renames or copies stand or fall together, in a group."""

    def __init__(self, tree: Tree, patches: Sequence[Patch]) -> None:
        self.tree = tree
        self.groups = _groups(patches)
        self.files: dict[str, tuple[Line, ...]] = {}
        self.images: dict[str, list[Line] | None] = {}
        self.placements: dict[tuple[int, int], tuple[str, tuple[HunkPlacement, ...]]] = {}
        self.misfits: dict[str, str] = {}
        self.alphabet = LineInterner()
        self.step = PatchStep[list[Line]](())

    def apply(self, patch: Patch) -> None:
        """Apply a patch, file by file."""
        self.step = PatchStep(patch.files)
        for index, file in enumerate(patch.files):
            self._apply_file(patch.mail.subject.number, index, file)
        self.images.update(self.step.images)

    def _apply_file(self, patch: int, index: int, file: FileDiff) -> None:
        """Apply what a patch does to a file, or note why its group of files does not apply."""
        group = self.groups.get(file.new_path or file.old_path or "")
        if group is None or group in self.misfits:
            return
        try:
            self.placements[patch, index] = group, self._apply(file, patch)
        except Misfit as why:
            self.misfits[group] = str(why)
        except InputError as why:
            self.misfits[group] = f"{why.reason} ({self.tree.name})"

    def result(self, why: str) -> Base:
        """The base, without the groups of files that failed."""
        unapplied = {path: self.misfits[group] for path, group in self.groups.items() if group in self.misfits}
        files = {path: lines for path, lines in self.files.items() if path not in unapplied}
        placements = {
            key: placements for key, (group, placements) in self.placements.items() if group not in self.misfits
        }
        return Base(self.tree, self.tree.name, why, files, placements, unapplied)

    def _apply(self, file: FileDiff, patch: int) -> tuple[HunkPlacement, ...]:
        self._check(file)
        image = list(self._source(file) or ())
        placements = place_hunks([line.text for line in image], file.hunks, self.alphabet, self.tree.name)
        for hunk, placement in zip(file.hunks, placements, strict=True):
            splice(image, hunk, placement, patch)
        self.step.put(file, image)
        return placements

    def _check(self, file: FileDiff) -> None:
        """Raises Misfit if a file is not there that must be, or is there that must not be."""
        if file.kind == "binary":
            raise Misfit("binary patch")
        if file.kind in ("modified", "mode") and file.old_path != file.new_path:
            raise Misfit("the patch has two names for it")
        if file.old_path is not None and self._source(file) is None:
            raise Misfit(f"it is not in {self.tree.name}")
        is_created = file.new_path is not None and file.new_path != file.old_path
        if is_created and not self.step.may_create(file, self._image(file.new_path or "")):
            raise Misfit(f"it is in {self.tree.name} already")

    def _source(self, file: FileDiff) -> list[Line] | None:
        """The lines that the hunks of a file are put into, None if there is no such file."""
        return None if file.old_path is None else self.step.source(file, self._image(file.old_path))

    def _image(self, path: str) -> list[Line] | None:
        """The lines of a file as it was before the patch, None if there was none."""
        if path not in self.images:
            data = self.tree.read(path)
            if data is not None and b"\0" in data:
                raise Misfit(f"it is no text in {self.tree.name}")
            self.images[path] = None
            if data is not None:
                self.images[path] = lines = [Line(text) for text in text_lines(data)]
                self.files[path] = tuple(lines)
        return self.images[path]


def _groups(patches: Iterable[Patch]) -> dict[str, str]:
    """For every path of a group with a C file in it the path that stands for the group."""
    parents: dict[str, str] = {}

    def top(path: str) -> str:
        while (above := parents.setdefault(path, path)) != path:
            parents[path] = parents[above]
            path = above
        return path

    for patch in patches:
        for file in patch.files:
            path, *others = _names(file)
            for neighbour in others:
                parents[top(neighbour)] = top(path)
            top(path)
    with_c = {top(path) for path in list(parents) if path.endswith(C)}
    return {path: top(path) for path in list(parents) if top(path) in with_c}


def _names(file: FileDiff) -> set[str]:
    return {path for path in (file.old_path, file.new_path) if path is not None}
