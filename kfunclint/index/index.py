"""The index of a kernel tree: every kfunc, entry, set, registration and filter, and where it stands."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kfunclint.facts.sets import Entry
from kfunclint.git.repository import HASH
from kfunclint.index import cache, file_facts
from kfunclint.index.cache import CachedHits, CachedIndex
from kfunclint.index.file_facts import FileFacts, KfuncDefinition
from kfunclint.patch import postimage
from kfunclint.patch.postimage import PostImage
from kfunclint.progress import Step
from kfunclint.tree.tree import GitTree, Tree
from kfunclint.tree.walk import LARGEST, SUFFIXES, scan_tree

OUTSIDE = ("Documentation", "samples", "scripts", "tools")
"""The folders of a tree whose C is not part of the kernel: selftests, samples, programs for the build."""

_MOST_SOUGHT = 64  # names that every file is searched for; no kernel has needed ten


@dataclass(frozen=True, slots=True)
class Index:
    """`files` in the order of their paths; `elsewhere` are the definitions that stand in none of them: of functions
    older than their set, without __bpf_kfunc."""

    files: tuple[FileFacts, ...]
    elsewhere: tuple[KfuncDefinition, ...]

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All entries, in the order of files and lines."""
        return tuple(entry for file in self.files for entry in file.entries)

    def definitions(self) -> Mapping[str, tuple[KfuncDefinition, ...]]:
        """The definitions by name; several where #if chooses between them."""
        found: dict[str, list[KfuncDefinition]] = {}
        for one in (*(one for file in self.files for one in file.definitions), *self.elsewhere):
            found.setdefault(one.name, []).append(one)
        return {name: tuple(those) for name, those in found.items()}


def build(tree: Tree, also: Sequence[str] = (), step: Step = lambda what: None) -> Index:
    """The index of a tree, from the cache where it is still true.

    `also` are folders of OUTSIDE to take in, which are not cached. `step` is told what is being read. Raises
    InputError or OSError for a tree that cannot be read.
    """
    name = cache.key(identity(tree))
    before = cache.load(name) or CachedIndex("", {}, (), ())
    now = _updated(tree, before, step)
    if now is not before:
        cache.save(name, now)
    files = {file.path: file for file in now.files}
    if also:
        paths = tree.containing((file_facts.HINT,), also, SUFFIXES)
        files |= {file.path: file for file in _read(tree, paths, step)}
    return Index(tuple(files[path] for path in sorted(files)), now.elsewhere)


def identity(tree: Tree) -> str:
    """What tells a tree from others on this machine."""
    where = tree.repository.folder if isinstance(tree, GitTree) else tree.root
    return f"{type(tree).__name__} {where.resolve() if where else tree.name}"


def _updated(tree: Tree, before: CachedIndex, step: Step) -> CachedIndex:
    """What is true now; `before` itself if it still is."""
    news = _news_of_git(tree, before, step) if isinstance(tree, GitTree) else _news_of_folder(tree, before, step)
    if news is None:
        return before
    old = [file for file in before.files if not any(map(news.is_changed, (file.path, *file.reads)))]
    again = {file.path for file in before.files}.difference(file.path for file in old)
    files = {file.path: file for file in (*old, *_read(tree, again.union(news.hits), step))}
    known = [one for one in before.elsewhere if not news.is_changed(one.at.path or "")]
    elsewhere = _elsewhere(tree, files.values(), known, step)
    return CachedIndex(news.state, news.stamps, tuple(files[path] for path in sorted(files)), elsewhere)


@dataclass(frozen=True, slots=True)
class _Changes:
    """What became of a tree: its new state or stamps, which files changed, and which of them may be marked."""

    state: str
    stamps: Mapping[str, str]
    is_changed: Callable[[str], bool]
    hits: Collection[str]


def _news_of_folder(tree: Tree, before: CachedIndex, step: Step) -> _Changes | None:
    assert tree.root is not None
    found = scan_tree(tree.root, OUTSIDE, file_facts.HINT.encode(), before.stamps, step)
    if not found.changed:
        return None
    return _Changes("", found.stamps, lambda path: posixpath.dirname(path) in found.changed, found.hits)


def _news_of_git(tree: GitTree, before: CachedIndex, step: Step) -> _Changes | None:
    state = tree.state
    if state == before.state:
        return None
    changed = _difference(tree, before.state, state)
    if changed is None:
        step("git grep")
        return _Changes(state, {}, lambda path: True, list(filter(is_inside, tree.containing((file_facts.HINT,)))))
    hits = [path for path in changed if path.endswith(SUFFIXES) and is_inside(path)]
    return _Changes(state, {}, changed.__contains__, hits)


def _difference(tree: GitTree, old: str, new: str) -> frozenset[str] | None:
    """The paths in which two trees of a repository differ, None where the old one is not there any more."""
    found = tree.repository.info(old) if HASH.fullmatch(old) else None
    if found is None or found.kind != "tree":
        return None
    names = tree.repository.run("diff-tree", "-r", "-z", "--no-renames", "--name-only", old, new)
    return frozenset(names.decode("utf-8", "surrogateescape").split("\0")[:-1])


