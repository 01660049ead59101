"""The types that the files of a series define themselves, as their tokens spell them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from kfunclint.c.brackets import Brackets
from kfunclint.c.lexer import Token

_ALIGNED = ("__aligned", "aligned")
_WIDTH = re.compile(r"(?:__)?[us](8|16|32|64)|u?int(8|16|32|64)_t", re.ASCII)
_PLAIN = {"char": 1, "short": 2, "int": 4}
_SIGNS = frozenset({"unsigned", "signed", "const", "volatile"})
_COUNT = re.compile(r"[1-9][0-9]{0,5}")
_AROUND = frozenset({"__attribute__", "(", ")", *_ALIGNED})


def aggregates(ranges: Iterable[Sequence[Token]]) -> frozenset[str]:
    """The names that a typedef in view gives to a struct or a union."""
    return frozenset(name for code in ranges for name in _typedefs(code))


def _typedefs(code: Sequence[Token]) -> Iterator[str]:
    brackets: Brackets | None = None
    for at, token in enumerate(code[:-3]):
        if token.text != "typedef" or code[at + 1].text not in ("struct", "union"):
            continue
        brackets = brackets or Brackets(code)
        behind = at + 2 + (code[at + 2].kind == "name")
        if code[behind].text == "{":
            behind = brackets.closing.get(behind, len(code)) + 1
        named = code[behind : behind + 2]
        if len(named) > 1 and named[0].kind == "name" and named[1].text == ";":
            yield named[0].text


def sizes(ranges: Iterable[Sequence[Token]]) -> dict[str, int]:
    """The sizes in bytes of the structs in view that are the state of an iterator, as far as they are made of integers
    and arrays of them; `ranges` have the directives, as what stands between them may not be there."""
    bytes_by_name: dict[str, int | None] = {}
    for tokens in ranges:
        code = [token for token in tokens if token.kind != "comment"]
        brackets: Brackets | None = None
        for at, token in enumerate(code[:-3]):
            name = code[at + 1].text
            if token.text == "struct" and name.startswith("bpf_iter_") and code[at + 2].text == "{":
                brackets = brackets or Brackets(code)
                size = _size(code, at + 2, brackets)
                bytes_by_name[name] = None if name in bytes_by_name else size
    return {name: size for name, size in bytes_by_name.items() if size is not None}


def _size(code: Sequence[Token], opening: int, brackets: Brackets) -> int | None:
    """That of the struct whose brace opens at an index; None where it is not known."""
    close = brackets.closing.get(opening)
    if close is None:
        return None
    end = next((at for at in range(close, min(close + 12, len(code))) if code[at].text == ";"), None)
    words = [token.text for token in code[close + 1 : end]]
    alignment = _alignment(words)
    if end is None or alignment is None or any(token.kind == "directive" for token in code[opening:end]):
        return None
    offset = 0
    for member in _members([token.text for token in code[opening + 1 : close]]):
        width, count = _width(member), _count(member)
        if width is None or count is None:
            return None
        offset = _rounded(offset, width) + width * count
        alignment = max(alignment, width)
    return _rounded(offset, alignment)


def _rounded(offset: int, to: int) -> int:
    return -(-offset // to) * to


def _alignment(words: Sequence[str]) -> int | None:
    """What attributes behind a struct say of it, 1 where there are none; None for others than that."""
    numbers = [word for word in words if word not in _AROUND]
    if not words:
        return 1
    is_one = len(numbers) == 1 and numbers[0] in ("4", "8", "16") and any(word in _ALIGNED for word in words)
    return int(numbers[0]) if is_one else None


def _members(words: Sequence[str]) -> Iterator[list[str]]:
    member: list[str] = []
    for word in words:
        if word == ";":
            yield member
            member = []
        else:
            member.append(word)
    if member:
        yield member


def _width(member: Sequence[str]) -> int | None:
    """The bytes of one element of a member."""
    types = [word for word in member[: _name_at(member)] if word not in _SIGNS]
    if len(types) != 1:
        return 4 if not types and member[:1] == ["unsigned"] else None
    match = _WIDTH.fullmatch(types[0])
    return int(match[1] or match[2]) // 8 if match else _PLAIN.get(types[0])


def _name_at(member: Sequence[str]) -> int:
    bracket = member.index("[") if "[" in member else len(member)
    return bracket - 1


def _count(member: Sequence[str]) -> int | None:
    """How many elements a member has."""
    behind = member[_name_at(member) + 1 :]
    if not behind:
        return 1
    is_array = len(behind) == 3 and behind[0] == "[" and behind[2] == "]"
    return int(behind[1]) if is_array and _COUNT.fullmatch(behind[1]) else None
