"""Kernel-doc comments, read as scripts/kernel-doc reads them.

See process_name(), process_body() and dump_function() of v6.12, which is written in Perl, and those of its rewrite in
Python (v7.3, tools/lib/python/kdoc/kdoc_parser.py). Where the two differ, it is the one that complains less.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from kfunclint.c.lexer import Token
from kfunclint.facts.docs import Comment, Doc, Section
from kfunclint.finding import Place
from kfunclint.value import replace

# "type *name" and "define name" are read as the name
_NAME = re.compile(r"(?:\A|\*\s*)(?:\w+\s*\*\s*)?(?:define\s+)?(\w+)(?=(?:\s*\(\w*\))?\s*(?:[-:].*)?$)")
_TYPE = re.compile(r"(?:struct|union|enum|typedef)\b")
# macros with arguments that are dropped from a prototype
_DROPPED = re.compile(
    r"__(?:printf|attribute__|diagnose_as|(?:re)?alloc_size|(?:cond_)?(?:acquires|releases)(?:_shared)?"
    r"|must_(?:not_)?hold|must_hold_shared)"
)
# behind a star anywhere, as that of a list is
_SECTION = re.compile(
    r"(?:\A|\*\s*)(@[.\w]+|description|context|returns?|notes?|examples?)\s*:(?:[^:].*)?$", re.IGNORECASE
)
_LEAD = re.compile(r"[ \t]*\*?[ \t]*")


def doc(comment: Comment, above: str | None = None) -> Doc | None:
    """Read a comment as kernel-doc; None if it is not one (plain, indented, one line, cut off, or a DOC: block).

    `above` is what it stands above, see prototype().
    """
    if not (comment.kernel_doc and comment.whole) or comment.at.column > 1:
        return None
    lines = tuple(text_lines(comment))[1:]
    if comment.text.partition("\n")[0].strip() != "/**" or not lines or lines[0][1].startswith("DOC:"):
        return None
    at, title = lines[0]
    column, name = _name(title)
    name_place = Place(at.path, at.line, at.column + column, at.column + column + len(name or title))
    separator = re.search("[-:]", title)
    purpose = title[separator.end() :].strip() if separator else ""
    return Doc(name, name_place, purpose, lines, tuple(_sections(lines[1:])), above)


def _name(title: str) -> tuple[int, str]:
    """The name that the first line documents, with its offset; "" for a line that names a type or is mere prose."""
    match = None if _TYPE.match(title) or not re.match(r"\w", title) else _NAME.search(title)
    return (match.start(1), match[1]) if match else (0, "")


def prototype(tokens: Iterable[Token]) -> str | None:
    """What a comment stands above, given the tokens below it: the name before the first bracket, as kernel-doc reads a
    function up to the first brace or semicolon; None where there is no such name in view."""
    name, depth = "", 0
    for token in tokens:
        if depth or (token.text == "(" and _DROPPED.fullmatch(name)):
            depth += (token.text == "(") - (token.text == ")")
        elif token.text == "(":
            return name or None
        elif token.kind == "name":
            name = token.text
        elif token.kind not in ("comment", "directive") and token.text != "*":
            return None
    return None


def members(tokens: Sequence[Token]) -> tuple[str, list[Token]]:
    """The struct that the tokens begin with, and the names of its members.

    ("", []) where it is not whole in view, or where kernel-doc would have to take it apart: one in another, members
    made by macros, under a condition, private, or described in place. See scripts/kernel-doc: dump_struct().
    """
    words = [token for token in tokens if token.kind != "comment"]
    if [token.text for token in words[:1]] != ["struct"] or [token.text for token in words[2:3]] != ["{"]:
        return "", []
    declarations: list[list[Token]] = [[]]
    for token in tokens[[token.text for token in tokens].index("{") + 1 :]:
        if token.text == "}":
            names = [name for words in declarations[:-1] for name in _declared(words)]
            return (words[1].text, [name for name in names if name]) if None not in names else ("", [])
        if token.kind == "directive" or token.text == "{" or _IN_PLACE.search(token.text):
            break
        if token.text == ";":
            declarations.append([])
        elif token.kind != "comment":
            declarations[-1].append(token)
    return "", []


_IN_PLACE = re.compile(r"\A/\*(?:\*|(?s:.*)(?:private|public))", re.IGNORECASE)


def _declared(words: Sequence[Token]) -> Iterator[Token | None]:
    """The names that a declaration of members declares, None for one that is not plain."""
    texts = [token.text for token in words]
    if "(" in texts:
        at = texts.index("(")
        yield words[at + 2] if texts[at + 1 : at + 2] == ["*"] and texts[at + 3 : at + 4] == [")"] else None
        return
    last: Token | None = None
    depth, width = 0, False
    for token in words:
        depth += {"[": 1, "]": -1}.get(token.text, 0)
        if token.text == ",":
            yield last
            last, width = None, False
        elif depth == 0 and token.text != "]":
            width = width or token.text == ":"
            if not width:
                last = token if token.kind == "name" and not token.text.startswith("__") else None
    yield last


def text_lines(comment: Comment) -> Iterator[tuple[Place, str]]:
    """The lines of a comment without its signs, each with the place of its first character; "" for one without text.

    The first one is what stands behind the opening sign.
    """
    for number, line in enumerate(comment.text.split("\n")):
        start = comment.at.column - 1 if number == 0 else 0
        lead = re.match(r"/\*\*?|//", line) if number == 0 else None
        skipped = lead.end() if lead else 0
        skipped += _lead_length(line[skipped:], inside=lead is None)
        text = line[skipped:].removesuffix("*/").rstrip()
        column = start + skipped + 1
        yield Place(comment.at.path, comment.at.line + number, column, column + len(text)), text


def _lead_length(line: str, inside: bool) -> int:
    if not inside or line.lstrip().startswith("*/"):
        return len(line) - len(line.lstrip())
    match = _LEAD.match(line)
    return match.end() if match else 0


def _sections(lines: tuple[tuple[Place, str], ...]) -> Iterator[Section]:
    for at, text in lines:
        if match := _SECTION.search(text):
            yield Section(_section_name(match[1]), replace(at, column=at.column + match.start(1)))


def _section_name(written: str) -> str:
    """The name as Section has it; "@returns" is what v6.12 takes for a parameter and v7.3 for a Return: section."""
    folded = written.lower()
    if folded == "returns" or written == "@return":
        return "return"
    if folded in ("@return", "@returns"):
        return "@returns"
    return written if folded[0] == "@" else folded
