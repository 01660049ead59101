"""Finds declarations of kfuncs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile

from kfunclint.c import lexer
from kfunclint.c.brackets import LONGEST, Brackets
from kfunclint.c.lexer import Token
from kfunclint.extract.extractor import Material, extractor
from kfunclint.extract.tokens import place
from kfunclint.facts.prototypes import MarkedPrototype


@extractor(MarkedPrototype)
def marked_prototypes(material: Material) -> Iterator[MarkedPrototype]:
    """The declarations that carry the marker; not those of a function that the same file defines, which has the marker
    by its declaration."""
    for scan in material.scans:
        unit = material.units.get(scan.path)
        defined = {function.name for function in unit.functions} if unit else frozenset[str]()
        for tokens in scan.tokens:
            code = lexer.code_of(tokens)
            for at, token in enumerate(code):
                name = _declared(code[at + 1 : at + LONGEST]) if token.text == "__bpf_kfunc" else ""
                if name and name not in defined:
                    yield MarkedPrototype(name, place(scan.path, token))


def _declared(code: Sequence[Token]) -> str:
    """The function that the tokens declare without a body; "" if they do something else."""
    head = list(takewhile(lambda token: token.text != "(", code))
    close = Brackets(code).closing.get(len(head))
    is_plain = all(token.kind == "name" or token.text == "*" for token in head)
    if close is None or len(head) < 2 or not is_plain or [token.text for token in code[close + 1 : close + 2]] != [";"]:
        return ""
    return head[-1].text
