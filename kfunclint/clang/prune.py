"""A whole file cut down to what is asked about, line N of it staying line N: most of a file is not worth parsing."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence, Set
from itertools import islice
from typing import NamedTuple

from kfunclint.c import declarators
from kfunclint.c.lexer import Token, code
from kfunclint.clang.directives import neutralize
from kfunclint.clang.repair import Repaired, SourceRange

MAX_HELPERS = 256
_ENTRY = re.compile(r"\bBTF_ID_FLAGS\s*\(\s*func\s*,\s*(\w+)", re.ASCII)
_WORD = re.compile(r"[A-Za-z_]\w*", re.ASCII)


class KeptFunctions(NamedTuple):
    """Which functions to keep besides the kfuncs and those with added lines: by a line of theirs, and by name."""

    lines: Collection[int]
    names: Collection[str]


class _Block(NamedTuple):
    """The 1-based lines of the brace that opens it and of the one in column 1 that closes it."""

    open: int
    close: int


class _Definition(NamedTuple):
    """A function: its name, the line on which its header begins, its body, and what its header says."""

    name: str
    first: int
    block: _Block
    words: frozenset[str]
    made_by_macro: bool


def prune(visible: SourceRange, reserved: Collection[str], functions: KeptFunctions) -> Repaired:
    """The file with kfuncs, functions asked about and their static helpers; of others it has prototypes.

    Tables at file scope lose what is in them. #define of a `reserved` name is dropped.
    """
    lines = neutralize("\n".join(visible.lines), visible.added, reserved).split("\n")
    blocks = list(_blocks(lines))
    outline = "\n".join(_without_bodies(lines, blocks))
    definitions = list(_definitions(code(outline), blocks))
    names = {*functions.names, *_ENTRY.findall(outline)}
    lines_of_interest = {*functions.lines, *(number for number, added in enumerate(visible.added, 1) if added)}
    kept_definitions = [definition for definition in definitions if _is_kept(definition, names, lines_of_interest)]
    kept_definitions += _helpers(kept_definitions, definitions, lines)
    _drop(lines, blocks, definitions, {definition.block for definition in kept_definitions})
    return Repaired(visible.start, "", "\n".join(lines), visible.start, visible.start + len(lines), None)


def _blocks(lines: Sequence[str]) -> Iterator[_Block]:
    """The bodies of functions and the tables at file scope, where their braces are balanced."""
    open_ = 0
    for number, line in enumerate(lines, 1):
        if line[:1] == "}":
            if open_ and _is_balanced(lines[open_ - 1 : number]):
                yield _Block(open_, number)
            open_ = 0
        elif not open_ and (line[:1] == "{" or _begins_table(line)):
            open_ = number


def _begins_table(line: str) -> bool:
    words = line.rstrip()
    return words.endswith("{") and words[:-1].rstrip().endswith("=")


def _is_balanced(lines: Sequence[str]) -> bool:
    text = "".join(lines)
    return text.count("{") == text.count("}")


def _without_bodies(lines: Sequence[str], blocks: Iterable[_Block]) -> list[str]:
    """The lines without those between the braces of blocks."""
    outline = list(lines)
    for block in blocks:
        outline[block.open : block.close - 1] = [""] * (block.close - block.open - 1)
    return outline


def _definitions(tokens: Sequence[Token], blocks: Iterable[_Block]) -> Iterator[_Definition]:
    by_line = {block.open: block for block in blocks}
    for span in declarators.functions(tokens):
        block = by_line.get(tokens[span.open].line)
        if block:
            header = tokens[span.header : span.open]
            words = frozenset(token.text for token in header[: span.name - span.header])
            yield _Definition(tokens[span.name].text, header[0].line, block, words, not words)


def _is_kept(definition: _Definition, names: Collection[str], lines: Set[int]) -> bool:
    if "__bpf_kfunc" in definition.words or definition.name in names:
        return True
    return not lines.isdisjoint(range(definition.first, definition.block.close + 1))


def _helpers(
    kept_definitions: Sequence[_Definition], definitions: Iterable[_Definition], lines: Sequence[str]
) -> Iterator[_Definition]:
    """The static functions that kept ones mention: guards have wrappers, and what they call may sleep."""
    bodies = ("\n".join(lines[definition.block.open : definition.block.close]) for definition in kept_definitions)
    mentioned = {word for body in bodies for word in _WORD.findall(body)}
    blocks = {definition.block for definition in kept_definitions}
    helpers = (
        definition
        for definition in definitions
        if "static" in definition.words and definition.name in mentioned and definition.block not in blocks
    )
    return islice(helpers, MAX_HELPERS)


def _drop(
    lines: list[str], blocks: Iterable[_Block], definitions: Iterable[_Definition], kept_blocks: Collection[_Block]
) -> None:
    """Empty the tables and make prototypes of the functions that are not kept."""
    definition_of = {definition.block: definition for definition in definitions}
    for block in blocks:
        definition = definition_of.get(block)
        if definition is None:
            if _begins_table(lines[block.open - 1]):
                lines[block.open : block.close - 1] = [""] * (block.close - block.open - 1)
        elif block not in kept_blocks:
            # a macro's name alone does not tell whether it makes a function or declares one, so nothing is left of it
            first = definition.first if definition.made_by_macro else block.open
            lines[first - 1 : block.close] = [";"] + [""] * (block.close - first)
