"""Finds declarations of kfuncs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile

from kfunclint.c import lexer
from kfunclint.c.brackets import LONGEST, Brackets
from kfunclint.c.lexer import Token
from kfunclint.extract.extractor import Material, extractor
from kfunclint.extract.regions import CLOSERS
from kfunclint.extract.tokens import place
from kfunclint.facts.prototypes import MarkedPrototype


@extractor(MarkedPrototype)
def marked_prototypes(material: Material) -> Iterator[MarkedPrototype]:
    """The declarations that carry the marker, in headers and in regions of kfunc definitions; elsewhere one may stand
    in front of its definition, which has the marker by it."""
    for scan in material.scans:
        is_header = scan.path.endswith(".h")
        for tokens in scan.tokens:
            code = lexer.code_of(tokens)
            region = ""
            for at, token in enumerate(code):
                if token.text in CLOSERS or token.text in CLOSERS.values():
                    region = token.text if token.text in CLOSERS else ""
                has_marker = token.text == "__bpf_kfunc" and (is_header or region)
                if has_marker and (name := _declared(code[at + 1 : at + LONGEST])):
                    yield MarkedPrototype(name, place(scan.path, token), region)


def _declared(code: Sequence[Token]) -> str:
    """The function that the tokens declare without a body; "" if they do something else."""
    head = list(takewhile(lambda token: token.text != "(", code))
    close = Brackets(code).closing.get(len(head))
    is_plain = all(token.kind == "name" or token.text == "*" for token in head)
    if close is None or len(head) < 2 or not is_plain or [token.text for token in code[close + 1 : close + 2]] != [";"]:
        return ""
    return head[-1].text
