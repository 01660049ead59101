"""The index of a kernel tree: every kfunc, entry, set, registration and filter, and where it stands."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from typing import Any

from kfunclint.c import declarators
from kfunclint.c.syntax import Unit
from kfunclint.clang import Parser
from kfunclint.clang.answers import kept, name_of
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
from kfunclint.value import Value, field

OUTSIDE = ("Documentation", "samples", "scripts", "tools")
"""The folders of a tree whose C is not part of the kernel: selftests, samples, programs for the build."""

_MOST_SOUGHT = 64  # names that every file is searched for; no kernel has needed ten


class Index(Value):
    """`files` in the order of their paths; `elsewhere` are the definitions that stand in none of them: of functions
    older than their set, without __bpf_kfunc. `state` tells the sources of the tree from any others."""

    files: tuple[FileFacts, ...]
    elsewhere: tuple[KfuncDefinition, ...]
    state: str = field(default="", compare=False)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All entries, in the order of files and lines."""
        return tuple(entry for file in self.files for entry in file.entries)

    def definitions(self) -> Mapping[str, tuple[KfuncDefinition, ...]]:
        """The definitions by name; several where #if chooses between them."""
        by_name: dict[str, list[KfuncDefinition]] = {}
        for definition in (*(definition for file in self.files for definition in file.definitions), *self.elsewhere):
            by_name.setdefault(definition.name, []).append(definition)
        return {name: tuple(definitions) for name, definitions in by_name.items()}


class _Office:
    """Who reads whole trees: this process, or one that is asked."""

    ask: Callable[..., Any] | None = None


def asked_elsewhere(ask: Callable[..., Any]) -> None:
    """From now on ask another process, which has services(), for what is known of whole trees."""
    _Office.ask = ask


def services(tree: Tree, parser: Parser) -> Mapping[str, Callable[..., Any]]:
    """What a process asks that may neither start git nor write to the cache. The commit is that of the state of a git
    repository that it means, "" for a folder. `parser` is one that the process cannot speak to: what it had said to its
    own one may be answered only now."""

    def at(commit: str) -> Tree:
        return tree.at(commit) if isinstance(tree, GitTree) and HASH.fullmatch(commit) else tree

    return {
        "index": lambda commit: build(at(commit)),
        "holding": lambda commit, word: holding(at(commit), str(word)),
        "understood": lambda commit, *asked: _understood(at(commit), parser, *asked),
    }


def parsed(
    tree: Tree, parser: Parser, source: PostImage, lines: Collection[int] = (), names: Collection[str] = ()
) -> Unit:
    """The Unit of a file as it is in a tree, of which the parser's answer is kept between runs; see Parser.parse()."""
    if _Office.ask is None:
        return parser.parse(source, lines, names, kept)
    ask_office = _Office.ask

    def answered(question: Any, ask: Callable[[], Any]) -> Any:
        wanted = tuple(sorted(lines)), tuple(sorted(names))
        answer = ask_office("understood", _commit(tree), source.path, wanted, name_of(question))
        return ask() if answer is None else answer

    return parser.parse(source, lines, names, answered)


def _understood(tree: Tree, parser: Parser, path: str, wanted: tuple[Any, Any], question: str) -> Any:
    """The answer about a file as it is in a tree, of which lines and functions are wanted; None where that is not what
    the question is about. All but the tree and the parser comes from a child that is not to be believed."""

    def answered(own: Any, ask: Callable[[], Any]) -> Any:
        return kept(own, ask) if name_of(own) == question else None

    lines, names = wanted
    if not (all(type(line) is int for line in lines) and all(type(name) is str for name in names)):
        raise ValueError("not a question")
    source = source_of(tree, path)
    return None if source is None else parser.answer(source, lines, names, answered)


def _commit(tree: Tree) -> str:
    return tree.commit if isinstance(tree, GitTree) else ""


