"""What people have written about the lines of a series: replies, assigned to the lines that they quote."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from kfunclint.discussion.quotes import Passage, Turn, passages, squashed
from kfunclint.mail.inbox import Inbox, Mail

_LONGEST_CHAIN = 64
MOST_TEXT = 8 << 20  # characters of all replies; a long thread has a tenth of it
_MOST_POINTS = 20  # about one line: nobody reads more, and a hostile thread brings any number
_MOST_VOICES = 20
_SHORTEST_PART = 12
_SHORTEST_OWN = 12


@dataclass(frozen=True, slots=True)
class Voice:
    """What somebody wrote: the mail of theirs that has it, None where that is not there, and the mail it was read
    in."""

    by: Mail | None
    read_in: Mail
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """Something that was written below a quoted line.

    `mail` and `line` say which: a patch or cover letter and the 1-based line of its body, 0 for the subject; `text` is
    that line, squashed, `alone` whether it stands there once. `after` are the lines quoted between it and what was
    written; `upto` is the squashed part of the line that was quoted, if it was split. `voices` are remark and answers,
    in order.
    """

    mail: Mail
    line: int
    text: str
    alone: bool
    after: tuple[str, ...]
    upto: str | None
    voices: list[Voice]


_ANSWER = re.compile(r"^re: ?", re.I)


class _Body:
    """The subject, as line 0, and the lines of a mail that are not empty, to find quotes in."""

    def __init__(self, mail: Mail) -> None:
        written = (f"Subject: {mail.subject}", *mail.body.split("\n"))
        numbered = ((number, squashed(line)) for number, line in enumerate(written))
        self.lines = [(number, text) for number, text in numbered if text]
        self.where: dict[str, list[int]] = {}
        for at, (_, text) in enumerate(self.lines):
            self.where.setdefault(text, []).append(at)
        self.sorted = sorted(self.where)

    def found(self, quoted: Sequence[str]) -> list[int | None]:
        """The index of each quoted line; None for one that is not there, or in several places and no neighbour of
        one that is certain. A line that the mailer broke in two is taken for the whole one."""
        found = [self._only(text) for text in quoted]
        for at in range(len(quoted) - 1):
            if found[at] is None and quoted[at] not in self.where:
                whole = self._only(f"{quoted[at]} {quoted[at + 1]}")
                found[at : at + 2] = (whole, whole) if whole is not None else found[at : at + 2]
        for at in range(1, len(quoted)):
            found[at] = self._beside(found[at], found[at - 1], 1, quoted[at])
        for at in range(len(quoted) - 2, -1, -1):
            found[at] = self._beside(found[at], found[at + 1], -1, quoted[at])
        return found

    def split(self, part: str) -> int | None:
        """The index of the only line that begins with this part of it, which ends at a word."""
        at = bisect_left(self.sorted, part)
        begins = [text for text in self.sorted[at : at + 2] if text.startswith(f"{part} ")]
        return self._only(begins[0]) if len(begins) == 1 and len(part) >= _SHORTEST_PART else None

    def _only(self, text: str) -> int | None:
        where = self.where.get(text, ())
        return where[0] if len(where) == 1 else None

    def _beside(self, known: int | None, neighbour: int | None, step: int, text: str) -> int | None:
        if known is not None or neighbour is None or not 0 <= neighbour + step < len(self.lines):
            return known
        return neighbour + step if self.lines[neighbour + step][1] == text else None


class Thread:
    """What the replies of an inbox say about the lines of its series.

    A reply counts if In-Reply-To or References lead from it to a patch or cover letter, or if it has neither and its
    subject is that of a single one. Of more than MOST_TEXT characters, those nearest to the patches are read.
    """

    def __init__(self, inbox: Inbox) -> None:
        self._posted = [mail for one in inbox.series for mail in (one.cover, *one.patches) if mail]
        self._patches = {mail.message_id: mail for mail in self._posted if mail.message_id}
        self._replies = {mail.message_id: mail for mail in inbox.replies if mail.message_id}
        self._bodies: dict[int, _Body] = {}
        self._talks: dict[tuple[int, str], list[Voice] | None] = {}  # None: at several places
        self._at: dict[tuple[int, int], list[Point]] = {}
        self._with: dict[str, list[Point]] = {}
        chains = [chain for mail in inbox.replies if (chain := self._chain(mail))]
        left = MOST_TEXT
        for chain in sorted(chains, key=len):
            left -= len(chain[0].body)
            if left >= 0:
                self._read(chain[:-1], chain[-1])

    def at(self, mail: Mail, line: int) -> Sequence[Point]:
        """The points about a line of a patch or cover letter: 1-based line of its body, 0 for the subject."""
        return self._at.get((id(mail), line), ())

    def like(self, text: str) -> Sequence[Point]:
        """The points about lines of any mail that read, squashed, like this one."""
        return self._with.get(text, ())

    def holds(self, mail: Mail, text: str) -> bool:
        """Does a mail that somebody answered have a line that reads, squashed, like this one?"""
        body = self._bodies.get(id(mail))
        return body is not None and text in body.where

    def _chain(self, mail: Mail) -> list[Mail]:
        """A reply, what it answers, and so on up to the patch; [] if it leads to none."""
        if not (mail.in_reply_to or mail.references):
            subject = _ANSWER.sub("", mail.subject, count=1)
            named = [patch for patch in self._posted if patch.subject == subject]
            return [mail, named[0]] if len(named) == 1 else []
        chain = [mail]
        while len(chain) < _LONGEST_CHAIN:  # replies may answer each other in a circle
            parents = (chain[-1].in_reply_to, *reversed(chain[-1].references))
            parent = next((name for name in parents if name in self._patches or name in self._replies), "")
            if parent in self._patches:
                return [*chain, self._patches[parent]]
            if parent not in self._replies:
                break
            chain.append(self._replies[parent])
        return []

    def _read(self, chain: Sequence[Mail], patch: Mail) -> None:
        """Read a reply whose chain leads to a patch."""
        body = self._bodies.get(id(patch)) or _Body(patch)
        self._bodies[id(patch)] = body
        for passage in passages(chain[0].body):
            turns = passage.turns
            talk = next((known for turn in turns if (known := self._known(chain, turn.level, turn.lines))), None)
            if talk is None:
                talk, turns = self._points(patch, body, passage)
            if talk is None:
                talk = self._known(chain, passage.level, passage.quoted)
            if talk is not None:
                self._join(talk, chain, turns)

    def _points(self, patch: Mail, body: _Body, passage: Passage) -> tuple[list[Voice] | None, tuple[Turn, ...]]:
        """Make points of the lines of a patch that a passage quotes; gives the list that their voices are to join, None
        if it quotes no such lines, and the turns that are not the rest of a broken line."""
        found, upto, turns = body.found(passage.quoted), None, passage.turns
        if found[-1] is None and (split := body.split(passage.quoted[-1])) is not None:
            found[-1], upto = split, passage.quoted[-1]
            turns = _without_rest(turns, body.lines[split][1].removeprefix(upto).strip())
        talk: list[Voice] = []
        for back, at in enumerate(reversed(found)):
            if at is not None and turns and at not in found[len(found) - back :]:
                number, text = body.lines[at]
                after = passage.quoted[len(found) - back :]
                alone = len(body.where[text]) == 1
                self._add(Point(patch, number, text, alone, after, None if back else upto, talk))
        return (talk if any(at is not None for at in found) else None), turns

    def _add(self, point: Point) -> None:
        for points in (
            self._at.setdefault((id(point.mail), point.line), []),
            self._with.setdefault(point.text, []),
        ):
            if len(points) < _MOST_POINTS:
                points.append(point)

    def _known(self, chain: Sequence[Mail], level: int, lines: Sequence[str]) -> list[Voice] | None:
        """The voices among which these words of an earlier reply were heard, if they stood below a line of a patch."""
        if not 0 < level < len(chain):
            return None
        known = (self._talks.get((id(chain[level]), text)) for text in reversed(lines))
        return next((talk for talk in known if talk is not None), None)

    def _join(self, talk: list[Voice], chain: Sequence[Mail], turns: Sequence[Turn]) -> None:
        """Add what was not heard yet, and remember the words of the reply itself, for who quotes them."""
        for turn in turns:
            by = chain[turn.level] if turn.level < len(chain) else None
            heard = any(one.by is by and one.lines == turn.lines for one in talk)
            if not heard and len(talk) < _MOST_VOICES:
                talk.append(Voice(by, chain[0], turn.lines))
            for text in turn.lines if turn.level == 0 else ():
                if len(text) >= _SHORTEST_OWN:
                    key = id(chain[0]), text
                    self._talks[key] = talk if self._talks.get(key, talk) is talk else None


def _without_rest(turns: tuple[Turn, ...], rest: str) -> tuple[Turn, ...]:
    """The turns without what a mailer left of a quoted line that was too long for it."""
    first = turns[0].lines[0]
    if not rest.startswith(first):
        return turns
    left = Turn(turns[0].level, turns[0].lines[1:])
    return (left, *turns[1:]) if left.lines else turns[1:]
