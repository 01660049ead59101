"""The endings of parameter names that the verifier reads, and what each kernel makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache

from kfunclint.facts.spelling import one_edit_apart
from kfunclint.kernel.kernel import Kernel
from kfunclint.kernel.release import Release, Releases
from kfunclint.resources import table
from kfunclint.value import Value

# words that look right and that no kernel reads
_MEANT = {"size": "__sz", "const_str": "__str", "null": "__nullable", "optional": "__nullable"}
_SHORTEST = 5  # a shorter word is close to too many others

SIZES = ("__sz", "__szk")
"""The suffixes of a number that is the size of what the parameter before it points to."""


class Suffix(Value):
    """A row of rules/tables/suffixes.toml.

    `since` and `until` are the first and the last release that read it (None: still read), and `removed_on` is the day
    on which bpf-next lost it (None: not known). `on` says what it is for: number, pointer, dynptr, iterator, map,
    string or any; since `any_pointer_since` it means something on every pointer (None: never did). `any_pointee`: it
    makes a `void *` legal, up to `any_pointee_until` (None: still does). `instead` is what later releases read, "" for
    nothing. `meaning` completes "it tells the verifier that ...".
    """

    name: str
    since: Release
    until: Release | None
    removed_on: date | None
    on: str
    any_pointer_since: Release | None
    any_pointee: bool
    any_pointee_until: Release | None
    instead: str
    meaning: str
    source: str

    def sort(self, kernel: Kernel) -> str:
        """What it is for in that kernel, in the words of `on`."""
        widened = self.any_pointer_since is not None and self.any_pointer_since <= kernel.newest
        return "pointer" if widened else self.on

    def takes_any_pointer(self, kernel: Kernel) -> bool:
        """Does the verifier of that kernel not care what the parameter points to, be it nothing or a pointer?"""
        return self.any_pointee and kernel.target.meets(Releases(None, self.any_pointee_until))

    def read_by(self, kernel: Kernel) -> bool:
        """Does the verifier of that kernel look for it, or may it? A tree is asked first."""
        if kernel.tree is not None and kernel.tree.suffixes is not None:
            return self.name in kernel.tree.suffixes
        return self.name not in kernel.gone and kernel.target.meets(Releases(self.since, self.until))


@cache
def suffixes() -> Mapping[str, Suffix]:
    """All that any release reads, by name with the underscores."""
    return {
        name: Suffix(
            name=name,
            since=Release.parse(row["since"]),
            until=Release.parse(row["until"]) if "until" in row else None,
            removed_on=row.get("removed_on"),
            on=row["on"],
            any_pointer_since=Release.parse(row["any_pointer_since"]) if "any_pointer_since" in row else None,
            any_pointee=row.get("any_pointee", False),
            any_pointee_until=Release.parse(row["any_pointee_until"]) if "any_pointee_until" in row else None,
            instead=row.get("instead", ""),
            meaning=row["meaning"],
            source=row["source"],
        )
        for name, row in table("suffixes").items()
    }


def of_tree(name: str, kernel: Kernel) -> bool:
    """Does the verifier of the kernel's tree look for an ending of the name, maybe one that no table has?"""
    endings = kernel.tree.suffixes if kernel.tree is not None else None
    return any(name.endswith(ending) for ending in endings or ())


def unknown_ending(name: str, kernel: Kernel) -> str | None:
    """The `__word` that a parameter of that name ends in, if no release and no tree at hand knows it as a suffix."""
    head, mark, word = name.rpartition("__")
    if not mark or not head.strip("_") or not word or suffix(name) or of_tree(name, kernel):
        return None
    return f"__{word}"


def near_suffix(name: str, kernel: Kernel) -> str | None:
    """The suffix of that kernel which the unknown ending of a name is close to; None where there is none."""
    head, mark, word = name.rpartition("__")
    if not mark or not head or not word or suffix(name):
        return None
    if word in _MEANT:
        return _MEANT[word]
    known = [row.name.removeprefix("__") for row in suffixes().values() if row.read_by(kernel)]
    long = [one for one in known if len(one) >= _SHORTEST]
    close = [one for one in known if one == word.lower()] or [one for one in long if one_edit_apart(one, word.lower())]
    return f"__{close[0]}" if close else None


def suffix(name: str, kernel: Kernel | None = None) -> Suffix | None:
    """The suffix that a parameter of that name has, for one kernel or for any.

    The name must be longer than the suffix and end with it, so "__sz" has none, and "p__nullable__map" has __map alone
    (kernel/bpf/btf.c: btf_param_match_suffix()).
    """
    matches = [
        row
        for row in suffixes().values()
        if name.endswith(row.name) and len(name) > len(row.name) and (kernel is None or row.read_by(kernel))
    ]
    return max(matches, key=lambda row: len(row.name), default=None)
