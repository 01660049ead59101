"""What people have written about the lines of a series: replies, assigned to the lines that they quote."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

from kfunclint.discussion.quotes import QuotedBlock, Utterance, normalized, quoted_blocks
from kfunclint.mail.message import Inbox, Mail
from kfunclint.value import Value

_LONGEST_CHAIN = 64
MOST_TEXT = 8 << 20  # characters of all replies; a long thread has a tenth of it
_MOST_POINTS = 20  # about one line: nobody reads more, and a hostile thread brings any number
_MOST_VOICES = 20
_SHORTEST_PART = 12
_SHORTEST_OWN = 12


class ReviewComment(Value):
    """What somebody wrote: the mail of theirs that has it, None where that is not there, and the mail it was read
    in."""

    by: Mail | None
    read_in: Mail
    lines: tuple[str, ...]


class CommentedLine(Value):
    """Something that was written below a quoted line.

    `mail` and `line` say which: a patch or cover letter and the 1-based line of its body, 0 for the subject; `text` is
    that line, normalized, `is_unique` whether it stands there once. `after` are the lines quoted between it and what
    was written; `quoted_up_to` is the normalized part of the line that was quoted, if it was split. `comments` are
    remark and answers, in order.
    """

    mail: Mail
    line: int
    text: str
    is_unique: bool
    after: tuple[str, ...]
    quoted_up_to: str | None
    comments: list[ReviewComment]


_ANSWER = re.compile(r"^re: ?", re.I)


class _Body:
    """The subject, as line 0, and the lines of a mail that are not empty, to find quotes in."""

    def __init__(self, mail: Mail) -> None:
        written = (f"Subject: {mail.subject.text}", *mail.lines)
        numbered = ((number, normalized(line)) for number, line in enumerate(written))
        self.lines = [(number, text) for number, text in numbered if text]
        self.indices: dict[str, list[int]] = {}
        for at, (_, text) in enumerate(self.lines):
            self.indices.setdefault(text, []).append(at)
        self.sorted = sorted(self.indices)

    def positions(self, quoted: Sequence[str]) -> list[int | None]:
        """The index of each quoted line; None for one that is not there, or in several places and no neighbour of
        one that is certain. A line that the mailer broke in two is taken for the whole one."""
        positions = [self._unique_position(text) for text in quoted]
        for at in range(len(quoted) - 1):
            if positions[at] is None and quoted[at] not in self.indices:
                position = self._unique_position(f"{quoted[at]} {quoted[at + 1]}")
                positions[at : at + 2] = (position, position) if position is not None else positions[at : at + 2]
        for at in range(1, len(quoted)):
            positions[at] = self._beside(positions[at], positions[at - 1], 1, quoted[at])
        for at in range(len(quoted) - 2, -1, -1):
            positions[at] = self._beside(positions[at], positions[at + 1], -1, quoted[at])
        return positions

    def split(self, part: str) -> int | None:
        """The index of the only line that begins with this part of it, which ends at a word."""
        at = bisect_left(self.sorted, part)
        begins = [text for text in self.sorted[at : at + 2] if text.startswith(f"{part} ")]
        return self._unique_position(begins[0]) if len(begins) == 1 and len(part) >= _SHORTEST_PART else None

    def _unique_position(self, text: str) -> int | None:
        indices = self.indices.get(text, ())
        return indices[0] if len(indices) == 1 else None

    def _beside(self, position: int | None, neighbour: int | None, step: int, text: str) -> int | None:
        if position is not None or neighbour is None or not 0 <= neighbour + step < len(self.lines):
            return position
        return neighbour + step if self.lines[neighbour + step][1] == text else None


class Thread:
    """What the replies of an inbox say about the lines of its series.

    A reply counts if In-Reply-To or References lead from it to a patch or cover letter, or if it has neither and its
    subject is that of a single one; drafts, from nobody or not sent yet, do not.
    Of more than MOST_TEXT characters, those nearest to the patches are read.
    """

    def __init__(self, inbox: Inbox) -> None:
        self._posted = [mail for series in inbox.series for mail in (series.cover, *series.patches) if mail]
        self._patches = {mail.headers.message_id: mail for mail in self._posted if mail.headers.message_id}
        self._replies = {mail.headers.message_id: mail for mail in inbox.replies if mail.headers.message_id}
        self._bodies: dict[int, _Body] = {}
        self._talks: dict[tuple[int, str], list[ReviewComment] | None] = {}  # None: at several places
        self._by_line: dict[tuple[int, int], list[CommentedLine]] = {}
        self._by_text: dict[str, list[CommentedLine]] = {}
        chains = [chain for mail in inbox.replies if _is_voice(mail) and (chain := self._chain(mail))]
        budget = MOST_TEXT
        for chain in sorted(chains, key=len):
            budget -= len(chain[0].body)
            if budget >= 0:
                self._read(chain[:-1], chain[-1])

    def at(self, mail: Mail, line: int) -> Sequence[CommentedLine]:
        """The points about a line of a patch or cover letter: 1-based line of its body, 0 for the subject."""
        return self._by_line.get((id(mail), line), ())

    def like(self, text: str) -> Sequence[CommentedLine]:
        """The points about lines of any mail that read, squashed, like this one."""
        return self._by_text.get(text, ())

    def holds(self, mail: Mail, text: str) -> bool:
        """Does a mail that somebody answered have a line that reads, squashed, like this one?"""
        body = self._bodies.get(id(mail))
        return body is not None and text in body.indices

    def _chain(self, mail: Mail) -> list[Mail]:
        """A reply, what it answers, and so on up to the patch; [] if it leads to none."""
        if not (mail.headers.in_reply_to or mail.headers.references):
            subject = _ANSWER.sub("", mail.subject.text, count=1)
            namesakes = [patch for patch in self._posted if patch.subject.text == subject]
            return [mail, namesakes[0]] if len(namesakes) == 1 else []
        chain = [mail]
        while len(chain) < _LONGEST_CHAIN:  # replies may answer each other in a circle
            parents = (chain[-1].headers.in_reply_to, *reversed(chain[-1].headers.references))
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
        for block in quoted_blocks(chain[0].body):
            utterances = block.utterances
            talk = next(
                (
                    earlier
                    for utterance in utterances
                    if (earlier := self._earlier_talk(chain, utterance.level, utterance.lines))
                ),
                None,
            )
            if talk is None:
                talk, utterances = self._points(patch, body, block)
            if talk is None:
                talk = self._earlier_talk(chain, block.level, block.quoted)
            if talk is not None:
                self._join(talk, chain, utterances)

    def _points(
        self, patch: Mail, body: _Body, block: QuotedBlock
    ) -> tuple[list[ReviewComment] | None, tuple[Utterance, ...]]:
        """Make points of the lines of a patch that a block quotes; gives the list that their comments are to join, None
        if it quotes no such lines, and the utterances that are not the rest of a broken line."""
        positions, quoted_up_to, utterances = body.positions(block.quoted), None, block.utterances
        if positions[-1] is None and (split := body.split(block.quoted[-1])) is not None:
            positions[-1], quoted_up_to = split, block.quoted[-1]
            utterances = _without_rest(utterances, body.lines[split][1].removeprefix(quoted_up_to).strip())
        talk: list[ReviewComment] = []
        for back, at in enumerate(reversed(positions)):
            if at is not None and utterances and at not in positions[len(positions) - back :]:
                number, text = body.lines[at]
                after = block.quoted[len(positions) - back :]
                is_unique = len(body.indices[text]) == 1
                self._add(CommentedLine(patch, number, text, is_unique, after, None if back else quoted_up_to, talk))
        return (talk if any(at is not None for at in positions) else None), utterances

    def _add(self, point: CommentedLine) -> None:
        for points in (
            self._by_line.setdefault((id(point.mail), point.line), []),
            self._by_text.setdefault(point.text, []),
        ):
            if len(points) < _MOST_POINTS:
                points.append(point)

    def _earlier_talk(self, chain: Sequence[Mail], level: int, lines: Sequence[str]) -> list[ReviewComment] | None:
        """The comments among which these words of an earlier reply are, if they stood below a line of a patch."""
        if not 0 < level < len(chain):
            return None
        talks = (self._talks.get((id(chain[level]), text)) for text in reversed(lines))
        return next((talk for talk in talks if talk is not None), None)

    def _join(self, talk: list[ReviewComment], chain: Sequence[Mail], utterances: Sequence[Utterance]) -> None:
        """Add what was not heard yet, and remember the words of the reply itself, for who quotes them."""
        for utterance in utterances:
            by = chain[utterance.level] if utterance.level < len(chain) else None
            is_repeated = any(comment.by is by and comment.lines == utterance.lines for comment in talk)
            if not is_repeated and len(talk) < _MOST_VOICES:
                talk.append(ReviewComment(by, chain[0], utterance.lines))
            for text in utterance.lines if utterance.level == 0 else ():
                if len(text) >= _SHORTEST_OWN:
                    key = id(chain[0]), text
                    self._talks[key] = talk if self._talks.get(key, talk) is talk else None


_OWN_FOOTER = re.compile(r"^kfunclint \S+, a program\b", re.M)


def _is_voice(mail: Mail) -> bool:
    """Did somebody say it? A draft of a reply has no sender, or kfunclint's footer and no Message-ID yet."""
    return bool(mail.headers.author) and bool(mail.headers.message_id or not _OWN_FOOTER.search(mail.body))


def _without_rest(utterances: tuple[Utterance, ...], rest: str) -> tuple[Utterance, ...]:
    """The utterances without what a mailer left of a quoted line that was too long for it."""
    first = utterances[0].lines[0]
    if not rest.startswith(first):
        return utterances
    shortened = Utterance(utterances[0].level, utterances[0].lines[1:])
    return (shortened, *utterances[1:]) if shortened.lines else utterances[1:]
