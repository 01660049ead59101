"""What the lines of a series tell of the tree that it was made on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from kfunclint.kernel.flags import flag_rows
from kfunclint.kernel.release import Release, Releases
from kfunclint.patch.diff import Patch
from kfunclint.resources import table
from kfunclint.value import Value


class Evidence(Value):
    """Flags and macros that not all releases have: those in lines which the series `found` in its tree, those in lines
    which it `brought`, and the `doubtful` ones in lines that a patch which is not there may have brought. What it
    defines itself is in none."""

    found: frozenset[str] = frozenset()
    brought: frozenset[str] = frozenset()
    doubtful: frozenset[str] = frozenset()


NO_EVIDENCE = Evidence()


@cache
def dated_words() -> Mapping[str, Releases]:
    """The flags, and the macros of rules/tables/macros.toml, each with the releases that have it."""
    macros = {
        name: Releases(Release.parse(row["since"]), Release.parse(row["until"]) if "until" in row else None)
        for name, row in table("macros").items()
    }
    return {name: row.releases for name, row in flag_rows().items()} | macros


def evidence(patches: Iterable[Patch]) -> Evidence:
    """Read the C files of a series, in the order of its patches.

    A line is found only where no earlier patch can have brought it: not if one of the series did, and for certain none
    in a patch n of m of which an earlier one is missing.
    """
    found: set[str] = set()
    doubtful: set[str] = set()
    brought: set[str] = set()
    own: set[str] = set()
    defined: set[str] = set()
    for place, patch in enumerate(sorted(patches, key=lambda patch: patch.mail.subject.number), 1):
        told = doubtful if patch.mail.subject.number > place else found
        added = set[str]()
        for sign, text in _lines(patch):
            words = _words(text)
            if sign == "+":
                added.add(text.strip())
                brought |= words
                defined.update(_DEFINED.findall(text))
            elif text.strip() not in own:
                told |= words
        own |= added
    return Evidence(*(frozenset(words - defined) for words in (found, brought, doubtful)))


def _lines(patch: Patch) -> Iterator[tuple[str, str]]:
    """The lines of its C files with the signs that the diff gives them."""
    for file in patch.files:
        if (file.new_path or file.old_path or "").endswith((".c", ".h")):
            yield from ((line.sign, line.text) for line in file.lines)


def _words(text: str) -> set[str]:
    return {word for word in _WORD.findall(text) if word in dated_words()}


_WORD = re.compile(r"\b(?:KF|BTF|__bpf)_\w+", re.ASCII)
_DEFINED = re.compile(r"^\s*#\s*define\s+(\w+)", re.ASCII)
