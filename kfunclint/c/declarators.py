"""Where functions stand in a list of tokens, and what a @@ heading tells of one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from kfunclint.c import lexer
from kfunclint.c.brackets import Brackets
from kfunclint.c.lexer import Token

CONTROL = frozenset({"if", "for", "while", "do", "switch", "return", "goto", "break", "continue", "case", "default"})
STATEMENT = CONTROL | {"else"}
_FIRST_STRUCT = re.compile(r"\s*\(\s*(?:const\s+)?struct\s+(\w+)\s*\*", re.ASCII)
_NO_ATTRIBUTE = ("__bpf_kfunc_", "__bpf_hook_", "__diag_")


class Span(NamedTuple):
    """A function with both braces in view, as indices of tokens: where its header begins, its name, its braces."""

    header: int
    name: int
    open: int
    close: int


class Heading(NamedTuple):
    """What a @@ heading says of the function around a hunk; `header` is what to write before its body."""

    header: str
    name: str


def functions(tokens: Sequence[Token]) -> list[Span]:
    """The functions of which header and braces are in view, the braces in column 1 as the kernel has them."""
    brackets = Brackets(tokens)
    spans: list[Span] = []
    open_function: tuple[int, int, int] | None = None
    depth = 0
    for at, token in enumerate(tokens):
        if token.text == "{":
            if token.column == 1:
                name = _name(brackets, at)
                open_function = None if name is None else (start(brackets, name), name, at)
                depth = 0
            depth += 1
        elif token.text == "}":
            depth -= 1
            if token.column == 1:
                if open_function and depth == 0:
                    spans.append(Span(*open_function, at))
                open_function, depth = None, 0
    return [span for span in spans if tokens[span.header].column == 1]


def _name(brackets: Brackets, brace: int) -> int | None:
    """The name of the function whose body a brace begins."""
    tokens = brackets.tokens
    at = _behind_attributes(tokens, brace - 1)
    while tokens[at].text == ")" and at in brackets.opening:
        name = brackets.opening[at] - 1
        if name < 0 or tokens[name].kind != "name" or tokens[name].text in STATEMENT:
            return None
        attribute = tokens[name].text.startswith("__") and name > 0 and tokens[name - 1].text == ")"
        if not attribute:
            return name
        at = _behind_attributes(tokens, name - 1)
    return None


def _behind_attributes(tokens: Sequence[Token], at: int) -> int:
    while at > 0 and tokens[at].text.startswith("__"):
        at -= 1
    return at


def start(brackets: Brackets, name: int) -> int:
    """The index of the first token of the header around a function's name."""
    tokens = brackets.tokens
    at = name
    while at > 0:
        token_before = tokens[at - 1]
        if tokens[at].line - token_before.line > 1:
            break
        if token_before.kind == "name" or token_before.text == "*":
            at -= 1
        elif token_before.text == ")" and _is_attribute(tokens, at - 1, brackets.opening.get(at - 1, 0) - 1):
            at = brackets.opening[at - 1] - 1
        else:
            break
    return at


def opens_body(brackets: Brackets, name: int) -> bool:
    """Do parentheses follow the name at that index, and behind them and attributes a brace?"""
    tokens, closing = brackets.tokens, brackets.closing
    if name + 1 not in closing:
        return False
    at = closing[name + 1] + 1
    while at < len(tokens) and tokens[at].text.startswith("__"):
        at = closing.get(at + 1, at) + 1
    return at < len(tokens) and tokens[at].text == "{"


def first_struct(text: str) -> str | None:
    """The struct that a function takes a pointer to first; `text` begins right behind its name."""
    match = _FIRST_STRUCT.match(text)
    return match[1] if match else None


def _is_attribute(tokens: Sequence[Token], close: int, name: int) -> bool:
    """Does a macro with arguments belong to the header behind it, and not stand for itself? `name` is -1 for none."""
    if name < 0 or tokens[name].kind != "name":
        return False
    if tokens[close].line == tokens[close + 1].line:
        return True
    return tokens[name].text.startswith("__") and not tokens[name].text.startswith(_NO_ATTRIBUTE)


def heading(text: str) -> Heading | None:
    """Read the text behind the second @@; None if it is not the first line of a function."""
    tokens = lexer.code(text)
    at = next((at for at, token in enumerate(tokens) if token.text == "("), 0)
    closing = Brackets(tokens).closing
    while at and tokens[at - 1].text.startswith("__") and (close := closing.get(at)):
        at = next((index for index in range(close + 1, len(tokens)) if tokens[index].text == "("), 0)
    if not at or tokens[0].column != 1 or not _is_header(tokens[:at]):
        return None
    name = tokens[at - 1].text
    close = closing.get(at)
    returns = at > 1
    if name.isupper() or name.startswith("BPF_CALL_"):
        return _heading_of_macro(name, tokens, at)
    if close is None:
        first = "".join(f"{token.text} " for token in tokens[: at - 1]) if returns else "int "
        return Heading(f"{first}{name}()", name)
    if close != len(tokens) - 1 and tokens[close + 1].text != "{":
        return None
    whole = text[: tokens[close].offset + 1]
    return Heading(whole if returns else f"int {whole}", name)


def _heading_of_macro(macro: str, tokens: Sequence[Token], at: int) -> Heading | None:
    """A header such as BPF_CALL_2(name, ...); of other macros it is not known what they make."""
    if not macro.startswith("BPF_CALL_") or at + 1 >= len(tokens) or tokens[at + 1].kind != "name":
        return None
    return Heading(f"int {tokens[at + 1].text}()", tokens[at + 1].text)


def _is_header(tokens: Sequence[Token]) -> bool:
    if any(token.kind != "name" and token.text not in ("*", "(", ")", ",") for token in tokens):
        return False
    return tokens[-1].kind == "name" and not any(token.text in STATEMENT for token in tokens)
