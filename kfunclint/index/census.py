"""The census of a kernel tree: one row for every entry, joined from the index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from kfunclint.facts.sets import Entry
from kfunclint.finding import Place
from kfunclint.index import index
from kfunclint.index.file_facts import KfuncDefinition
from kfunclint.index.index import Index
from kfunclint.kernel.vocabulary import Vocabulary
from kfunclint.progress import Step
from kfunclint.tree.tree import Tree, text
from kfunclint.value import Value

FMODRET = "fmodret"
"""Stands for a program type where a set lists hooks to attach to."""


class Row(Value):
    """An entry and what the tree knows of its kfunc.

    `flags` is None where they are no plain OR of KF_ names. `file` is the file of the set, `at` the place of the entry,
    which an X-macro may have in a header. `types` are the program types the set is registered for, without
    BPF_PROG_TYPE_, and FMODRET. `filter` is the function that restricts the set, None without one. `definition` is
    None where none is found.
    """

    name: str
    flags: tuple[str, ...] | None
    set: str | None
    set_kind: str | None
    types: tuple[str, ...]
    file: str
    at: Place
    macro: str | None
    filter: str | None
    definition: KfuncDefinition | None

    @property
    def is_hook(self) -> bool:
        """Does it list a hook that programs attach to, not a kfunc that they call?"""
        return self.types == (FMODRET,)


class Census(Value):
    """The rows of a tree, in the order of files and lines; `tree` is its name, `paths` what it was limited to.

    `version` is what its Makefile says, "7.3.4"; None if it does not tell.
    """

    tree: str
    paths: tuple[str, ...]
    rows: tuple[Row, ...]
    version: str | None = None

    @property
    def title(self) -> str:
        """What it is about, for people: "Linux 7.3.4", or else the name of the tree."""
        return f"Linux {self.version}" if self.version else self.tree

    @property
    def kfuncs(self) -> int:
        """How many kfuncs there are: some have several entries."""
        return len({row.name for row in self.rows if not row.is_hook})

    @property
    def hooks(self) -> int:
        """How many hooks for fmod_ret programs are listed beside them."""
        return len({row.name for row in self.rows if row.is_hook})


def take(tree: Tree, paths: Sequence[str] = (), step: Step = lambda what: None) -> Census:
    """The census of a tree, or of what is set, listed or defined below some of its paths.

    Paths in index.OUTSIDE count only if they are asked for. Raises InputError or OSError, see index.build().
    """
    tops = tuple(path.strip("/") for path in paths)
    outside = [top for top in tops if top.partition("/")[0] in index.OUTSIDE]
    tree_index = index.build(tree, outside, step)
    rows = (row for row in _rows(tree_index) if not tops or any(_is_below(row, top) for top in tops))
    return Census(tree.name, tops, tuple(rows), Vocabulary(partial(text, tree)).version)


def _rows(tree_index: Index) -> list[Row]:
    definitions = tree_index.definitions()
    return [_row(entry, file.path, definitions) for file in tree_index.files for entry in file.entries]


def _row(entry: Entry, file: str, definitions: Mapping[str, tuple[KfuncDefinition, ...]]) -> Row:
    kfunc_set = entry.set
    return Row(
        name=entry.name,
        flags=None if entry.flags is None else tuple(flag.name for flag in entry.flags),
        set=kfunc_set.name if kfunc_set else None,
        set_kind=kfunc_set.kind if kfunc_set else None,
        types=_types(entry),
        file=file,
        at=entry.at,
        macro=entry.macro,
        filter=next((call.filter for call in kfunc_set.registrations if call.filter), None) if kfunc_set else None,
        definition=_nearest(definitions.get(entry.name, ()), file),
    )


def _types(entry: Entry) -> tuple[str, ...]:
    calls = entry.set.registrations if entry.set else ()
    types = (call.program_type.removeprefix("BPF_PROG_TYPE_") or FMODRET for call in calls)
    return tuple(dict.fromkeys(types))


def _nearest(definitions: Sequence[KfuncDefinition], file: str) -> KfuncDefinition | None:
    """The one in the file of the set, or else the first."""
    return next(
        (definition for definition in definitions if definition.at.path == file),
        definitions[0] if definitions else None,
    )


def _is_below(row: Row, top: str) -> bool:
    where = (row.file, row.at.path, row.definition.at.path if row.definition else None)
    return any(path is not None and (not top or path == top or path.startswith(f"{top}/")) for path in where)
