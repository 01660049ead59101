"""From places to the lines of the mails that brought them."""

from __future__ import annotations

from collections.abc import Iterable

from kfunclint.finding import Edit, Fix, Origin, Place
from kfunclint.patch.diff import Patch
from kfunclint.patch.edits import in_line
from kfunclint.patch.postimage import PostImage

_CONTEXT = 3
_LONGEST_DIFF = 4000  # characters


def fingerprint(rule: str, path: str | None, function: str | None, line: str) -> str:
    """The name of a finding that stays the same in a reroll: 16 hex digits without any line number in them."""
    import hashlib  # OpenSSL and all that: most patches have no finding

    parts = (rule, path or "", function or "", " ".join(line.split()))
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:16]


class LineIndex:
    """All lines of a series: titles, those of the messages, and those of the post-image."""

    def __init__(self, patches: Iterable[Patch], cover: Patch | None, sources: Iterable[PostImage]) -> None:
        self._mails = {patch.mail.subject.number: patch for patch in patches}
        if cover is not None:
            self._mails[0] = cover
        self._messages = {
            (number, line.mail_line): line.text
            for number, patch in self._mails.items()
            for line in (*patch.message, *patch.lost)
        }
        self._messages |= {(number, 0): patch.mail.subject.title for number, patch in self._mails.items()}
        self._sources = {source.path: source for source in sources}

    def origin(self, at: Place) -> Origin | None:
        """The line of the mail that brought the line; None for a line that no mail of the series added."""
        number, mail_line = at.patch, at.line
        if at.path is not None:
            source = self._sources.get(at.path)
            line = source.line(at.line) if source else None
            if line is None or line.patch is None or line.mail_line is None:
                return None
            number, mail_line = line.patch, line.mail_line
        elif (number, mail_line) not in self._messages:
            return None
        return self.origin_in(number, mail_line)

    def origin_in(self, number: int | None, mail_line: int) -> Origin | None:
        """A line of the mail with that number; None if there is no such mail."""
        mail = self._mails.get(number) if number is not None else None
        return Origin(mail.mail.subject.number, mail.mail.headers.message_id, mail_line) if mail else None

    def text(self, at: Place) -> str:
        """The line as written, "" for one that is not in view."""
        if at.path is None:
            return self._messages.get((at.patch or 0, at.line), "")
        source = self._sources.get(at.path)
        line = source.line(at.line) if source else None
        return line.text if line else ""

    def any_added(self, path: str | None, first: int, last: int) -> bool:
        """Did the series add any of the lines first..last of a file?"""
        return any(self.origin(Place(path, line)) for line in range(first, last + 1))

    def diff(self, fix: Fix) -> str:
        """The edits of a fix as a unified diff against the post-image, "" if it has none or it is long."""
        lines = sorted({(edit.at.path or "", edit.at.patch or 0, edit.at.line) for edit in fix.edits})
        hunks = "".join(
            self._hunk([e for e in fix.edits if (e.at.path or "", e.at.patch or 0, e.at.line) == line])
            for line in lines
        )
        return hunks if len(hunks) <= _LONGEST_DIFF else ""

    def _hunk(self, edits: list[Edit]) -> str:
        """One hunk for the edits of one line, with as much context as is in view."""
        at = edits[0].at
        before = self.text(at)
        after = in_line(before, edits)
        above, below = self._context(at, -1)[::-1], self._context(at, 1)
        added = [] if not after.strip() and any(edit.with_line for edit in edits) else after.split("\n")
        removed = [before]
        if added[-1:] == [before]:  # lines put in front of it
            below, added, removed = [before, *below][:_CONTEXT], added[:-1], []
        start = max(at.line - len(above), 1)
        kept = len(above) + len(below)
        name = at.path or ("subject" if at.is_title else "message")
        head = f"--- a/{name}\n+++ b/{name}\n@@ -{start},{kept + len(removed)} +{start},{kept + len(added)} @@\n"
        signed = ((" ", above), ("-", removed), ("+", added), (" ", below))
        return head + "".join(f"{sign}{line}\n" for sign, lines in signed for line in lines)

    def _context(self, at: Place, step: int) -> list[str]:
        texts: list[str] = []
        source = self._sources.get(at.path) if at.path is not None else None
        for distance in range(1, _CONTEXT + 1):
            line = source.line(at.line + step * distance) if source else None
            if line is None:
                break
            texts.append(line.text)
        return texts