def build(tree: Tree, extra: Sequence[str] = (), step: Step = lambda what: None) -> Index:
    """The index of a tree, from the cache where it is still true.

    `extra` are folders of OUTSIDE to take in, which are not cached. `step` is told what is being read. Raises
    InputError or OSError for a tree that cannot be read.
    """
    if _Office.ask is not None:
        answer: Index = _Office.ask("index", _commit(tree))
        return answer
    name = cache.key(identity(tree))
    cached = cache.load(name) or CachedIndex("", {}, (), ())
    current = _update(tree, cached, step)
    if current is not cached:
        cache.save(name, current)
    files = {file.path: file for file in current.files}
    if extra:
        paths = tree.containing((file_facts.HINT,), extra, SUFFIXES)
        files |= {file.path: file for file in _read(tree, paths, step)}
    state = current.state or cache.key("\0".join(f"{name} {stamp}" for name, stamp in sorted(current.stamps.items())))
    return Index(tuple(files[path] for path in sorted(files)), current.elsewhere, state)


def identity(tree: Tree) -> str:
    """What tells a tree from others on this machine."""
    where = tree.repository.folder if isinstance(tree, GitTree) else tree.root
    return f"{type(tree).__name__} {where.resolve() if where else tree.name}"


def _update(tree: Tree, cached: CachedIndex, step: Step) -> CachedIndex:
    """What is true now; `cached` itself if it still is."""
    news = _news_of_git(tree, cached, step) if isinstance(tree, GitTree) else _news_of_folder(tree, cached, step)
    if news is None:
        return cached
    unchanged = [file for file in cached.files if not any(map(news.is_changed, (file.path, *file.reads)))]
    changed = {file.path for file in cached.files}.difference(file.path for file in unchanged)
    files = {file.path: file for file in (*unchanged, *_read(tree, changed.union(news.hits), step))}
    definitions = [definition for definition in cached.elsewhere if not news.is_changed(definition.at.path or "")]
    elsewhere = _elsewhere(tree, files.values(), definitions, step)
    return CachedIndex(news.state, news.stamps, tuple(files[path] for path in sorted(files)), elsewhere)


class _Changes(Value):
    """What became of a tree: its new state or stamps, which files changed, and which of them may be marked."""

    state: str
    stamps: Mapping[str, str]
    is_changed: Callable[[str], bool]
    hits: Collection[str]


def _news_of_folder(tree: Tree, cached: CachedIndex, step: Step) -> _Changes | None:
    assert tree.root is not None
    tree_scan = scan_tree(tree.root, OUTSIDE, file_facts.HINT.encode(), cached.stamps, step)
    if not tree_scan.changed:
        return None
    return _Changes("", tree_scan.stamps, lambda path: posixpath.dirname(path) in tree_scan.changed, tree_scan.hits)


def _news_of_git(tree: GitTree, cached: CachedIndex, step: Step) -> _Changes | None:
    state = tree.state
    if state == cached.state:
        return None
    changed = _difference(tree, cached.state, state)
    if changed is None:
        step("git grep")
        return _Changes(state, {}, lambda path: True, list(filter(is_inside, tree.containing((file_facts.HINT,)))))
    hits = [path for path in changed if path.endswith(SUFFIXES) and is_inside(path)]
    return _Changes(state, {}, changed.__contains__, hits)


def _difference(tree: GitTree, old: str, new: str) -> frozenset[str] | None:
    """The paths in which two trees of a repository differ, None where the old one is not there any more."""
    entry = tree.repository.info(old) if HASH.fullmatch(old) else None
    if entry is None or entry.kind != "tree":
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
            facts = file_facts.read(path, data, tree.read)
            if facts.definitions or facts.entries or facts.sets or facts.registrations:
                yield facts


