"""Paragraphs that people read: of messages and of comments, without the code, quotes and trailers between them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby

from kfunclint.extract import kerneldoc
from kfunclint.facts.docs import Comment, Prose, ProseKind
from kfunclint.finding import Place
from kfunclint.patch.diff import MessageLine
from kfunclint.value import replace

_Line = tuple[Place, str]

_TRAILER = re.compile(
    r"(?:[A-Z][\w-]*-by|Cc|To|From|Fixes|Link|Closes|Message-ID|Reported-and-tested-by|BugLink|Bug|References?|"
    r"Change-Id|Depends-on|[Bb]ase-commit|[Pp]rerequisite-patch-id|X-[\w-]+):\s",
)
_VERSION = r"[vV]\d{1,2}:\s+"
_BULLET = re.compile(rf"(?:{_VERSION})?(?:[-*+o•]|\(?\d{{1,3}}[.)]|\(?[a-z][.)]|\[\d{{1,3}}\]:?)\s+|{_VERSION}")
_LABEL = re.compile(r"[A-Z][A-Za-z]+:\s+")
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
_SUBSYSTEMS = re.compile(r"(?:[^\s:]+(?:,? [^\s:]+)?: +)+")
_CHANGELOG = re.compile(
    r"""\s*(?:
      (?:change\ ?log|(?:(?:revision|version|patch)\ )?history)(?:\ (?:since|of|from|for)\b.{0,40})?\s*:?
    | changes?\ (?:since|from|in|to|between|for|compared|vs)\b.{0,40}
      \b(?:rfc|v\ ?\d|version|previous|last|patch)[^.]{0,40}:?
    | (?:rfc[\ -]?)?(?:v\d{1,2}|rfc)(?:\.\d)?\s{0,4}(?:[-=]{1,2}>|→|\bto\b|:).{0,60}
    )$""",
    re.VERBOSE | re.IGNORECASE,
)
_CODE_INDENT = 4
_UNKNOWN_DEPTH = 100_000


def of_message(
    lines: Iterable[MessageLine], kind: ProseKind, patch: int, names: frozenset[str] = frozenset()
) -> Iterator[Prose]:
    """The paragraphs of a commit message ("message") or cover letter ("cover") of patch n; for `names` see Prose.

    Those of a cover letter from its changelog on are asides.
    """
    for is_aside, part in groupby(_with_changelog(lines, kind), key=lambda pair: pair[0]):
        for paragraph in _paragraphs([line for _, line in part], kind, patch, names):
            yield replace(paragraph, is_aside=is_aside)


def _with_changelog(lines: Iterable[MessageLine], kind: ProseKind) -> Iterator[tuple[bool, MessageLine]]:
    """The lines, each with whether it belongs to the changelog of a cover letter."""
    in_changelog = False
    for line in lines:
        in_changelog = in_changelog or (kind == "cover" and _CHANGELOG.match(line.text) is not None)
        yield in_changelog, line


def _paragraphs(lines: Iterable[MessageLine], kind: ProseKind, patch: int, names: frozenset[str]) -> Iterator[Prose]:
    paragraph: list[_Line] = []
    for line in lines:
        text = line.text.strip()
        if kind == "cover" and _is_shortlog(line.text):
            break
        indent = _indent(line.text)
        if _breaks(text) or (indent >= _CODE_INDENT and not _continues(paragraph, indent)):
            yield from _prose(kind, paragraph, None, names)
            paragraph = []
            continue
        bullet = _BULLET.match(text)
        if bullet:
            yield from _prose(kind, paragraph, None, names)
            paragraph = []
            indent, text = indent + bullet.end(), text[bullet.end() :]
        column = indent + 1
        paragraph.append((Place(None, line.mail_line, column, column + len(text), patch), text))
    yield from _prose(kind, paragraph, None, names)


def of_title(title: str, patch: int, names: frozenset[str] = frozenset()) -> Iterator[Prose]:
    """The title of patch n, behind the subsystems that it opens with; for `names` see Prose."""
    prefix = _SUBSYSTEMS.match(title)
    start = prefix.end() if prefix else 0
    if title[start:]:
        yield Prose("title", ((Place(None, 0, start + 1, len(title) + 1, patch), title[start:]),), None, names)


def of_comment(comment: Comment, function: str | None, names: frozenset[str] = frozenset()) -> Iterator[Prose]:
    """The paragraphs of a comment; `function` is the kfunc that it belongs to, for `names` see Prose."""
    kind: ProseKind = "doc" if comment.kernel_doc else "comment"
    paragraph: list[_Line] = []
    literal = False
    base = start = 0
    for (at, text), raw in zip(kerneldoc.text_lines(comment), comment.text.split("\n"), strict=True):
        depth = _depth(comment, at, raw)
        literal = literal and (not text or depth > base)
        if _breaks(text) or literal or (paragraph and depth >= start + _CODE_INDENT):
            yield from _prose(kind, paragraph, function, names)
            paragraph = []
            continue
        if new := re.match(r"@[\w.]+\s*:\s*", text) or _BULLET.match(text):
            yield from _prose(kind, paragraph, function, names)
            paragraph = []
            at = Place(at.path, at.line, at.column + new.end(), at.end_column)  # noqa: PLW2901
            text = text[new.end() :]  # noqa: PLW2901
        if text:
            start = start if paragraph else depth + (new.end() if new else 0)
            paragraph.append((at, text))
        literal, base = text.endswith("::"), depth
    yield from _prose(kind, paragraph, function, names)


def _depth(comment: Comment, at: Place, raw: str) -> int:
    """The column of a line's text in an editor, where a tab counts for up to eight; behind code it is not known, and
    nothing counts as deeper."""
    if at.line == comment.at.line:
        return at.column if comment.at.column == 1 else _UNKNOWN_DEPTH
    return len(raw[: at.column - 1].expandtabs()) + 1


def _prose(kind: ProseKind, paragraph: list[_Line], function: str | None, names: frozenset[str]) -> Iterator[Prose]:
    if paragraph:
        yield Prose(kind, tuple(paragraph), function, names)


def _breaks(text: str) -> bool:
    return not text or bool(_TRAILER.match(text) or _NOT_PROSE.match(text))


def _indent(line: str) -> int:
    """Columns of white space in front, a tab counted as far enough to be code."""
    lead = line[: len(line) - len(line.lstrip())]
    return len(lead) if "\t" not in lead else len(lead) + _CODE_INDENT


def _continues(paragraph: list[_Line], indent: int) -> bool:
    """Does an indented line go on with the item of a list, or with what stands behind a "Note:"?"""
    if not paragraph:
        return False
    at, text = paragraph[0]
    label = _LABEL.match(text)
    return indent + 1 in (at.column, at.column + label.end() if label else 0)


def _is_shortlog(line: str) -> bool:
    return bool(re.fullmatch(r"\S.{0,80} \(\d+\):", line))
