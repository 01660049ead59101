"""Kernel-doc comments, read as scripts/kernel-doc reads them (v6.12, process_name() and process_body())."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kfunclint.facts import Comment, Doc, Section
from kfunclint.finding import Place

# "name - text", "name() - text", "name: text", "type *name - text", or the name alone
_NAME = re.compile(r"(?:\w+\s*\*\s*)?(?P<name>\w+)\s*(?:\(\w*\))?\s*(?:[-:].*)?", re.ASCII)
_SECTION = re.compile(r"(@[.\w]+|@\.\.\.|description|context|returns?|notes?|examples?)\s*:(?:[^:].*)?", re.IGNORECASE)
_LEAD = re.compile(r"[ \t]*\*?[ \t]*")


def doc(comment: Comment) -> Doc | None:
    """Read a comment as kernel-doc; None if it is not one (plain, one line, cut off, or a DOC: block)."""
    if not (comment.kernel_doc and comment.whole) or comment.text.partition("\n")[0].strip() != "/**":
        return None
    lines = tuple(text_lines(comment))[1:]
    if not lines or lines[0][1].startswith("DOC:"):
        return None
    at, first = lines[0]
    match = _NAME.fullmatch(first)
    name = match["name"] if match else ""
    start = at.column + (match.start("name") if match else 0)
    named = Place(at.path, at.line, start, start + len(name or first))
    return Doc(name, named, lines, tuple(_sections(lines[1:])))


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
        if match := _SECTION.fullmatch(text):
            name = match[1].lower()
            # @return: is a section of its own there, @returns: would be a parameter
            yield Section("return" if name in ("returns", "@return") else name, at)
