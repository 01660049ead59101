"""Where in the text of a mail the commit message stands, and where the diff begins."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from kfunclint.value import Value

HUNK = re.compile(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@(.*)")


class Layout(Value):
    """0-based indices into the lines of a body. The message is lines[message:end] as git am takes it, lines[message:
    separator] as its author ends it: with `---`, the diff or a signature. The diff begins at `diff` (None: there is
    none). `fields` are the in-body From, Date and Subject above the message, by lower-case name."""

    fields: Mapping[str, str]
    message: int
    end: int
    separator: int
    diff: int | None


def layout(lines: Sequence[str], start: int) -> Layout:
    """Take a body apart, from the 0-based index `start` on. A diff above the `---` is an example, not the patch."""
    cut = _separator(lines, start)
    diff = diff_start(lines, start if cut is None else cut)
    if cut is not None and diff is None and (above := diff_start(lines, start)) is not None:
        cut, diff = None, above
    separator = cut
    if separator is None:
        separator = len(lines) if diff is None else diff
        separator = next((at for at in range(start, separator) if is_signature(lines[at])), separator)
    fields, message = _in_body_fields(lines, _below_scissors(lines, start, separator), separator)
    end = next((at for at in range(message, separator) if _ends_message(lines[at])), separator)
    return Layout(fields, message, end, separator, diff)


def _ends_message(line: str) -> bool:
    """Does git take this for the beginning of the patch? (mailinfo.c: patchbreak(), git 2.47)"""
    return line.startswith(("diff -", "Index: ")) or (line.startswith("--- ") and not line[4:5].isspace())


def diff_start(lines: Sequence[str], start: int) -> int | None:
    """The index of the first line of a diff from `start` on, if there is one."""
    return next((at for at in range(start, len(lines)) if starts_diff(lines, at)), None)


def starts_diff(lines: Sequence[str], at: int) -> bool:
    """Is this git's header line, that of quilt and svn, or the first of the two file names right above a hunk?"""
    line = lines[at]
    if line.startswith("diff --git "):
        return True
    if line.startswith("Index: "):
        return at + 1 < len(lines) and lines[at + 1].startswith("====")
    return (
        line.startswith("--- ")
        and at + 2 < len(lines)
        and lines[at + 1].startswith("+++ ")
        and lines[at + 2].startswith("@@ -")
    )


def is_signature(line: str) -> bool:
    """Is this the line above a signature? (Some mailers and editors take its space away.)"""
    return line in ("-- ", "--")


def extent(lines: Sequence[str], at: int, old: int, new: int) -> int:
    """The index behind a hunk whose first line is lines[at] and whose @@ line counts `old` and `new` lines; behind the
    last line that fits where the counts are wrong."""
    while at < len(lines) and (old > 0 or new > 0):
        sign = lines[at][:1] or " "
        if sign not in " +-\\":
            break
        old -= sign in " -"
        new -= sign in " +"
        at += 1
    while at < len(lines) and lines[at].startswith("\\ "):
        at += 1
    return at


def counts(header: re.Match[str]) -> tuple[int, int]:
    """The old and the new count of a HUNK match; a count that is left out is 1."""
    return int(header[2] or 1), int(header[4] or 1)


def _separator(lines: Sequence[str], start: int) -> int | None:
    """The `---` under the message; one inside a hunk is a removed line."""
    at = start
    while at < len(lines):
        if lines[at].rstrip() == "---":
            return at
        header = HUNK.match(lines[at])
        at = extent(lines, at + 1, *counts(header)) if header else at + 1
    return None


def _below_scissors(lines: Sequence[str], start: int, end: int) -> int:
    return next((at + 1 for at in range(end - 1, start - 1, -1) if _is_scissors(lines[at])), start)


_LONG_FIELD = 4096
_LONG_SCISSORS = 200
_SCISSORS = re.compile(r">8|8<|>%|%<")


def _is_scissors(line: str) -> bool:
    """Git's rule: 8 columns or more, of which dashes and scissors are more than a third, and no more than half gaps."""
    text = line.strip()
    if not 8 <= len(text) <= _LONG_SCISSORS or not _SCISSORS.search(text):
        return False
    perforation = gap = at = last = 0
    inside = False
    # git counts the line break as a gap, too
    text += line[len(line.rstrip()) :] + "\n"
    while at < len(text):
        width = 1
        if text[at].isspace():
            perforation += inside
            gap += inside
        else:
            last, width = at, 2 if _SCISSORS.match(text, at) else 1
            inside = width == 2 or text[at] == "-"
            perforation += width * inside
        at += width
    return 8 <= last + 1 < perforation * 3 and gap * 2 < perforation


_FIELD = re.compile(r"(From|Date|Subject):[ \t]*(.*)", re.I)
_FORMAT_PATCH = re.compile(r">?From [0-9a-f]{40,64} Mon Sep 17 00:00:00 2001\s*")


def _in_body_fields(lines: Sequence[str], start: int, end: int) -> tuple[dict[str, str], int]:
    """The fields at the top of a message, and the index of the first line that is message, as git finds them
    (mailinfo.c: check_inbody_header(), git 2.47): behind the first line of a format-patch file, each once, also
    "[PATCH] title", up to an empty line."""
    fields: dict[str, str] = {}
    name = ""
    for at in range(start, end):
        line = lines[at]
        if not line.strip():
            if name:
                return fields, _text_from(lines, at, end)
        elif name and line[0] in " \t" and len(fields[name]) < _LONG_FIELD:
            fields[name] += line
        elif (match := _FIELD.match(line)) and match[1].lower() not in fields:
            name = match[1].lower()
            fields[name] = match[2]
        elif line.startswith("[PATCH]") and line[7:8].isspace():
            name, fields["subject"] = "", line
        elif not _FORMAT_PATCH.fullmatch(line):
            return fields, at
        else:
            name = ""
    return fields, end


def _text_from(lines: Sequence[str], start: int, end: int) -> int:
    return next((at for at in range(start, end) if lines[at].strip()), end)
