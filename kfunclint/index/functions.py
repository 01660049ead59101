"""What functions of other files of a tree do, summarised where somebody asks."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from kfunclint.c.syntax import Function
from kfunclint.clang import Parser
from kfunclint.errors import InputError
from kfunclint.flow.accounts import Accounts
from kfunclint.flow.behaviour import UNKNOWN, Behaviour, Behaviours
from kfunclint.flow.budget import Purse
from kfunclint.flow.summary import common, summarised
from kfunclint.index import index
from kfunclint.progress import Step
from kfunclint.tree.tree import Tree, text

_MOST_FILES = 24  # parsed for a review: two seconds
_MOST_NAMES = 64  # sought in each step away from the series
_FARTHEST = 3  # files from that of the kfunc
_HEADERS = ("include/linux", "include/net")
_NOT_SEARCHED = frozenset({"arch", "drivers", "sound", "include"})  # as a whole
_LARGEST_BODY = 4000  # characters of a header


class TreeFunctions:
    """The functions that those of a series call and that stand in other files of the tree.

    They are looked for by definitions at column 0 in the folder of whoever calls them, in headers, and below the top
    folder of that. A row beats them.
    """

    def __init__(self, tree: Tree, parser: Parser, rows: Behaviours, own: Collection[str], step: Step) -> None:
        """`rows` are those of functions that need not be sought, `own` the paths of files that the series changes."""
        self.behaviours = Behaviours(rows.rows, self.of)
        self._tree = tree
        self._parser = parser
        self._own = own
        self._step = step
        self._purse = Purse()
        self._files: dict[str, Accounts] = {}
        self._paths: dict[str, list[str]] = {}
        self._summaries: dict[str, Behaviour] = {}

    def of(self, name: str) -> Behaviour:
        """What a function does that was sought and found; UNKNOWN for any other, and for one that calls itself."""
        if name not in self._summaries:
            self._summaries[name] = UNKNOWN
            paths = self._paths.get(name, [])
            known = [summary for path in set(paths) if (summary := self._summary(path, name)) is not None]
            if known and len(known) == len(paths):  # of two in one file, under an #if each, only one was read
                self._summaries[name] = common(known)
        return self._summaries[name]

    def _summary(self, path: str, name: str) -> Behaviour | None:
        accounts = self._files[path]
        function = accounts.functions.get(name)
        account = accounts.of(name, function.body) if function is not None else None
        return summarised(account, path) if account is not None else None

    def seek(self, path: str, functions: Mapping[str, Function], names: Iterable[str]) -> None:
        """Look for what functions of a file call, and what that calls. Raises InputError or OSError."""
        wanted = {path: self._strangers(functions, names)}
        for _ in range(_FARTHEST):
            found: dict[str, set[str]] = {}
            for caller, strangers in wanted.items():
                for at, name in self._located(sorted(strangers)[:_MOST_NAMES], caller):
                    found.setdefault(at, set()).add(name)
            wanted = {at: self._read(at, found_names) for at, found_names in found.items()}

    def _strangers(self, functions: Mapping[str, Function], names: Iterable[str]) -> set[str]:
        """What functions of a file call, by themselves or through each other, that is not in it and has no row."""
        strangers: set[str] = set()
        todo, seen = [name for name in names if name in functions], set[str]()
        while todo:
            name = todo.pop()
            seen.add(name)
            called = {node.text for node in functions[name].body.walk() if node.kind == "call" and node.text}
            todo += [other for other in called if other in functions and other not in seen]
            strangers |= {other for other in called - functions.keys() if other.isidentifier()}
        return {name for name in strangers if name not in self.behaviours.rows and name not in self._paths}

    def _located(self, names: list[str], caller: str) -> Iterator[tuple[str, str]]:
        """The files that define functions, nearest first, each with the name."""
        folder, top = caller.rpartition("/")[0], caller.partition("/")[0]
        missing = set(names)
        for under in ((folder, *_HEADERS), () if top in _NOT_SEARCHED else (top,)):
            if missing and under:
                self._step(f"looking for what {caller} calls")
                places = list(self._defined(missing, under))
                for path, name in places:
                    self._paths.setdefault(name, []).append(path)
                missing -= {name for _, name in places}
                yield from places
        for name in missing:
            self._paths.setdefault(name, [])

    def _defined(self, names: Collection[str], under: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        definition = _definition(names)
        for path in dict.fromkeys(self._tree.containing(sorted(names), under)):
            if path not in self._own:
                for match in definition.finditer(text(self._tree, path) or ""):
                    if path.endswith(".h") or "static" not in match[1].split():
                        yield path, match[2]

    def _read(self, path: str, names: Collection[str]) -> set[str]:
        """Parse what a file has of these functions, and give what they call."""
        source = index.source_of(self._tree, path)
        if source is None or len(self._files) >= _MOST_FILES:
            self._forget(path, names)
            return set()
        self._step(f"reading {path}")
        unit = index.parsed(self._tree, self._parser, source, names=names)
        known = self._files[path].functions if path in self._files else {}
        functions = {**known, **{one.name: one for one in unit.functions if one.complete and one.name}}
        self._files[path] = Accounts(functions, self.behaviours, self._purse)
        return self._strangers(functions, names)

    def _forget(self, path: str, names: Collection[str]) -> None:
        """Of what was not read nothing is known, whatever other definitions say."""
        if path not in self._files:
            for name in names:
                self._paths[name] = []


def _definition(names: Collection[str]) -> re.Pattern[str]:
    """The header of a function with one of the names that begins at column 0, up to its brace."""
    either = "|".join(map(re.escape, sorted(names)))
    return re.compile(
        rf"^((?:[A-Za-z_][^\n;={{}}()#\"]*[ \t*\n])?)({either})\([^;{{}}]{{0,{_LARGEST_BODY}}}?\)[\w\s]{{0,60}}\{{",
        re.MULTILINE,
    )


def seek_callees(functions: TreeFunctions, kfuncs: Iterable[tuple[str, str, Mapping[str, Function]]]) -> None:
    """Look for what kfuncs call, each given by its path, its name and the functions of its file. What cannot be read
    stays unknown."""
    by_file: dict[str, tuple[Mapping[str, Function], list[str]]] = {}
    for path, name, of_file in kfuncs:
        by_file.setdefault(path, (of_file, []))[1].append(name)
    for path, (of_file, names) in by_file.items():
        try:
            functions.seek(path, of_file, names)
        except (InputError, OSError):
            return
