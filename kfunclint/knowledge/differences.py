"""What a kernel tree has and rules/tables/ lacks, or has otherwise: `make knowledge TREE=DIR`."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

from kfunclint.errors import InputError
from kfunclint.facts.spelling import corrections
from kfunclint.kernel.evidence import dated_words
from kfunclint.kernel.flags import flag_rows
from kfunclint.kernel.release import Release, Releases
from kfunclint.kernel.suffixes import suffixes
from kfunclint.kernel.vocabulary import Vocabulary
from kfunclint.knowledge import sources
from kfunclint.knowledge.sources import Read, Row
from kfunclint.resources import table
from kfunclint.tree.tree import open_tree, text

_KNOWN = "knowledge"  # the table of what needs no row elsewhere


def differences(read: Read, release: Release) -> Iterator[str]:
    """One line for every row that a tree of that release has and the tables lack, and the other way round."""
    yield from _flags(read, release)
    yield from _dated("suffixes", sources.suffixes(read), _suffix_releases(), release, sources.VERIFIER)
    macros = {name: bounds for name, bounds in dated_words().items() if not name.startswith("KF_")}
    rows = [row for row in sources.macros(read) if row.name not in table(_KNOWN)["macros"]]
    yield from _dated("macros", rows, macros, release, sources.BTF_IDS)
    yield from _hooks(read, release)
    for key, kind in _LISTS.items():
        yield from _unknown(key, kind(read))
    yield from _spelling(read)


_LISTS: Mapping[str, Callable[[Read], Iterator[Row]]] = {
    "special_kfuncs": sources.special_kfuncs,
    "special_types": sources.special_types,
    "messages": sources.messages,
}


def _suffix_releases() -> dict[str, Releases]:
    return {name: Releases(row.since, row.until) for name, row in suffixes().items()}


def _dated(
    name: str, rows: Iterable[Row], bounds: Mapping[str, Releases], release: Release, path: str
) -> Iterator[str]:
    """What a table with releases says otherwise; `path` is where a row that is missing would stand."""
    found = {row.name: row for row in rows}
    for row in found.values():
        if row.name not in bounds:
            yield f"{row.place}: {row.name}: no row in {_table(name)}"
        elif not bounds[row.name].hold(release):
            yield f"{row.place}: {row.name}: {_table(name)} has it {_words(bounds[row.name])}"
    for missing in sorted(bounds.keys() - found.keys()):
        if bounds[missing].hold(release):
            yield f"{path}: no {missing}: {_table(name)} has it {_words(bounds[missing])}"


def _flags(read: Read, release: Release) -> Iterator[str]:
    rows = list(sources.flags(read))
    yield from _dated("flags", rows, {name: row.releases for name, row in flag_rows().items()}, release, sources.BTF)
    bits = {name: row.get("bit") for name, row in table("flags").items()}
    for row in rows:
        if row.name in bits and row.value != str(bits[row.name]):
            yield f"{row.place}: {row.name} is {row.value}: bit {bits[row.name]} in {_table('flags')}"


def _hooks(read: Read, release: Release) -> Iterator[str]:
    rows = table("hooks")
    found = {row.name: row for row in sources.hooks(read)}
    for row in found.values():
        known = rows.get(row.name)
        if known is None:
            yield f"{row.place}: {row.name}: no row in {_table('hooks')}"
        elif known.get("hook", row.value) != row.value:
            yield f"{row.place}: {row.name} has the hook {row.value}: {known['hook']} in {_table('hooks')}"
        elif "absent" in known and release <= Release.parse(known["absent"]):
            yield f"{row.place}: {row.name}: absent up to {known['absent']} in {_table('hooks')}"
    for name, known in rows.items():
        if name not in found and "since" in known and Release.parse(known["since"]) <= release:
            yield f"{sources.BTF_C}: no hook for {name}: since {known['since']} in {_table('hooks')}"
    for row in sources.sleepable(read):
        if not rows.get(row.name, {}).get("sleepable"):
            yield f"{row.place}: programs of {row.name} may sleep: not so in {_table('hooks')}"


def _unknown(key: str, rows: Iterable[Row]) -> Iterator[str]:
    known = table(_KNOWN)[key].keys() | _named_in_special()
    for row in rows:
        if row.name not in known:
            yield f"{row.place}: {row.name}: no row in [{key}] of {_table(_KNOWN)}"


def _named_in_special() -> set[str]:
    """The kfuncs that rules make an exception for."""
    return {name for lists in table("special").values() for names in lists.values() for name in names}


def _spelling(read: Read) -> Iterator[str]:
    accepted, known = table("spelling")["accepted"], set(table(_KNOWN)["misspellings"]["names"])
    for row in sources.misspellings(read):
        word = row.name.lower()
        if not corrections(word) and word not in accepted and word not in known:
            yield f"{row.place}: {row.name} for {row.value}: neither in codespell's list nor in {_table(_KNOWN)}"


def _table(name: str) -> str:
    return f"rules/tables/{name}.toml"


def _words(bounds: Releases) -> str:
    since = f"since {bounds.since}" if bounds.since else ""
    return " ".join(filter(None, (since, f"up to {bounds.until}" if bounds.until else "")))


def of_tree(folder: Path) -> list[str]:
    """The differences of a kernel tree. Raises InputError for what is none, or does not say its release."""
    with contextlib.closing(open_tree(folder)) as tree:
        read = partial(text, tree)
        says = Vocabulary(read).makefile
        if says is None:
            raise InputError(str(folder), None, "its Makefile does not say which release it is")
        return list(differences(read, says.release))


def main() -> int:
    """Print the differences; gives 1 if there are any, 2 for a tree that cannot be read."""
    parser = argparse.ArgumentParser(prog="make knowledge", description=__doc__)
    parser.add_argument("tree", type=Path, metavar="DIR", help="a kernel tree")
    arguments = parser.parse_args()
    try:
        lines = of_tree(arguments.tree)
    except (InputError, OSError) as why:
        sys.stderr.write(f"make knowledge: {why}\n")
        return 2
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
