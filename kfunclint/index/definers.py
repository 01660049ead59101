"""Whether any file of a tree can define a function."""

from __future__ import annotations

from collections.abc import Container

from kfunclint.c import lexer
from kfunclint.extract.undefined import definable_names
from kfunclint.facts.facts import Facts
from kfunclint.facts.undefined import UndefinedEntry
from kfunclint.index.index import is_inside
from kfunclint.progress import Step
from kfunclint.tree.tree import Tree
from kfunclint.tree.walk import LARGEST, SUFFIXES
from kfunclint.value import replace

_MOST_SOUGHT = 16  # names that every file is searched for


def with_undefined(facts: Facts, tree: Tree, excluded: Container[str], step: Step) -> Facts:
    """The facts with whether entries that name no function in view name none of the tree either.

    `excluded` are the paths of the files that were read. Raises InputError or OSError for a tree that cannot be read.
    """
    entries = facts.by_type(UndefinedEntry)
    names = frozenset(sorted({entry.name for entry in entries})[:_MOST_SOUGHT])
    absent = names - _defined(names, tree, excluded, step) if names else names
    return facts.replaced(
        UndefinedEntry,
        (replace(entry, is_nowhere=entry.name in absent) if entry.name in names else entry for entry in entries),
    )


def _defined(names: frozenset[str], tree: Tree, excluded: Container[str], step: Step) -> frozenset[str]:
    """Those of the names that some file may define."""
    step(f"looking for {', '.join(sorted(names))}")
    defined: set[str] = set()
    for path in tree.containing(sorted(names), suffixes=SUFFIXES):
        data = tree.read(path) if is_inside(path) and path not in excluded else None
        if data is not None and len(data) > LARGEST:
            defined.update(name for name in names if name.encode() in data)
        elif data is not None:
            defined.update(definable_names(names, lexer.tokens(data.decode("utf-8", "replace"))))
    return frozenset(defined)
