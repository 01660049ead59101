"""Finds what a series takes away from kfuncs that stay."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from kfunclint.c import declarators, lexer
from kfunclint.c.lexer import Token
from kfunclint.c.syntax import struct_of
from kfunclint.extract.extractor import Material, extractor
from kfunclint.extract.tokens import named_calls
from kfunclint.facts.fact import TakenAway
from kfunclint.facts.kfunc import Kfunc
from kfunclint.facts.losses import LostRelease
from kfunclint.facts.sets import Entry, KfuncSet
from kfunclint.patch.diff import DiffLine, FileDiff


@extractor(LostRelease)
def lost_releases(material: Material) -> Iterator[LostRelease]:
    """The kfuncs that the series keeps from giving back what others acquire."""
    for patch in material.patches:
        for file in patch.files:
            for name, line in _removed_entries(file):
                lost = TakenAway(file.old_path or "", line.text, patch.mail.subject.number, line.mail_line)
                if (loss := _loss(name, lost, material)) is not None:
                    yield loss


def _removed_entries(file: FileDiff) -> Iterator[tuple[str, DiffLine]]:
    """The entries with KF_RELEASE of which the patch takes the line with the name away."""
    for hunk in file.hunks:
        if not any(line.sign == "-" and "BTF_ID_FLAGS" in line.text for line in hunk.lines):
            continue
        lines = [line for line in hunk.lines if line.sign != "+"]
        for _, arguments in named_calls(_tokens(lines), ["BTF_ID_FLAGS"]):
            names = arguments[1] if len(arguments) > 2 and [word.text for word in arguments[0]] == ["func"] else ()
            flags = {word.text for argument in arguments[2:] for word in argument}
            if len(names) == 1 and "KF_RELEASE" in flags and lines[names[0].line - 1].sign == "-":
                yield names[0].text, lines[names[0].line - 1]


def _tokens(lines: Sequence[DiffLine]) -> list[Token]:
    return lexer.code("".join(f"{line.text}\n" for line in lines), 1)


def _loss(name: str, lost: TakenAway, material: Material) -> LostRelease | None:
    """What the loss of the entry in a line means; None where it means nothing, or not all is in view."""
    entries = [entry for entry in material.facts(Entry) if entry.name == name]
    kfuncs = material.facts(Kfunc)
    sets = [ids for ids in material.facts(KfuncSet) if ids.at.path == lost.path]
    if any(entry.flags is None or entry.has("KF_RELEASE") for entry in entries) or _is_cut(sets):
        return None
    struct = _first_struct(name, material)
    if struct is None or _may_be_released(struct, material):
        return None
    acquirers = (
        kfunc for kfunc in kfuncs if kfunc.has("KF_ACQUIRE") and struct_of(kfunc.signature.return_type) == struct
    )
    acquirer = next((kfunc for kfunc in acquirers if not _is_new(kfunc, material)), None)
    if acquirer is None:
        return None
    return LostRelease(name, acquirer.at, acquirer.name, struct, lost, keeps_entry=bool(entries))


def _is_cut(sets: Sequence[KfuncSet]) -> bool:
    return not sets or not all(ids.is_complete for ids in sets)


def _may_be_released(struct: str, material: Material) -> bool:
    """Does a kfunc in view give back such a struct, or one of which it is not in view what it takes?"""
    signatures = {kfunc.name: kfunc.signature for kfunc in material.facts(Kfunc)}
    for entry in material.facts(Entry):
        parameters = signatures[entry.name].parameters if entry.name in signatures else ()
        if entry.has("KF_RELEASE") and (not parameters or struct_of(parameters[0].type) in (None, struct)):
            return True
    return False


def _first_struct(name: str, material: Material) -> str | None:
    """The struct that the function takes a pointer to first, as its definition says, or the one that is taken away."""
    for kfunc in material.facts(Kfunc):
        if kfunc.name == name and kfunc.signature.parameters:
            return struct_of(kfunc.signature.parameters[0].type)
    hunks = (hunk for patch in material.patches for file in patch.files for hunk in file.hunks)
    for hunk in hunks:
        if any(line.sign == "-" and name in line.text for line in hunk.lines):
            text = "\n".join(line.text for line in hunk.lines if line.sign != "+")
            for mention in re.finditer(rf"\b{name}\b", text):
                if struct := declarators.first_struct(text[mention.end() :]):
                    return struct
    return None


def _is_new(kfunc: Kfunc, material: Material) -> bool:
    """Does the series bring it, or an entry of it?"""
    return any(map(material.is_added, (kfunc.at, *(entry.at for entry in kfunc.entries))))
