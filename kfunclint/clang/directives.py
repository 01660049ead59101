"""Text as the preprocessor of clang sees it, reduced to what is safe: no comment, no directive but #define and #undef.

All functions keep the number of lines, and the columns of what they leave, except behind a backslash-newline.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

_MAX_NESTED = 64  # conditionals in one another; what is nested deeper keeps all its branches
_UNSAFE = re.compile(r"[^\t\n\x20-\x7e]")
_COMMENT_OR_STRING = re.compile(
    r"""(?P<comment>/\*(?s:.*?)(?:\*/|\Z)|//[^\n]*)|"(?:\\.|[^"\\\n])*+"?|'(?:\\.|[^'\\\n])*+'?"""
)
_COMMENT_LINE = re.compile(r"[ \t]*\*(?:[ \t]|$)")
_DIRECTIVE = re.compile(r"[ \t]*(?:#|%:)[ \t]*([A-Za-z_]*)[ \t]*([^\n]*)")
_NAME = re.compile(r"[A-Za-z_$][\w$]*", re.ASCII)
_NEGATIVE = re.compile(r"[ \t]*(?:!|\([ \t]*!)")
_OFF = re.compile(r"0[ \t]*$")


def neutralize(text: str, added: Sequence[bool], reserved: Collection[str]) -> str:
    """Reduce the lines of a visible range, of which `added` tells which ones the series brought.

    Of a conditional the branch with added lines stays, else the first one, but not that of an #if that is negated, if
    there is another one. A #define or #undef of a `reserved` name, or of one that begins like a builtin, is dropped.
    """
    lines = uncommented(spliced(safe(text))).split("\n")
    return "\n".join(_without_branches(lines, added, reserved))


def safe(text: str) -> str:
    """One printable ASCII character for every character, so that a column of clang is a column of ours."""
    return _UNSAFE.sub(lambda match: "_" if match[0] > "\x7f" else " ", text)


def spliced(text: str) -> str:
    """Join the lines that a backslash joins; a macro of which the beginning or the end is cut off is dropped."""
    done: list[str] = []
    logical: list[str] = []
    for line in text.split("\n"):
        body = line.rstrip()
        if body.endswith("\\"):
            logical.append(body[:-1])
            continue
        if logical:
            whole = "".join([*logical, line])
            cut = not done and not whole.lstrip().startswith(("#", "%:"))
            done += ["" if cut else whole, *[""] * len(logical)]
            logical = []
        else:
            done.append(line)
    return "\n".join(done + [""] * len(logical))


def uncommented(text: str) -> str:
    """Blank the comments, also one of which the beginning or the end is cut off."""
    close, begin = text.find("*/"), text.find("/*")
    if close >= 0 and (begin < 0 or close < begin):
        text = _blank(text[: close + 2]) + text[close + 2 :]
    elif close < 0 and begin < 0 and all(_COMMENT_LINE.match(line) for line in text.split("\n") if line.strip()):
        return _blank(text)
    return _COMMENT_OR_STRING.sub(lambda match: _blank(match[0]) if match["comment"] else match[0], text)


def _blank(text: str) -> str:
    return "\n".join([" " * len(line) for line in text.split("\n")])


class _Directive(NamedTuple):
    """A directive, with the 0-based index of its line."""

    at: int
    word: str
    rest: str


def _without_branches(lines: list[str], added: Sequence[bool], reserved: Collection[str]) -> list[str]:
    directives = list(_directives(lines))
    is_dropped = bytearray(len(lines))
    for directive in directives:
        is_dropped[directive.at] = not _is_harmless(directive, reserved)
    for begin, end in _branches_not_taken(directives, added):
        is_dropped[begin:end] = b"\1" * (end - begin)
    return ["" if drop else line for line, drop in zip(lines, is_dropped, strict=True)]


def _directives(lines: list[str]) -> Iterator[_Directive]:
    for at, line in enumerate(lines):
        if "#" in line or "%:" in line:
            match = _DIRECTIVE.match(line)
            if match:
                yield _Directive(at, match[1], match[2])


def _is_harmless(directive: _Directive, reserved: Collection[str]) -> bool:
    if directive.word not in ("define", "undef"):
        return False
    name = _NAME.match(directive.rest)
    return (
        name is not None and name[0] not in reserved and not name[0].startswith(("__builtin", "__kfunclint", "__has_"))
    )


def _branches_not_taken(directives: list[_Directive], added: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """The ranges of lines that belong to branches not taken; a conditional that is not whole keeps all of them."""
    nested: list[list[_Directive]] = []
    added_above = [0, *accumulate(added)]
    for directive in directives:
        if directive.word in ("if", "ifdef", "ifndef"):
            nested.append([directive])
        elif nested and directive.word in ("elif", "elifdef", "elifndef", "else"):
            nested[-1].append(directive)
        elif nested and directive.word == "endif":
            group = nested.pop()
            if len(nested) < _MAX_NESTED:
                yield from _skipped_branches([*group, directive], added_above)


def _skipped_branches(group: list[_Directive], added_above: list[int]) -> Iterator[tuple[int, int]]:
    """`added_above` has for every line the number of added lines above it."""
    branches = [(opening.at + 1, closing.at) for opening, closing in pairwise(group)]
    taken = _taken_branch(group, branches, added_above)
    for index, branch in enumerate(branches):
        if index != taken:
            yield branch


def _taken_branch(group: list[_Directive], branches: list[tuple[int, int]], added_above: list[int]) -> int:
    is_off = group[0].word == "if" and bool(_OFF.match(group[0].rest))
    is_negative = group[0].word == "ifndef" or (group[0].word == "if" and bool(_NEGATIVE.match(group[0].rest)))
    default = 1 if is_off or (is_negative and len(branches) > 1) else 0
    with_additions = [
        at
        for at, (begin, end) in enumerate(branches)
        if added_above[begin] < added_above[end] and not (is_off and at == 0)
    ]
    return default if default in with_additions or not with_additions else with_additions[0]