def is_inside(path: str) -> bool:
    """Is it the path of a part of the kernel?"""
    return path.partition("/")[0] not in OUTSIDE


def _read(tree: Tree, paths: Iterable[str], step: Step) -> Iterator[FileFacts]:
    """The facts of those files that are marked and have any."""
    for path in sorted(paths):
        data = tree.read(path)
        if data is not None and len(data) <= LARGEST and file_facts.marked(data):
            step(path)
            found = file_facts.read(path, data, tree.read)
            if found.definitions or found.entries or found.sets or found.registrations:
                yield found


def _elsewhere(
    tree: Tree, files: Collection[FileFacts], known: Sequence[KfuncDefinition], step: Step
) -> tuple[KfuncDefinition, ...]:
    """The definitions of kfuncs that stand in none of the files: the `known` ones that are still needed, and those
    that are found nearest to the set: in its folder, below the top folder it is in, or anywhere in the kernel."""
    here = {one.name for file in files for one in file.definitions}
    missing = {entry.name: file.path for file in files for entry in file.entries if entry.name not in here}
    missing = dict(list(missing.items())[:_MOST_SOUGHT])
    found = [one for one in known if one.name in missing]
    for one in found:
        missing.pop(one.name, None)
    for depth in (None, 1, 0):
        if missing:
            under = sorted({"/".join(path.split("/")[:-1][:depth]) for path in missing.values()})
            for path in filter(is_inside, tree.containing(tuple(missing), under, (".c",))):
                step(path)
                found.extend(file_facts.definitions(path, tree.read(path) or b"", tuple(missing)))
            for one in found:
                missing.pop(one.name, None)
    return tuple(sorted(found, key=lambda one: (one.at.path or "", one.at.line)))


def holding(tree: Tree, word: str, step: Step = lambda what: None) -> tuple[str, ...]:
    """The paths of the files in the kernel's part of a tree that hold a word, from the cache where they still do.

    `step` is told what is being read. Raises InputError or OSError for a tree that cannot be read.
    """
    name = cache.key(f"{identity(tree)} {word}")
    before = cache.load_hits(name) or CachedHits("", {}, ())
    if isinstance(tree, GitTree):
        state, stamps = tree.state, before.stamps
        if state == before.state:
            return before.paths
        step("git grep")
        paths = tuple(filter(is_inside, tree.containing((word,))))
    else:
        assert tree.root is not None
        found = scan_tree(tree.root, OUTSIDE, word.encode(), before.stamps, step)
        if not found.changed:
            return before.paths
        state, stamps = "", found.stamps
        old = (path for path in before.paths if posixpath.dirname(path) not in found.changed)
        paths = tuple(sorted({*old, *found.hits}))
    cache.save(name, CachedHits(state, stamps, paths))
    return paths


_MOST_RELATED = 20


def related(tree: Tree, found: Index, names: Collection[str], besides: Collection[str]) -> list[PostImage]:
    """The files of a tree that define or register functions of these names, whole, `besides` some that are known.

    `found` is the index of the tree. Raises InputError or OSError for a file that cannot be read.
    """
    paths = {
        file.path
        for file in found.files
        if any(entry.name in names for entry in file.entries) or any(one.name in names for one in file.definitions)
    }
    paths |= {one.at.path or "" for one in found.elsewhere if one.name in names}
    return [whole for path in sorted(paths.difference(besides))[:_MOST_RELATED] if (whole := source_of(tree, path))]


def source_of(tree: Tree, path: str) -> PostImage | None:
    """A file of a tree as a whole, of which no line is new; None if it is not there. Raises InputError or OSError."""
    data = tree.read(path)
    if data is None or len(data) > LARGEST:
        return None
    return postimage.whole(path, [postimage.Line(text) for text in postimage.text_lines(data)])


_FIRST_PARAMETER = re.compile(r"\(\s*(?:const\s+)?struct\s+(\w+)\s*\*", re.ASCII)
_HEADER = 400  # characters from the name of a function on, in which its first parameter stands


def released(tree: Tree, found: Index) -> frozenset[str]:
    """The structs of which some kfunc of the tree drops a reference: what those with KF_RELEASE take first.

    `found` is the index of the tree. Raises InputError or OSError for a file that cannot be read.
    """
    names = {entry.name for entry in found.entries if entry.flag("KF_RELEASE")}
    places = [one.at for name, those in found.definitions().items() if name in names for one in those]
    structs = set()
    for at in places:
        lines = postimage.text_lines(tree.read(at.path or "") or b"\n")[at.line - 1 : at.line + 4]
        match = _FIRST_PARAMETER.match("\n".join(lines)[at.end_column - 1 :][:_HEADER])
        if match:
            structs.add(match[1])
    return frozenset(structs)
