"""A mail's commit message and diff, every line knowing its line in the mail."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import unidiff.patch as unidiff
from unidiff.constants import LINE_TYPE_NO_NEWLINE
from unidiff.errors import UnidiffParseError

from kfunclint.errors import InputError
from kfunclint.mail.body import HUNK, counts, extent, is_signature, starts_diff
from kfunclint.mail.message import Mail
from kfunclint.paths import objection, unquoted, without_prefix
from kfunclint.value import Value


class DiffLine(Value):
    """A line of a hunk: sign " ", "+" or "-", text without sign and line end, 1-based line before and after
    (None where it does not stand), and 1-based line in the decoded body of the mail."""

    sign: str
    text: str
    old: int | None
    new: int | None
    mail_line: int


class Hunk(Value):
    """One @@ block; `heading` is what stands behind the second @@, `mail_line` the line of the @@."""

    old_start: int
    old_count: int
    new_start: int
    new_count: int
    heading: str
    lines: tuple[DiffLine, ...]
    mail_line: int


FileChange = Literal["modified", "new", "deleted", "renamed", "copied", "mode", "binary"]


class FileDiff(Value):
    """What a patch does to one file: a path of None means /dev/null. `mail_line` is that of its first header line."""

    old_path: str | None
    new_path: str | None
    kind: FileChange
    hunks: tuple[Hunk, ...]
    mail_line: int
    headers: tuple[str, ...]

    @property
    def lines(self) -> Iterator[DiffLine]:
        """The lines of all its hunks."""
        return (line for hunk in self.hunks for line in hunk.lines)


class MessageLine(Value):
    """A line of a commit message or cover letter, with its 1-based line in the decoded body of the mail."""

    text: str
    mail_line: int


class Patch(Value):
    """A mail taken apart: the message above the `---`, and the files of the diff below it.

    `lost` are the lines above the `---` that git am leaves out, as it takes the first of them for the beginning of the
    patch; they hold a trailer, so they are no notes.
    """

    mail: Mail
    message: tuple[MessageLine, ...]
    files: tuple[FileDiff, ...]
    lost: tuple[MessageLine, ...] = ()


MAX_LINE = 16_384
MAX_FILES = 2000
MAX_HUNKS = 20_000
_MOST_GAPS = 64  # in a line with two names

_KEYWORDS = (
    "old mode ",
    "new mode ",
    "deleted file mode ",
    "new file mode ",
    "copy from ",
    "copy to ",
    "rename from ",
    "rename to ",
    "similarity index ",
    "dissimilarity index ",
    "index ",
    "Binary files ",
    "GIT binary patch",
)
_KINDS: Mapping[str, FileChange] = {
    "new file mode": "new",
    "deleted file mode": "deleted",
    "rename from": "renamed",
    "copy from": "copied",
}


def parse_patch(mail: Mail) -> Patch:
    """Take a mail apart. Raises InputError for a diff that is damaged, breaks a limit or leads out of the tree.

    A diff above the `---` is an example and no part of the patch; so is everything in a cover letter.
    """
    lines, parts = mail.lines, mail.layout
    _check_width(mail, lines)
    message = _message_lines(lines, parts.message, mail.message_end)
    if parts.diff is None or mail.subject.number == 0:
        return Patch(mail, message, ())
    rest = _message_lines(lines, parts.end, parts.separator)
    lost = rest if any(TRAILER.match(line.text) for line in rest) else ()
    return Patch(mail, message, tuple(_DiffReader(mail, lines, parts.diff).files()), lost)


TRAILER = re.compile(r"[A-Z][\w-]{0,40}-by: ", re.ASCII)


def _message_lines(lines: Sequence[str], start: int, end: int) -> tuple[MessageLine, ...]:
    """Those lines of a body, without empty ones at the end."""
    while end > start and not lines[end - 1].strip():
        end -= 1
    return tuple(MessageLine(lines[at], at + 1) for at in range(start, end))


def _check_width(mail: Mail, lines: Sequence[str]) -> None:
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_LINE:
            raise mail.unreviewable(number, f"line of more than {MAX_LINE} characters")


class _DiffReader:
    """Reads the files of a diff; `at` is the 0-based index of the line to be read next."""

    def __init__(self, mail: Mail, lines: Sequence[str], at: int) -> None:
        self.mail = mail
        self.lines = lines
        self.at = at
        self.hunks = 0

    def files(self) -> Iterator[FileDiff]:
        """Read up to the signature or the end of the mail. Raises InputError."""
        count = 0
        while self.at < len(self.lines) and not (count and is_signature(self.line())):
            if self.line().startswith("diff --git "):
                yield self._git_file()
            elif self.line().startswith("--- ") and self.line(1).startswith("+++ "):
                yield self._plain_file()
            else:
                self._skip()
                continue
            count += 1
            if count > MAX_FILES:
                raise self.refusal(f"more than {MAX_FILES} files")

    def line(self, ahead: int = 0) -> str:
        """The line to be read next, or the one so many behind it; "" behind the end."""
        at = self.at + ahead
        return self.lines[at] if at < len(self.lines) else ""

    def refusal(self, reason: str, at: int | None = None) -> InputError:
        """The refusal of the mail for the line at a 0-based index, without one for the line to be read next."""
        return self.mail.unreviewable(min((self.at if at is None else at) + 1, len(self.lines)), reason)

    def _skip(self) -> None:
        if self.line().startswith("@@ "):
            raise self.refusal("hunk without a file header")
        if self.line().startswith(("diff --cc ", "diff --combined ")):
            raise self.refusal("combined diff of a merge")
        self.at += 1

    def _git_file(self) -> FileDiff:
        start = self.at
        self.at += 1
        fields: dict[str, str] = {}
        while keyword := next((word for word in _KEYWORDS if self.line().startswith(word)), ""):
            fields[keyword.strip()] = self.line().removeprefix(keyword)
            self.at += 1
        old, new = self._moved(fields)
        hunks: tuple[Hunk, ...] = ()
        if self.line().startswith(("--- ", "+++ ", "@@ ")):
            names = self._names(self._same_name(start))
            old, new = (old or names[0], new or names[1])
            hunks = self._hunks()
        elif not old:
            old = new = self._same_name(start)
            if old is None:
                raise self.refusal("file header with names that differ", start)
        kind = self._kind(fields, hunks, start)
        old, new = None if kind == "new" else old, None if kind == "deleted" else new
        return self._file(kind, old, new, hunks, start)

    def _plain_file(self) -> FileDiff:
        start = self.at
        old, new = self._names()
        kind: FileChange = "modified" if old and new else "deleted" if old else "new"
        return self._file(kind, old, new, self._hunks(), start)

    def _file(
        self, kind: FileChange, old: str | None, new: str | None, hunks: tuple[Hunk, ...], start: int
    ) -> FileDiff:
        paths = [path for path in (old, new) if path is not None]
        if not paths:
            raise self.refusal("file header without a name", start)
        for path in paths:
            if reason := objection(path):
                raise self.refusal(reason, start)
        end = hunks[0].mail_line - 1 if hunks else self.at
        return FileDiff(old, new, kind, hunks, start + 1, tuple(self.lines[start:end]))

    def _kind(self, fields: dict[str, str], hunks: tuple[Hunk, ...], start: int) -> FileChange:
        if "Binary files" in fields or "GIT binary patch" in fields:
            return "binary"
        kinds = [kind for keyword, kind in _KINDS.items() if keyword in fields]
        if kinds:
            return kinds[0]
        if not hunks and "old mode" not in fields:
            raise self.refusal("file header without a hunk", start)
        return "modified" if hunks else "mode"

    def _moved(self, fields: dict[str, str]) -> tuple[str | None, str | None]:
        """The names of a renamed or copied file, which carry no prefix."""
        old = fields.get("rename from") or fields.get("copy from")
        new = fields.get("rename to") or fields.get("copy to")
        if bool(old) != bool(new):
            raise self.refusal("rename or copy with one name only")
        return (unquoted(old), unquoted(new)) if old and new else (None, None)

    def _names(self, path: str | None = None) -> tuple[str | None, str | None]:
        """Read the `---` and `+++` lines: the names without prefix, None for /dev/null. `path` is the name in a
        `diff --git` line, where both prefixes stand."""
        if not (self.line().startswith("--- ") and self.line(1).startswith("+++ ")):
            raise self.refusal("file header without its two names")
        old, new = (unquoted(self.line(ahead)[4:]) for ahead in (0, 1))
        self.at += 2
        if path is not None and old == "/dev/null" and f"/{new}".endswith(f"/{path}"):
            return None, path
        if path is not None and new == "/dev/null" and f"/{old}".endswith(f"/{path}"):
            return path, None
        return without_prefix(old, new)

    def _same_name(self, start: int) -> str | None:
        """The name in a `diff --git` line, where both halves have the same behind their prefixes, or else None."""
        names = self.lines[start].removeprefix("diff --git ")
        for gap in list(re.finditer(" ", names))[:_MOST_GAPS]:
            old, new = without_prefix(unquoted(names[: gap.start()]), unquoted(names[gap.end() :]))
            if old is not None and old == new:
                return old
        return None

    def _hunks(self) -> tuple[Hunk, ...]:
        hunks: list[Hunk] = []
        while self.line().startswith("@@ "):
            hunks.append(self._hunk())
            if len(hunks) > 1 and not _in_order(hunks[-2], hunks[-1]):
                raise self.refusal("hunk that does not stand behind the one above it", hunks[-1].mail_line - 1)
        if not hunks:
            raise self.refusal("file header without a hunk")
        self._check_rest()
        return tuple(hunks)

    def _check_rest(self) -> None:
        """Refuse lines of a diff that no hunk counts."""
        at = next((at for at in range(self.at, len(self.lines)) if self.lines[at].strip()), None)
        if at is None:
            return
        line = self.lines[at]
        if line.startswith((" ", "+", "-", "@", ">")) and not line.startswith("---") and not is_signature(line):
            raise self.refusal("line of a diff that no @@ line counts", at)

    def _hunk(self) -> Hunk:
        self.hunks += 1
        if self.hunks > MAX_HUNKS:
            raise self.refusal(f"more than {MAX_HUNKS} hunks")
        header = HUNK.match(self.line())
        if not header:
            raise self.refusal("not a hunk header")
        start = self.at
        self.at = extent(self.lines, start + 1, *counts(header))
        parsed = self._parsed(start)
        lines = tuple(_diff_lines(parsed, start))
        if not lines:
            raise self.refusal("empty hunk", start)
        return Hunk(
            parsed.source_start,
            parsed.source_length,
            parsed.target_start,
            parsed.target_length,
            header[5].removeprefix(" "),
            lines,
            start + 1,
        )

    def _parsed(self, start: int) -> unidiff.Hunk:
        block = [line + "\n" for line in self.lines[start : self.at]]
        try:
            return unidiff.PatchSet(["--- a\n", "+++ b\n", *block])[0][0]
        except UnidiffParseError as error:
            if self._at_end_of_hunk():
                raise self.refusal("hunk with other counts than its @@ line", start) from error
            raise self.refusal("line that no hunk can hold: quoted, wrapped or cut off") from error

    def _at_end_of_hunk(self) -> bool:
        """Does something stand here that properly ends a hunk? A signature is counted as a removed line at first."""
        if self.at == len(self.lines) or is_signature(self.lines[self.at - 1]):
            return True
        return self.line().startswith("@@ ") or starts_diff(self.lines, self.at)


def _diff_lines(hunk: unidiff.Hunk, start: int) -> Iterator[DiffLine]:
    """The lines of a hunk whose @@ line has the 0-based index `start`; "\\ No newline at end of file" is none."""
    for number, line in enumerate(hunk, start + 2):
        if line.line_type != LINE_TYPE_NO_NEWLINE:
            text = line.value.removesuffix("\n")
            yield DiffLine(line.line_type, text, line.source_line_no, line.target_line_no, number)


def _in_order(above: Hunk, below: Hunk) -> bool:
    return (
        _past(above.old_start, above.old_count) <= _past(below.old_start, below.old_count) - below.old_count
        and _past(above.new_start, above.new_count) <= _past(below.new_start, below.new_count) - below.new_count
    )


def _past(start: int, count: int) -> int:
    """The first line behind a side of a hunk; without lines it stands behind the line `start`."""
    return start + count if count else start + 1
