"""Paragraphs that people read: of messages and of comments, without the code, quotes and trailers between them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from kfunclint import kerneldoc
from kfunclint.facts import Comment, Prose
from kfunclint.finding import Place
from kfunclint.patch import MessageLine

_Line = tuple[Place, str]

_TRAILER = re.compile(
    r"(?:[A-Z][\w-]*-by|Cc|To|From|Fixes|Link|Closes|Message-ID|Reported-and-tested-by|BugLink|Bug|References?|"
    r"Change-Id|Depends-on|[Bb]ase-commit|[Pp]rerequisite-patch-id|X-[\w-]+):\s",
)
_BULLET = re.compile(r"(?:[-*+o•]|\(?\d{1,3}[.)]|\(?[a-z][.)]|\[\d{1,3}\]:?)\s+")
_NOT_PROSE = re.compile(
    r"""
      [>|+<]                                  # quoted mail, tables, diffs
    | [$#%]\ | \[\s*\d+\.\d+\]                # shells and kernel logs
    | (?:diff\ --git|index\ [0-9a-f]+\.\.|---|\+\+\+|@@|commit\ [0-9a-f]{7,})
    | \S.*\(\d+\):$                           # a name in a shortlog
    | \S+\s+\|\s+\d+                          # a file in a diffstat
    | https?://\S+$
    """,
    re.VERBOSE,
)
_CODE_INDENT = 4


def of_message(lines: Iterable[MessageLine], kind: str, patch: int) -> Iterator[Prose]:
    """The paragraphs of a commit message ("message") or cover letter ("cover") of patch n."""
    paragraph: list[_Line] = []
    for line in lines:
        text = line.text.strip()
        if kind == "cover" and _is_shortlog(line.text):
            break
        indent = _indent(line.text)
        if _breaks(text) or (indent >= _CODE_INDENT and not _continues(paragraph, indent)):
            yield from _prose(kind, paragraph)
            paragraph = []
            continue
        bullet = _BULLET.match(text)
        if bullet:
            yield from _prose(kind, paragraph)
            paragraph = []
            indent, text = indent + bullet.end(), text[bullet.end() :]
        column = indent + 1
        paragraph.append((Place(None, line.mail_line, column, column + len(text), patch), text))
    yield from _prose(kind, paragraph)


def of_comment(comment: Comment, function: str | None) -> Iterator[Prose]:
    """The paragraphs of a comment; `function` is the kfunc that it belongs to."""
    kind = "doc" if comment.kernel_doc else "comment"
    paragraph: list[_Line] = []
    literal = False
    base = 0
    for at, text in kerneldoc.text_lines(comment):
        literal = literal and (not text or at.column > base)
        if _breaks(text) or literal or (paragraph and at.column >= paragraph[0][0].column + _CODE_INDENT):
            yield from _prose(kind, paragraph, function)
            paragraph = []
            continue
        if new := re.match(r"@[\w.]+\s*:\s*", text) or _BULLET.match(text):
            yield from _prose(kind, paragraph, function)
            paragraph = []
            at = Place(at.path, at.line, at.column + new.end(), at.end_column)  # noqa: PLW2901
            text = text[new.end() :]  # noqa: PLW2901
        if text:
            paragraph.append((at, text))
        literal, base = text.endswith("::"), at.column
    yield from _prose(kind, paragraph, function)


def _prose(kind: str, paragraph: list[_Line], function: str | None = None) -> Iterator[Prose]:
    if paragraph:
        yield Prose(kind, tuple(paragraph), function)


def _breaks(text: str) -> bool:
    return not text or bool(_TRAILER.match(text) or _NOT_PROSE.match(text))


def _indent(line: str) -> int:
    """Columns of white space in front, a tab counted as far enough to be code."""
    lead = line[: len(line) - len(line.lstrip())]
    return len(lead) if "\t" not in lead else len(lead) + _CODE_INDENT


def _continues(paragraph: list[_Line], indent: int) -> bool:
    """Does an indented line go on with the item of a list?"""
    return bool(paragraph) and paragraph[0][0].column == indent + 1


def _is_shortlog(line: str) -> bool:
    return bool(re.fullmatch(r"\S.{0,80} \(\d+\):", line))
