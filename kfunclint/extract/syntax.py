"""Finds what no compiler takes, whatever macros stand for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kfunclint.c import declarators, lexer
from kfunclint.c.declarators import Span
from kfunclint.c.lexer import Token
from kfunclint.extract.extractor import Material, extractor
from kfunclint.extract.tokens import place
from kfunclint.facts.syntax import LostBracket
from kfunclint.patch.postimage import PostImage

_OPENER = {")": "(", "]": "[", "}": "{"}


@extractor(LostBracket)
def lost_brackets(material: Material) -> Iterator[LostBracket]:
    """The first bracket without a partner of each new function that has one.

    A macro could hold the partner; in the 263,131 functions of kernel/, net/, fs/, mm/, io_uring/, security/, block/,
    lib/, arch/x86/, the selftests of bpf and three folders of drivers/ in 7.3 that have no directive, none does.
    """
    for source, scan in zip(material.sources, material.scans, strict=True):
        for tokens in scan.tokens if source.path.endswith((".c", ".h")) else ():
            code = lexer.code_of(tokens)
            directives = [token.line for token in tokens if token.kind == "directive"]
            for function in declarators.functions(code):
                lost = _lost(code[function.open : function.close + 1])
                if lost is not None and _is_of_one_patch(source, code, function, directives):
                    yield LostBracket(code[function.name].text, place(scan.path, lost), lost.text)


def _lost(body: Sequence[Token]) -> Token | None:
    """The first bracket that no other closes or opens; braces count, but are not asked for."""
    open_: list[Token] = []
    for token in body:
        if token.text in _OPENER.values():
            open_.append(token)
        elif token.text in _OPENER:
            if not open_ or open_[-1].text != _OPENER[token.text]:
                return token if not open_ or open_[-1].text == "{" else open_[-1]
            open_.pop()
    return None


def _is_of_one_patch(source: PostImage, code: Sequence[Token], function: Span, directives: Sequence[int]) -> bool:
    """Does one patch bring all of it, without a directive between?"""
    first, last = code[function.header].line, code[function.close].line
    lines = [source.line(number) for number in range(first, last + 1)]
    patches = {line.patch if line is not None else None for line in lines}
    return len(patches) == 1 and None not in patches and not any(first <= line <= last for line in directives)
