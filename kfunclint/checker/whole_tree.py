"""The review of a whole kernel tree: every line of it counts as new."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from kfunclint.c.syntax import Unit
from kfunclint.checker.context import build_facts, wants_types, with_released
from kfunclint.checker.lines import LineIndex
from kfunclint.checker.result import Review
from kfunclint.checker.review import in_order
from kfunclint.checker.runner import RuleRunner
from kfunclint.clang import Parser
from kfunclint.facts.docs import Comment, Doc, Prose
from kfunclint.facts.facts import Facts
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Origin, Place
from kfunclint.flow.behaviour import Behaviours
from kfunclint.index import index
from kfunclint.index.definers import with_undefined
from kfunclint.index.file_facts import FileFacts, KfuncDefinition
from kfunclint.index.index import Index
from kfunclint.index.usage import Precedents
from kfunclint.kernel.kernel import Kernel
from kfunclint.kernel.target import TreeFit, target
from kfunclint.kernel.vocabulary import Vocabulary
from kfunclint.patch.postimage import Line, PostImage, whole
from kfunclint.progress import Step
from kfunclint.rule.functions import FunctionTable, behaviours_of
from kfunclint.rule.rule import Rule
from kfunclint.tree.tree import Tree, text


def audit(
    tree: Tree,
    paths: Sequence[str],
    rules: Sequence[Rule[Any]],
    parser: Parser,
    *,
    functions: tuple[FunctionTable, ...] = (),
    release: str | None = None,
    deep: bool = False,
    step: Step = lambda what: None,
) -> Review:
    """Review every kfunc of a tree, or those below some of its paths.

    `functions` are rows beside those of kfunclint; `release` is one to judge it for instead of its own; `deep` reads
    the types of all kfuncs from its headers.

    Raises InputError or OSError for a tree that cannot be read, ValueError for a release that is none.
    """
    tops = tuple(path.strip("/") for path in paths)
    tree_index = index.build(tree, [top for top in tops if top.partition("/")[0] in index.OUTSIDE], step)
    files = tuple(filter(None, (index.source_of(tree, path) for path in _paths(tree_index, tops))))
    sources = tuple(_numbered_sources(files, tops))
    kernel = target(release, fit=TreeFit(Vocabulary(partial(text, tree))))
    behaviours = behaviours_of(kernel.settled, functions)
    wanted = _judged(tree_index, tops)
    parse = _Parse(files, tree, parser, kernel, behaviours, wanted=wanted, state=tree_index.state, deep=deep, step=step)
    facts, unparsed = build_facts(sources, parse, behaviours=behaviours)
    facts = with_undefined(facts, tree, {source.path for source in sources}, step)
    released = index.released(tree, tree_index) if tops else facts.released
    run = RuleRunner(rules, kernel, _TreeLines((), None, sources), Precedents(tree, parser, (), step))
    run.run_over(_of_kfuncs(with_released(facts, released)))
    return Review(
        series=None,
        patches=(),
        cover=None,
        sources=sources,
        lines=run.lines,
        base=None,
        kernel=kernel.target,
        findings=in_order(run.findings),
        skipped=run.skipped | unparsed,
        failures=run.failures,
        unreadable=(),
        rules=tuple(rule.description for rule in rules),
        tree=tree.name,
        unchecked=frozenset({*run.unchecked, *unparsed}),
    )


class _Parse:
    """Parses files as old ones, of which only kfuncs are of interest, whatever lines of theirs count as new."""

    def __init__(
        self,
        files: Iterable[PostImage],
        tree: Tree,
        parser: Parser,
        kernel: Kernel,
        behaviours: Behaviours,
        *,
        wanted: Collection[str],
        state: str,
        deep: bool,
        step: Step,
    ) -> None:
        self.files = {file.path: file for file in files}
        self.wanted = wanted
        self.state = state
        self.tree = tree
        self.parser = parser
        self.kernel = kernel
        self.behaviours = behaviours
        self.deep = deep
        self.step = step

    def __call__(self, source: PostImage, names: Collection[str]) -> Unit:
        if source.path not in self.wanted:  # nothing is said of it
            return Unit(source.path)
        self.step(source.path)
        file = self.files[source.path]
        unit = index.parsed(self.tree, self.parser, file, names=names)
        if not (self.deep or wants_types(source, unit, self.kernel, self.behaviours)):
            return unit
        return self.parser.with_types(unit, file, self.tree, state="" if _is_outside(file) else self.state)


def _is_outside(file: PostImage) -> bool:
    """Is it, and what it may include, not among the files whose state is known?"""
    return not index.is_inside(file.path)


class _TreeLines(LineIndex):
    """The lines of a tree: the number of a source stands for that of a patch."""

    def origin_in(self, number: int | None, mail_line: int) -> Origin | None:
        return Origin(number, "", mail_line) if number is not None else None


def _paths(tree_index: Index, tops: Sequence[str]) -> list[str]:
    """The files below the tops that define, list or register kfuncs, and those elsewhere that share a kfunc with them,
    or that these read."""
    judged = _judged(tree_index, tops)
    names = {name for file in tree_index.files if file.path in judged for name in _names(file)}
    names |= {definition.name for definition in tree_index.elsewhere if definition.at.path in judged}
    near = [file for file in tree_index.files if file.path in judged or not names.isdisjoint(_names(file))]
    elsewhere = {definition.at.path or "" for definition in tree_index.elsewhere if definition.name in names}
    known = {file.path for file in tree_index.files}
    read = {path for file in near for path in file.reads if path in known}
    return sorted(judged | elsewhere | read | {file.path for file in near})


def _names(file: FileFacts) -> Iterator[str]:
    """The kfuncs that a file defines or lists."""
    yield from (definition.name for definition in file.definitions)
    yield from (entry.name for entry in file.entries)


def _judged(tree_index: Index, tops: Sequence[str]) -> set[str]:
    """The files below the tops, and those that define what sets below them list."""
    listed = {entry.name for entry in tree_index.entries if _is_below(entry.at.path or "", tops)}
    definitions = tree_index.definitions()
    paths = {file.path for file in tree_index.files} | {at.path or "" for at in _places(tree_index.elsewhere)}
    below = {path for path in paths if _is_below(path, tops)}
    return below | {at.path or "" for name in listed for at in _places(definitions.get(name, ()))}


def _places(definitions: Iterable[KfuncDefinition]) -> Iterator[Place]:
    return (definition.at for definition in definitions)


def _is_below(path: str, tops: Sequence[str]) -> bool:
    return not tops or any(path == top or path.startswith(f"{top}/") for top in tops)


def _numbered_sources(files: Iterable[PostImage], tops: Sequence[str]) -> Iterator[PostImage]:
    """The files; every line of those below one of the tops is new, and has the number of its file for a patch."""
    for number, file in enumerate(files, 1):
        if _is_below(file.path, tops):
            lines = (line for visible in file.ranges for line in visible.lines)
            yield whole(file.path, [Line(line.text, number, at) for at, line in enumerate(lines, 1)])
        else:
            yield file


def _of_kfuncs(facts: Facts) -> Facts:
    """The facts without what people read about other functions in the same files."""
    kfuncs = {kfunc.name for kfunc in facts.by_type(Kfunc)}
    narrowed = facts.replaced(Prose, (prose for prose in facts.by_type(Prose) if prose.function in kfuncs))
    return narrowed.replaced(Doc, (doc for doc in facts.by_type(Doc) if doc.function in kfuncs)).replaced(Comment, ())
