"""Kernel-doc, comments and paragraphs that people read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal

from kfunclint.facts.fact import Extent, line_of
from kfunclint.finding import Place
from kfunclint.value import Value

_NAME = re.compile(r"(?<![\w/.<>@=*&\\$%#+~^|:'-])[a-z]\w*_\w*(?![\w/*\[\]\\@<>|{}'-]|\.\w|->|::)", re.ASCII)
_NAMED = re.compile(r"\w+(?:\(\))?\s*(?:-|:|$)")
_SHORTEST_NAME = 6


ProseKind = Literal["message", "cover", "title", "comment", "doc"]


class Section(Value):
    """A section of a kernel-doc comment."""

    name: str
    """As written for a parameter, "@task"; in lower case "return" or "context"; "@returns" for what only the newer
    kernel-doc takes for a Return: section."""
    at: Place


class Doc(Value):
    """A kernel-doc comment that is whole in view."""

    name: str
    """What its first line documents; "" where that line is no name."""
    at: Place
    """That name, or the first line."""
    purpose: str
    """What the first line says of it."""
    lines: tuple[tuple[Place, str], ...]
    """Its lines of text without the leading " * ", each with its place."""
    sections: tuple[Section, ...]
    above: str | None
    """The name of what follows, as kernel-doc reads it; None where it cannot."""
    struct: str = ""
    """The struct that it documents and that follows; "" for none."""
    members: tuple[tuple[str, Place], ...] = ()
    """The members of that struct; none where one of them is not plain."""
    opening: Place | None = None
    """Its first sign, where its file has kfuncs or hooks and it does not stand above a kfunc."""

    @property
    def function(self) -> str | None:
        """What it documents."""
        return self.name or None

    @property
    def extent(self) -> tuple[Extent, ...]:
        """Its first line and those of text."""
        lines = [self.at.line, *(at.line for at, _ in self.lines)]
        return (Extent(self.at.path, min(lines), max(lines)),)

    def section(self, *names: str) -> Section | None:
        """The first section that has one of the names."""
        return next((section for section in self.sections if section.name in names), None)

    @property
    def result(self) -> tuple[tuple[Place, str], ...]:
        """The lines about what is returned: those of the Return: section up to an empty line or the next section."""
        start = self.section("return")
        if start is None:
            return ()
        others = {section.at.line for section in self.sections if section is not start}
        below = [(at, text) for at, text in self.lines if at.line >= start.at.line]
        end = next((n for n, (at, text) in enumerate(below) if not text or at.line in others), len(below))
        return tuple(below[:end])


class Comment(Value):
    """A C comment in view."""

    at: Place
    text: str
    """As written."""
    kernel_doc: bool
    """It opens with /**."""
    whole: bool
    """Both its ends are in view."""

    @property
    def function(self) -> None:
        """No kfunc is meant by it alone."""

    @property
    def extent(self) -> tuple[Extent, ...]:
        """All its lines."""
        return (Extent(self.at.path, self.at.line, self.at.line + self.text.count("\n")),)


class Prose(Value):
    """A paragraph that people read. Quoted mail, code, shell output, diffs, trailers and tables are no part of it."""

    kind: ProseKind
    """What it is a part of; a title is that of a commit or a cover letter, a doc is kernel-doc."""
    lines: tuple[tuple[Place, str], ...]
    """Each with the place of its first character."""
    function: str | None = None
    """The kfunc whose comment it is, if any."""
    names: frozenset[str] = frozenset()
    """The words, in lower case, that the code of the series uses as names or in them, before or after."""
    meant: Mapping[str, str] | None = None
    """The name that was meant for each that no file of the tree holds and that is nearly one of `names`; None without a
    tree."""
    is_aside: bool = False
    """It is not about kfuncs: in a mail, or brought by one, whose diff has none in it, or the changelog of a cover."""

    @property
    def extent(self) -> tuple[Extent, ...]:
        """Its lines."""
        return tuple(line_of(at) for at, _ in self.lines)

    @property
    def strangers(self) -> Iterator[re.Match[str]]:
        """The names in its text, in lower case as they are, that no line of the series has.

        The name that a kernel-doc begins with is none: it is held against the function below.
        """
        text = self.text
        heading = _NAMED.match(text) if self.kind == "doc" else None
        for match in _NAME.finditer(text, heading.end() if heading else 0):
            if len(match[0]) >= _SHORTEST_NAME and match[0].islower() and match[0] not in self.names:
                yield match

    @property
    def text(self) -> str:
        """The paragraph on one line: the lines joined by single spaces."""
        return " ".join(text for _, text in self.lines)

    def place(self, start: int, end: int) -> Place:
        """Where `text[start:end]` stands; a match over a line break is given up to the end of its first line.

        Raises IndexError for a start behind the text.
        """
        for at, text in self.lines:
            if start < len(text):
                column = at.column + start
                return Place(at.path, at.line, column, min(column + end - start, at.column + len(text)), at.patch)
            start, end = start - len(text) - 1, end - len(text) - 1
        raise IndexError(start)
