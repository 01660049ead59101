"""What somebody has said already is not said again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from kfunclint.discussion.quotes import squashed
from kfunclint.discussion.thread import Point, Thread, Voice
from kfunclint.discussion.topic import Topic, is_reason, of_all
from kfunclint.finding import Finding, Withheld
from kfunclint.mail.inbox import Inbox, Series
from kfunclint.review.lines import Lines
from kfunclint.review.result import Review


def heard_all(reviews: Iterable[Review], inbox: Inbox) -> list[Review]:
    """Each review without what the replies of the inbox have said; see heard()."""
    thread = Thread(inbox)
    return [heard(review, inbox, thread) for review in reviews]


def heard(review: Review, inbox: Inbox, thread: Thread) -> Review:
    """The review without what the replies of the inbox have said; that is withheld.

    A finding is withheld if anyone has made the same point about its line, or about one of those that make it wrong, in
    a reply to this version, or if that was about the same line of an earlier version and its author answered with a
    reason. An earlier point that the author agreed to, or did not answer, still stands, and is said.
    """
    if review.series is None or not inbox.replies:
        return review
    hearing = _Hearing(review, review.series, inbox, thread)
    said = [(finding, hearing.why(finding)) for finding in review.findings]
    return replace(
        review,
        findings=tuple(finding for finding, why in said if why is None),
        withheld=(*review.withheld, *(Withheld(finding, why) for finding, why in said if why is not None)),
    )


class _Hearing:
    """Looks for what was said about the lines of one version of a series."""

    def __init__(self, review: Review, series: Series, inbox: Inbox, thread: Thread) -> None:
        self.thread = thread
        self.lines = Lines(review.patches, review.cover, review.sources)
        mails = [mail for mail in (series.cover, *series.patches) if mail]
        self.mails = {mail.number: mail for mail in mails}
        self.bodies = {mail.number: mail.body.split("\n") for mail in mails}
        self.authors = {who for mail in mails for who in (*_people(mail.sender), *_people(mail.author))}
        family = [one for one in inbox.series if one.family == series.family]
        older = family[: next((at for at, one in enumerate(family) if one is series), 0)]
        self.older = {id(mail): one for one in older for mail in (one.cover, *one.patches) if mail}

    def why(self, finding: Finding) -> str | None:
        """Who has said it where; None if nobody has."""
        topic = Topic(finding)
        for point, near in self._points(finding):
            for voice in point.voices:
                if self._meets(topic, point, voice, near, finding):
                    return _where(voice, "has said it")
        for point in self._earlier(finding):
            answer = self._answer(topic, point, finding)
            if answer is not None:
                return _where(answer, f"has answered it for v{self.older[id(point.mail)].version}")
        return None

    def _points(self, finding: Finding) -> Iterator[tuple[Point, bool]]:
        """The points about the line of a finding, and those right below a line that makes it wrong; whether the line
        is only near."""
        mail = self.mails.get(finding.origin.patch)
        for point in self.thread.at(mail, finding.origin.mail_line) if mail else ():
            yield point, bool(point.after)
        for reason in finding.because:
            origin = self.lines.origin(reason.at)
            mail = self.mails.get(origin.patch) if origin else None
            for point in self.thread.at(mail, origin.mail_line) if mail and origin else ():
                if not point.after:
                    yield point, True

    def _earlier(self, finding: Finding) -> Iterator[Point]:
        """The points about the same line of the same file, or of a message, of earlier versions."""
        mail = self.mails.get(finding.origin.patch)
        if mail is None or finding.at.is_title:  # a subject says which version it is of
            return
        path = finding.at.path
        line = self.bodies[mail.number][finding.origin.mail_line - 1]
        for point in self.thread.like(squashed(line)):
            same = point.alone and (path is None or self.thread.holds(point.mail, f"+++ b/{path}"))
            if same and id(point.mail) in self.older:
                yield point

    def _answer(self, topic: Topic, point: Point, finding: Finding) -> Voice | None:
        """The author's reason for a line that somebody made the same point about."""
        for at, voice in enumerate(point.voices):
            if self._meets(topic, point, voice, bool(point.after), finding):
                answers = (one for one in point.voices[at:] if self._is_author(one) and is_reason(_text(one)))
                return next(answers, None)
        return None

    def _meets(self, topic: Topic, point: Point, voice: Voice, near: bool, finding: Finding) -> bool:
        """Does a voice make the point of the finding? `near`: not right below its line."""
        if not near:
            return topic.met_on(_text(voice)) and (point.upto is None or _covers(point.upto, finding))
        if point.after and (_CARETS.fullmatch(voice.lines[0]) or _nearer(point, voice)):
            return False
        # what an author writes there is an answer to something, and may have any names in it
        return topic.met_near(_text(voice), certain=self._is_author(voice))

    def _is_author(self, voice: Voice) -> bool:
        return voice.by is not None and not self.authors.isdisjoint(_people(voice.by.author))


_CARETS = re.compile(r"[\^~ ]+")
_HEAD = re.compile(r"[-+*\s]*(\w*)")


def _covers(upto: str, finding: Finding) -> bool:
    """Does the quoted part of a split line reach to what the finding marks?"""
    return squashed(finding.quoted[: finding.at.end_column - 1]) in upto


def _nearer(point: Point, voice: Voice) -> bool:
    """Is there a line of the same kind, such as the next entry of a set, right above the remark instead?"""
    if of_all(_text(voice)):
        return False
    head = _head(point.text)
    return bool(head) and any(_head(line) == head for line in point.after)


def _head(line: str) -> str:
    match = _HEAD.match(line)
    return match[1] if match else ""


def _text(voice: Voice) -> str:
    return "\n".join(voice.lines)


def _people(entry: str) -> Iterator[str]:
    """What tells people apart: the address, and a name of several words, which may have several addresses."""
    name, _, rest = entry.casefold().rpartition("<")
    name = " ".join(name.replace('"', " ").split())
    yield rest.rstrip("> ")
    if " " in name:
        yield name


def _where(voice: Voice, did: str) -> str:
    """Who did it in which mail; the mail that quotes it where their own is not there."""
    if voice.by is None:
        return f"somebody {did}, <{voice.read_in.message_id}> quotes it"
    name, _, rest = voice.by.author.rpartition("<")
    who = name.replace('"', "").strip() or rest.rstrip("> ") or "somebody"
    return f"{who} {did} in <{voice.by.message_id}>"
