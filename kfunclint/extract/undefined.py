"""Finds entries that name no function, as far as the lines in view tell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import dropwhile, takewhile
from typing import NamedTuple

from kfunclint.c import declarators, lexer
from kfunclint.c.brackets import Brackets
from kfunclint.c.lexer import Token
from kfunclint.extract.extractor import Material, extractor
from kfunclint.extract.tokens import NAME
from kfunclint.facts.fact import TakenAway
from kfunclint.facts.kfunc import Kfunc
from kfunclint.facts.sets import Entry
from kfunclint.facts.spelling import one_edit_apart
from kfunclint.facts.undefined import UndefinedEntry
from kfunclint.finding import Place
from kfunclint.patch.diff import DiffLine, FileDiff, Hunk

_CONDITIONAL = re.compile(r"[ \t]*#[ \t]*(?:if|el|endif)")
_NO_DEFINITION = frozenset({"CFI_NOSEAL", "EXPORT_SYMBOL", "EXPORT_SYMBOL_GPL"})


@extractor(UndefinedEntry)
def undefined_entries(material: Material) -> Iterator[UndefinedEntry]:
    """The entries whose name nothing in view can define."""
    entries = [entry for entry in material.facts(Entry) if not entry.macro and not entry.may_be_hook]
    names = frozenset(entry.name for entry in entries)
    definable = frozenset(name for tokens in _ranges(material) for name in definable_names(names, tokens))
    definable |= _in_headings(material)
    undefined = [entry for entry in entries if entry.name not in definable]
    if not undefined:
        return
    losses = _losses(material, frozenset(entry.name for entry in undefined))
    lonely = _without_entry(material)
    for entry in undefined:
        loss = losses.get(entry.name)
        ids = entry.set.name if entry.set else None
        meant = _meant(entry, loss, lonely, material)
        yield UndefinedEntry(entry.name, entry.at, ids, taken_away=loss.line if loss else None, meant=meant)


def _ranges(material: Material) -> Iterator[Sequence[Token]]:
    return (tokens for scan in material.scans for tokens in scan.tokens)


def _in_headings(material: Material) -> frozenset[str]:
    headings = (line.heading for source in material.sources for part in source.ranges for line in part.lines)
    return frozenset(name for heading in headings if heading for name in NAME.findall(heading))


def definable_names(names: frozenset[str], tokens: Sequence[Token]) -> Iterator[str]:
    """Which of the names the code of a visible range may define: all that it has otherwise than in a list of BTF ids,
    in a call, or in a declaration."""
    if names.isdisjoint(token.text for token in tokens if token.kind == "name"):
        brackets = Brackets(())
    else:
        brackets = Brackets(lexer.code_of(tokens))
    for token in tokens:
        if token.kind == "directive":
            yield from names.intersection(NAME.findall(token.text))
    for at, token in enumerate(brackets.tokens):
        if token.text in names and _may_define(brackets, at):
            yield token.text


def _may_define(brackets: Brackets, at: int) -> bool:
    code = brackets.tokens
    before = [token.text for token in code[max(0, at - 4) : at]]
    if before[-1:] in (["."], ["->"]) or before[-3:] in [["(", "func", ","]] or _NO_DEFINITION & set(before[-2:]):
        return False
    close = brackets.closing.get(at + 1)
    if close is None or close + 1 >= len(code):
        return True
    return code[at + 1].text != "(" or code[close + 1].text == "{" or code[close + 1].kind == "name"


class _Loss(NamedTuple):
    """The line with the name of a definition that the series takes away, and the names in what it puts there."""

    line: TakenAway
    instead: frozenset[str]


def _losses(material: Material, names: frozenset[str]) -> Mapping[str, _Loss]:
    """The definitions of these names that the series takes away, where no branch of an #if out of view can have another
    one."""
    names -= _added_elsewhere(material)
    return {
        name: _Loss(
            TakenAway(file.old_path or "", line.text, patch.mail.subject.number, line.mail_line),
            _names_instead(hunk, line),
        )
        for patch in material.patches
        for file in patch.files
        for hunk in file.hunks
        for name, line in _definitions_taken(names, file, hunk)
    }


def _names_instead(hunk: Hunk, removed: DiffLine) -> frozenset[str]:
    """The names in the lines that are added right behind those that are removed with a line."""
    behind = dropwhile(lambda line: line.mail_line < removed.mail_line, hunk.lines)
    added = takewhile(lambda line: line.sign == "+", dropwhile(lambda line: line.sign == "-", behind))
    return frozenset(name for line in added for name in NAME.findall(line.text))


def _added_elsewhere(material: Material) -> frozenset[str]:
    """The names in lines that the series adds to files that were not read."""
    paths = {source.path for source in material.sources}
    lines = (
        line for patch in material.patches for file in patch.files if file.new_path not in paths for line in file.lines
    )
    return frozenset(name for line in lines if line.sign == "+" for name in NAME.findall(line.text))


def _definitions_taken(names: frozenset[str], file: FileDiff, hunk: Hunk) -> Iterator[tuple[str, DiffLine]]:
    lines = [line for line in hunk.lines if line.sign != "+"]
    taken = {name for line in lines if line.sign == "-" for name in NAME.findall(line.text)}
    if taken.isdisjoint(names):
        return
    if file.kind != "deleted" and any(_CONDITIONAL.match(line.text) for line in lines):
        return
    brackets = Brackets(lexer.code("\n".join(line.text for line in lines) + "\n", 1))
    for at, token in enumerate(brackets.tokens):
        line = lines[token.line - 1]
        if token.text in names and line.sign == "-" and declarators.opens_body(brackets, at):
            yield token.text, line


def _without_entry(material: Material) -> Sequence[Kfunc]:
    """The kfuncs whose name the series brings, and that no line in view registers."""
    return [kfunc for kfunc in material.facts(Kfunc) if kfunc.is_unregistered and material.is_added(kfunc.at)]


def _meant(entry: Entry, loss: _Loss | None, lonely: Iterable[Kfunc], material: Material) -> tuple[str, Place] | None:
    """The one kfunc that an entry can be meant for: the new name of one that lost the old name, or one that is nearly
    the same."""
    if loss is not None:
        renamed = [kfunc for kfunc in lonely if kfunc.name in loss.instead and not kfunc.definition.is_new]
    elif material.is_added(entry.at):
        renamed = [kfunc for kfunc in lonely if one_edit_apart(entry.name, kfunc.name)]
    else:
        renamed = []
    return (renamed[0].name, renamed[0].at) if len(renamed) == 1 else None
