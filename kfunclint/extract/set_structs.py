"""Finds structs that hand a set of kfuncs to the kernel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from kfunclint.c import lexer
from kfunclint.c.lexer import Token
from kfunclint.extract.extractor import Material, extractor
from kfunclint.extract.sets import LexicalScan
from kfunclint.extract.tokens import NAME, names_in, place
from kfunclint.facts.set_structs import SetStruct

_STRUCT = "btf_kfunc_id_set"
_QUALIFIERS = frozenset({"static", "struct", "const", "__ro_after_init", "__maybe_unused", "__used"})
_LONGEST_DECLARATION = 6  # tokens


@extractor(SetStruct)
def set_structs(material: Material) -> Iterator[SetStruct]:
    """Those of a series, in the order of files and lines; in a whole tree most files are out of view."""
    found = [(scan.path, one) for scan in material.scans for code in scan.tokens for one in _defined(code)]
    if not material.patches or not found:
        return
    uses = Counter(names_in(tokens for scan in material.scans for tokens in scan.tokens))
    homes = Counter(name for scan in material.scans for name in set(names_in(scan.tokens)))
    is_whole = _is_whole(material)
    shared = frozenset[str]().union(*map(_shared, material.scans))
    old = _removed(material)
    for path, one in found:
        name, at = one.name.text, place(path, one.name)
        if name not in old and material.is_added(at):
            yield SetStruct(
                name=name,
                at=at,
                begins_at=place(path, one.words[0]),
                is_static=any(word.text == "static" for word in one.words),
                is_alone=homes[name] == 1 and name not in shared,
                is_unused=uses[name] == 1 and is_whole and not _is_kept(one.words),
            )


class _Definition(NamedTuple):
    """The name in a definition, and the words in front of it."""

    name: Token
    words: Sequence[Token]


def _defined(tokens: Sequence[Token]) -> Iterator[_Definition]:
    code = lexer.code_of(tokens)
    for at, token in enumerate(code[:-3]):
        if token.text == _STRUCT and code[at + 1].kind == "name" and code[at + 2].text in ("=", "["):
            first = at
            while first and code[first - 1].text in _QUALIFIERS:
                first -= 1
            if first and code[first - 1].text in (";", "}", ")") and code[first].column == 1:
                yield _Definition(code[at + 1], code[first : at + 1])


def _is_kept(words: Sequence[Token]) -> bool:
    return any(word.text in ("__maybe_unused", "__used") for word in words)


def _is_whole(material: Material) -> bool:
    """Are all patches of the series there?"""
    subjects = [patch.mail.subject for patch in material.patches]
    return len({subject.number for subject in subjects}) >= max(subject.total for subject in subjects)


def _shared(scan: LexicalScan) -> frozenset[str]:
    """What a file says of what it exports or declares for others."""
    return frozenset(
        word.text
        for code in map(lexer.code_of, scan.tokens)
        for at, token in enumerate(code)
        if token.text == "extern" or token.text.startswith("EXPORT_SYMBOL")
        for word in code[at + 1 : at + _LONGEST_DECLARATION]
    )


def _removed(material: Material) -> frozenset[str]:
    """The names in the lines that the series takes out: what they name may be used by files out of view."""
    lines = (line for patch in material.patches for file in patch.files for line in file.lines)
    return frozenset(name for line in lines if line.sign == "-" for name in NAME.findall(line.text))
