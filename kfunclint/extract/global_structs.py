"""Finds structs that hand a set of kfuncs to the kernel and are global."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from kfunclint.c import lexer
from kfunclint.c.lexer import Token
from kfunclint.extract.extractor import Material, extractor
from kfunclint.extract.sets import LexicalScan
from kfunclint.extract.tokens import place
from kfunclint.facts.global_structs import GlobalStruct

_STRUCT = "btf_kfunc_id_set"
_QUALIFIERS = frozenset({"struct", "const", "__ro_after_init", "__maybe_unused"})
_LONGEST_DECLARATION = 6  # tokens
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)


@extractor(GlobalStruct)
def global_structs(material: Material) -> Iterator[GlobalStruct]:
    """Those of a series, in the order of files and lines; in a whole tree most files are out of view."""
    if not material.patches:
        return
    found = [struct for scan in material.scans for code in scan.tokens for struct in _defined(scan.path, code)]
    if not found:
        return
    homes = Counter(name for scan in material.scans for name in _names(scan))
    shared = _removed(material).union(*map(_shared, material.scans))
    for struct in found:
        if homes[struct.name] == 1 and struct.name not in shared:
            yield struct


def _defined(path: str, tokens: Sequence[Token]) -> Iterator[GlobalStruct]:
    code = lexer.code_of(tokens)
    for at, token in enumerate(code[:-3]):
        if token.text == _STRUCT and code[at + 1].kind == "name" and code[at + 2].text in ("=", "["):
            first = at
            while first and code[first - 1].text in _QUALIFIERS:
                first -= 1
            if first and code[first - 1].text in (";", "}", ")") and code[first].column == 1:
                yield GlobalStruct(code[at + 1].text, place(path, code[first]))


def _names(scan: LexicalScan) -> frozenset[str]:
    """The names in the code of a file, directives included."""
    words = (token.text for tokens in scan.tokens for token in tokens if token.kind != "comment")
    return frozenset(name for text in words for name in _NAME.findall(text))


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
    lines = (line for patch in material.patches for file in patch.files for hunk in file.hunks for line in hunk.lines)
    return frozenset(name for line in lines if line.sign == "-" for name in _NAME.findall(line.text))
