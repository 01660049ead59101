"""Reads the sources of a kernel tree: what they define and compare, row by row, each with its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

Read = Callable[[str], str | None]
"""Gives the text of a file of the tree, None if it has none."""


class Row(NamedTuple):
    """What a line of a source says: a name, and what stands behind it, "" for nothing. `line` is 1-based."""

    path: str
    line: int
    name: str
    value: str = ""

    @property
    def place(self) -> str:
        """As "file:line"."""
        return f"{self.path}:{self.line}"


BTF = "include/linux/btf.h"
BTF_IDS = "include/linux/btf_ids.h"
BTF_C = "kernel/bpf/btf.c"
VERIFIER = "kernel/bpf/verifier.c"
SPELLING = "scripts/spelling.txt"
_TELLING = 48  # characters of a message
_KERNELDOC = ("scripts/kernel-doc", "scripts/lib/kdoc/kdoc_parser.py", "tools/lib/python/kdoc/kdoc_parser.py")


def flags(read: Read) -> Iterator[Row]:
    """The flags of btf.h; the value is the bit, or the text of what is more than a bit."""
    for row in _matches(read, BTF, r"^[ \t]*#[ \t]*define[ \t]+(KF_\w+)[ \t]+([^/\n]+)"):
        bit = re.fullmatch(r"\(1U?L?[ \t]*<<[ \t]*(\d{1,2})\)", row.value)
        yield row._replace(value=bit[1] if bit else row.value)


def macros(read: Read) -> Iterator[Row]:
    """The macros of btf.h and btf_ids.h that other files use, each once."""
    seen = set[str]()
    for path in (BTF, BTF_IDS):
        for row in _matches(read, path, r"^[ \t]*#[ \t]*define[ \t]+(BTF_\w+|__bpf_\w+)()"):
            if row.name not in seen:
                yield row
            seen.add(row.name)


def suffixes(read: Read) -> Iterator[Row]:
    """The endings of parameter names that the verifier looks for, each once."""
    seen = set[str]()
    compared = r'(?:\b(?:btf|__kfunc)_param_match_suffix\([^;"]{0,200}|\bstrncmp\(param_name, )"(__[a-z0-9_]{1,40})"()'
    for path in (VERIFIER, BTF_C):
        for row in _matches(read, path, compared):
            if row.name not in seen:
                yield row
            seen.add(row.name)


def hooks(read: Read) -> Iterator[Row]:
    """The types of programs that have a hook for kfuncs, without BPF_PROG_TYPE_; the value is the hook."""
    types: list[Row] = []
    for row in _matches_in(read, BTF_C, "bpf_prog_type_to_kfunc_hook", r"\b(BPF_PROG_TYPE|BTF_KFUNC_HOOK)_(\w+)"):
        if row.name == "BPF_PROG_TYPE":
            types.append(row)
            continue
        yield from (one._replace(name=one.value, value=row.value) for one in types)
        types = []


def sleepable(read: Read) -> Iterator[Row]:
    """The types of programs of which some may sleep, without BPF_PROG_TYPE_."""
    yield from _matches_in(read, VERIFIER, "can_be_sleepable", r"prog->type == BPF_PROG_TYPE_(\w+)()")


def special_kfuncs(read: Read) -> Iterator[Row]:
    """The kfuncs that the verifier knows by name."""
    yield from _list(read, "special_kfunc_list", "func")


def special_types(read: Read) -> Iterator[Row]:
    """The structs that the verifier knows by name in the parameters of kfuncs."""
    yield from _list(read, "kf_arg_btf_ids", "struct")


def messages(read: Read) -> Iterator[Row]:
    """What kernel-doc warns of, each once and as far as it tells one from another; what it puts in is "..."."""
    seen = set[str]()
    text = r"""(?:emit_warning\("[^"]*",|emit_msg\([\w.]+,)\s*f?(["'])(.*?)(?<!\\)\1"""
    for path in _KERNELDOC:
        for row in _matches(read, path, text):
            words = re.sub(r"\$\w+|\$[._]|\$?\{[^}]*\}", "...", row.value.replace("\\n", " "))
            name = words.strip()[:_TELLING].rstrip()
            if name not in seen:
                yield row._replace(name=name, value="")
            seen.add(name)


def misspellings(read: Read) -> Iterator[Row]:
    """The wrong words of spelling.txt with the right ones; no phrases."""
    yield from _matches(read, SPELLING, r"^([^#|\s]+)\|\|([^|\n]+)$")


def _matches(read: Read, path: str, pattern: str) -> Iterator[Row]:
    text = read(path) or ""
    for match in re.finditer(pattern, text, re.M):
        yield Row(path, text.count("\n", 0, match.start(1)) + 1, match[1], match[2].strip())


def _matches_in(read: Read, path: str, function: str, pattern: str) -> Iterator[Row]:
    """The matches in the definition of a function."""
    text = read(path) or ""
    body = re.search(rf"^static [^;{{}}]*\b{function}\([^;{{}}]*\)\n\{{\n.*?^\}}", text, re.M | re.S)
    if body is None:
        return
    above = text.count("\n", 0, body.start())
    for row in _matches(lambda _: body[0], path, pattern):
        yield row._replace(line=row.line + above)


def _list(read: Read, name: str, kind: str) -> Iterator[Row]:
    """The ids of one kind in a BTF_ID_LIST() of the verifier."""
    text = read(VERIFIER) or ""
    ids = re.search(rf"^BTF_ID_LIST\({name}\)\n(?:(?:BTF_ID\w*\(.*\)|BTF_ID_UNUSED|#.*|)\n)*", text, re.M)
    if ids is None:
        return
    above = text.count("\n", 0, ids.start())
    for row in _matches(lambda _: ids[0], VERIFIER, rf"^BTF_ID\({kind}, (\w+)\)()"):
        yield row._replace(line=row.line + above)