def _elsewhere(
    tree: Tree, files: Collection[FileFacts], candidates: Sequence[KfuncDefinition], step: Step
) -> tuple[KfuncDefinition, ...]:
    """The definitions of kfuncs that stand in none of the files: the `candidates` still needed, and those
    that are found nearest to the set: in its folder, below the top folder it is in, or anywhere in the kernel."""
    in_files = {definition.name for file in files for definition in file.definitions}
    missing = {entry.name: file.path for file in files for entry in file.entries if entry.name not in in_files}
    missing = dict(list(missing.items())[:_MOST_SOUGHT])
    definitions = [definition for definition in candidates if definition.name in missing]
    for definition in definitions:
        missing.pop(definition.name, None)
    for depth in (None, 1, 0):
        if missing:
            under = sorted({"/".join(path.split("/")[:-1][:depth]) for path in missing.values()})
            for path in filter(is_inside, tree.containing(tuple(missing), under, (".c",))):
                step(path)
                definitions.extend(file_facts.definitions(path, tree.read(path) or b"", tuple(missing)))
            for definition in definitions:
                missing.pop(definition.name, None)
    return tuple(sorted(definitions, key=lambda definition: (definition.at.path or "", definition.at.line)))


def holding(tree: Tree, word: str, step: Step = lambda what: None) -> tuple[str, ...]:
    """The paths of the files in the kernel's part of a tree that hold a word, from the cache where they still do.

    `step` is told what is being read. Raises InputError or OSError for a tree that cannot be read.
    """
    if _Office.ask is not None:
        return tuple(_Office.ask("holding", _commit(tree), word))
    name = cache.key(f"{identity(tree)} {word}")
    cached = cache.load_hits(name) or CachedHits("", {}, ())
    if isinstance(tree, GitTree):
        state, stamps = tree.state, cached.stamps
        if state == cached.state:
            return cached.paths
        step("git grep")
        paths = tuple(filter(is_inside, tree.containing((word,))))
    else:
        assert tree.root is not None
        tree_scan = scan_tree(tree.root, OUTSIDE, word.encode(), cached.stamps, step)
        if not tree_scan.changed:
            return cached.paths
        state, stamps = "", tree_scan.stamps
        old = (path for path in cached.paths if posixpath.dirname(path) not in tree_scan.changed)
        paths = tuple(sorted({*old, *tree_scan.hits}))
    cache.save(name, CachedHits(state, stamps, paths))
    return paths


_MOST_RELATED = 20


def related(tree: Tree, tree_index: Index, names: Collection[str], exclude: Collection[str]) -> list[PostImage]:
    """The files of a tree that define or register functions of these names, whole, without those to `exclude`.

    `tree_index` is the index of the tree. Raises InputError or OSError for a file that cannot be read.
    """
    paths = {
        file.path
        for file in tree_index.files
        if any(entry.name in names for entry in file.entries)
        or any(definition.name in names for definition in file.definitions)
    }
    paths |= {definition.at.path or "" for definition in tree_index.elsewhere if definition.name in names}
    return [source for path in sorted(paths.difference(exclude))[:_MOST_RELATED] if (source := source_of(tree, path))]


def source_of(tree: Tree, path: str) -> PostImage | None:
    """A file of a tree as a whole, of which no line is new; None if it is not there. Raises InputError or OSError."""
    data = tree.read(path)
    if data is None or len(data) > LARGEST:
        return None
    return postimage.whole(path, [postimage.Line(text) for text in postimage.text_lines(data)])


_HEADER = 400  # characters from the name of a function on, in which its first parameter stands


def released(tree: Tree, tree_index: Index, exclude: Container[str] = ()) -> frozenset[str]:
    """The structs of which some kfunc of the tree drops a reference: what those with KF_RELEASE take first.

    `tree_index` is the index of the tree; the entries of files to `exclude` do not count. Raises InputError or OSError
    for a file that cannot be read.
    """
    entries = (entry for entry in tree_index.entries if entry.at.path not in exclude)
    names = {entry.name for entry in entries if entry.flag("KF_RELEASE")}
    places = [
        definition.at
        for name, definitions in tree_index.definitions().items()
        if name in names
        for definition in definitions
    ]
    structs = set()
    for at in places:
        lines = postimage.text_lines(tree.read(at.path or "") or b"\n")[at.line - 1 : at.line + 4]
        structs.add(declarators.first_struct("\n".join(lines)[at.end_column - 1 :][:_HEADER]))
    return frozenset(filter(None, structs))
