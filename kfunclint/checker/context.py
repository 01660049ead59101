"""From the files of a series to facts: scanned, parsed, and joined with what a tree has of their kfuncs elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from kfunclint.c.failure import Failure, FailureKind
from kfunclint.c.syntax import Function, Unit
from kfunclint.checker.changed import ChangedRegions
from kfunclint.clang import Parser
from kfunclint.errors import InputError
from kfunclint.extract.facts import extract
from kfunclint.extract.sets import Lexed, LexicalScan, scan
from kfunclint.facts.docs import Prose
from kfunclint.facts.facts import Facts
from kfunclint.facts.kfunc import Kfunc
from kfunclint.facts.losses import LostRelease
from kfunclint.facts.sets import Entry
from kfunclint.facts.spelling import slips, wrong_word
from kfunclint.facts.undefined import UndefinedEntry
from kfunclint.flow.behaviour import Behaviours
from kfunclint.flow.bounds import needs_types
from kfunclint.kernel.kernel import Kernel
from kfunclint.kernel.release import Release
from kfunclint.kernel.suffixes import SIZES
from kfunclint.patch.diff import Patch
from kfunclint.patch.postimage import Base, PostImage
from kfunclint.progress import Step
from kfunclint.recent import Recent
from kfunclint.rule.functions import FunctionTable, behaviours_of
from kfunclint.value import replace

if TYPE_CHECKING:
    from kfunclint.index.functions import TreeFunctions
    from kfunclint.index.index import Index
    from kfunclint.tree.tree import Tree

C = (".c", ".h")
_LARGEST_FILE = 2 << 20  # characters in view; the largest C file that people wrote for the kernel has half of it
_MOST_TEXT = 8 << 20
_MOST_STRANGERS = 1000
_MOST_SOUGHT = 16
_LONGEST_NAME = 64
_MANY = 3  # files
_MOST_STOPS = 4  # each may have taken all the time that a parse is given


def c_files(sources: Iterable[PostImage], skipped: dict[str, str] | None = None) -> tuple[PostImage, ...]:
    """The C files, as far as they are not too large to be looked at; what is left out goes to `skipped`."""
    files, budget = [], _MOST_TEXT
    for source in sources:
        size = sum(len(line.text) + 1 for visible in source.ranges for line in visible.lines)
        if not source.path.endswith(C):
            continue
        if size <= min(budget, _LARGEST_FILE):
            budget -= size
            files.append(source)
        elif skipped is not None:
            skipped[source.path] = "not looked at: the file, or all files together, are too large"
    return tuple(files)


class FactBuilder:
    """Makes facts of the files of a series, with what the tree has of their kfuncs in other ones."""

    def __init__(
        self,
        base: Base | None,
        parser: Parser,
        touched: ChangedRegions,
        kernel: Kernel,
        functions: tuple[FunctionTable, ...],
        *,
        deep: bool,
        step: Step,
    ) -> None:
        """`functions` are rows beside those of kfunclint; `deep`: read the real types of all whole files, not only
        where a rule cannot do without."""
        self.touched = touched
        self.base = base
        self.parser = parser
        self.kernel = kernel
        self.behaviours = behaviours_of(kernel.settled, functions)
        self.deep = deep
        self.step = step
        self.absent: dict[str, bool] = {}
        self.index: Index | None = None
        self._tree_functions: TreeFunctions | None = None
        self._lexed = Lexed()
        self._units: Recent[Unit] = Recent()
        parser.begin_series()

    def facts(
        self, sources: Sequence[PostImage], patches: Iterable[Patch] = (), cover: Patch | None = None
    ) -> tuple[Facts, dict[str, str]]:
        """The facts of files and messages, and why which files could not be parsed."""
        patches = tuple(patches)
        parse = partial(self._unit, series=sources)
        self._lexed.turn()
        self._units.turn()
        behaviours = self._behaviours(sources)
        facts, unparsed = build_facts(sources, parse, patches, cover, self._lexed, behaviours=behaviours)
        if self.base is not None and (related_files := self._related_files(facts, sources)):
            facts, unparsed = build_facts(
                (*sources, *related_files), parse, patches, cover, self._lexed, behaviours=behaviours
            )
        self._seek_callees(facts)
        return self._with_undefined(self._with_meant(self._with_released(facts)), sources), unparsed

    def _seek_callees(self, facts: Facts) -> None:
        """Look in the tree for what the kfuncs call that the series touches."""
        if self._tree_functions is None:
            return
        from kfunclint.index.functions import seek_callees  # most reviews have no tree

        kfuncs = [kfunc for kfunc in facts.by_type(Kfunc) if self.touched.overlaps(kfunc)]
        seek_callees(
            self._tree_functions,
            [(kfunc.at.path or "", kfunc.name, kfunc.definition.accounts.functions) for kfunc in kfuncs],
        )

    def _behaviours(self, sources: Sequence[PostImage]) -> Behaviours:
        """What functions out of view do: the rows, and where there is a tree what that says of others."""
        if self.base is None:
            return self.behaviours
        from kfunclint.index.functions import TreeFunctions  # most reviews have no tree

        own = {source.path for source in sources}
        self._tree_functions = TreeFunctions(self.base.tree, self.parser, self.behaviours, own, self.step)
        return self._tree_functions.behaviours

    def _with_meant(self, facts: Facts) -> Facts:
        """The facts with what was meant by names in messages and comments that the tree does not have."""
        if self.base is None:
            return facts
        doubtful = dict(_doubtful_names(facts.by_type(Prose)))
        try:
            self._seek({sought for sought, _ in doubtful.values()})
        except (InputError, OSError):
            return facts
        meant = {name: word for name, (sought, word) in doubtful.items() if self.absent.get(sought)}
        return facts.replaced(Prose, (replace(prose, meant=meant) for prose in facts.by_type(Prose)))

    def _seek(self, words: Iterable[str]) -> None:
        """Find out which words the tree does not have, whatever longer word they stand in; it takes seconds, so once.

        A name has it if a single file does; as a plain word it may be misspelled in a comment or two. Raises
        InputError or OSError.
        """
        assert self.base is not None
        new = sorted(set(words) - self.absent.keys())[: _MOST_SOUGHT - len(self.absent)]
        files = dict.fromkeys(new, 0)
        if new:
            self.step(f"looking for {', '.join(new)}")
            for path in self.base.tree.containing(new, suffixes=("",)):
                data = self.base.tree.read(path) or b""
                for word in new:
                    files[word] += _MANY if _names_it(word, data) else word.encode() in data
                if all(count >= _MANY for count in files.values()):
                    break
        self.absent |= {word: count < _MANY for word, count in files.items()}

    def _with_released(self, facts: Facts) -> Facts:
        """The facts with what the kfuncs of the tree release, as the series leaves it, if something of the series is
        not released by its own."""
        unreleased = self.touched.filter(facts).acquired - facts.released
        losses = facts.by_type(LostRelease)
        if self.base is None or not (unreleased or losses):
            return facts
        from kfunclint.index.index import released  # most reviews have no tree

        try:
            elsewhere = released(self.base.tree, self._tree_index(self.base.tree), self.base.files)
        except (InputError, OSError):
            return facts
        told = (replace(loss, is_released_elsewhere=loss.struct in elsewhere) for loss in losses)
        return with_released(facts.replaced(LostRelease, told), facts.released | elsewhere)

    def _with_undefined(self, facts: Facts, sources: Iterable[PostImage]) -> Facts:
        """The facts with which entries of the series name a function that is nowhere in the tree either."""
        if self.base is None or not self.touched.filter(facts).by_type(UndefinedEntry):
            return facts
        from kfunclint.index.definers import with_undefined  # most reviews have no tree

        read = {*self.base.files, *(source.path for source in sources if source.whole)}
        try:
            return with_undefined(facts, self.base.tree, read, self.step)
        except (InputError, OSError):
            return facts

    def _tree_index(self, tree: Tree) -> Index:
        """The index of the tree, for which the whole of it is read. Raises InputError or OSError."""
        from kfunclint.index.index import build

        if self.index is None:
            self.index = build(tree, (), self.step)
        return self.index

    def _unit(self, file: PostImage, names: frozenset[str], series: Sequence[PostImage]) -> Unit:
        key = (_cache_key(file), names)
        is_own = any(source is file for source in series)
        unit = self._units.get(key, lambda: self._parse(file, names, is_own))
        if (
            self.base is None
            or not file.whole
            or not (self.deep or wants_types(file, unit, self.kernel, self.behaviours))
        ):
            return unit
        tree = self.base.tree
        series_key = tuple(_cache_key(source) for source in series if source.whole)
        return self._units.get((key, series_key), lambda: self.parser.with_types(unit, file, tree, series))

    def _parse(self, file: PostImage, names: frozenset[str], is_own: bool) -> Unit:
        """The Unit of a file of the series, or of one as it is in the tree."""
        self.step(f"parsing {file.path}")
        if is_own or self.base is None:
            return self.parser.parse(file, names=names)
        from kfunclint.index.index import parsed  # most reviews have no tree

        return parsed(self.base.tree, self.parser, file, names=names)

    def _related_files(self, facts: Facts, sources: Sequence[PostImage]) -> list[PostImage]:
        """The files that register or define what the series touches in these."""
        kfuncs, entries = facts.by_type(Kfunc), facts.by_type(Entry)
        defined = {kfunc.name for kfunc in kfuncs}
        names = {kfunc.name for kfunc in kfuncs if not kfunc.entries and self.touched.overlaps(kfunc)}
        names |= {entry.name for entry in entries if entry.name not in defined and self.touched.overlaps(entry)}
        if not names or self.base is None:
            return []
        from kfunclint.index.index import related  # most reviews have no tree

        try:
            tree_index = self._tree_index(self.base.tree)
            return related(self.base.tree, tree_index, names, {source.path for source in sources})
        except (InputError, OSError):
            return []


def _cache_key(file: PostImage) -> Hashable:
    """What the parser is shown of a file: not who added a line, only whether somebody did."""
    parts = ((part.start, part.heading, part.text, bytes(line.added for line in part.lines)) for part in file.ranges)
    return file.path, file.whole, tuple(parts)


def _names_it(word: str, data: bytes) -> bool:
    """Does a name in a file have the word, or is it that name?"""
    return any(spelling.encode() in data for spelling in ((word,) if "_" in word else (f"_{word}", f"{word}_")))


def _doubtful_names(paragraphs: Iterable[Prose]) -> Iterator[tuple[str, tuple[str, str]]]:
    """The names that are nearly one of the series, each with what must not be in the tree for that, and that one."""
    seen: set[str] = set()
    for prose in paragraphs:
        for match in prose.strangers:
            name = match[0]
            if name in seen or len(seen) >= _MOST_STRANGERS or len(name) > _LONGEST_NAME:
                continue
            seen.add(name)
            near = slips(name, prose.names)
            if len(near) == 1:
                yield name, (name, near[0])
            elif not near and (correction := wrong_word(name, prose.names)):
                yield name, correction


def with_released(facts: Facts, released: frozenset[str]) -> Facts:
    """The facts of a kernel whose kfuncs release these structs, and no others."""
    return facts.replaced(
        Kfunc,
        (replace(kfunc, series=replace(kfunc.series, released_structs=released)) for kfunc in facts.by_type(Kfunc)),
    )


def wants_types(file: PostImage, unit: Unit, kernel: Kernel, behaviours: Behaviours) -> bool:
    """Do new lines need real types: the constructor of an iterator, whose state must have a certain size, or a kfunc
    that may let through negative numbers, or one with a struct and its size, for a kernel that looks into it?"""
    added = {
        number: line.text for part in file.ranges for number, line in enumerate(part.lines, part.start) if line.added
    }
    return any("KF_ITER_NEW" in text for text in added.values()) or any(
        function.marker
        and (needs_types(function, behaviours) or (kernel.settled >= _STRUCTS_READ and _takes_sized_struct(function)))
        and not added.keys().isdisjoint(range(function.first_line, function.end_line + 1))
        for function in unit.functions
    )


_STRUCTS_READ = Release(7, 3)  # kernel/bpf/verifier.c: get_kfunc_arg_type()


def _takes_sized_struct(function: Function) -> bool:
    return any(struct.is_struct_pointer and size.name.endswith(SIZES) for struct, size in pairwise(function.parameters))


def build_facts(
    sources: Sequence[PostImage],
    parse: Callable[[PostImage, frozenset[str]], Unit],
    patches: Iterable[Patch] = (),
    cover: Patch | None = None,
    lexed: Lexed | None = None,
    *,
    behaviours: Behaviours | None = None,
) -> tuple[Facts, dict[str, str]]:
    """The facts of files and messages alone, and why which files could not be parsed.

    `parse` is given a file and the names of the functions in it that are registered somewhere; `lexed` see scan();
    `behaviours` tells what functions out of view do.
    """
    scans = scan(sources, lexed)
    units: dict[str, Unit] = {}
    stopped = 0
    for found, names in _worth_parsing(sources, scans):
        if stopped >= _MOST_STOPS:
            units[found.path] = Unit(found.path, failure=Failure(FailureKind.TOO_OFTEN, "the parser stopped too often"))
            continue
        units[found.path] = parse(found, names)
        failure = units[found.path].failure
        stopped += failure is not None and failure.kind is FailureKind.STOPPED
    unparsed = {path: str(unit.failure) for path, unit in units.items() if unit.failure}
    return extract(patches, cover, sources, scans, units, behaviours=behaviours), unparsed


def _worth_parsing(
    sources: Sequence[PostImage], scans: Sequence[LexicalScan]
) -> Iterator[tuple[PostImage, frozenset[str]]]:
    """The files that may define a kfunc, with the registered names that they have: most files of a series do not, and
    parsing costs the most."""
    registered = frozenset(entry.name for lexical in scans for entry in lexical.entries)
    for file, scanned in zip(sources, scans, strict=True):
        headings = (part.heading for part in file.ranges)
        if any("__bpf_kfunc" in heading for heading in headings) or any(
            token.text == "__bpf_kfunc" or (token.text in registered and following.text == "(")
            for tokens in scanned.tokens
            for token, following in pairwise(tokens)
        ):
            yield file, registered.intersection(token.text for tokens in scanned.tokens for token in tokens)
