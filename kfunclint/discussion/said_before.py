"""What somebody has said already is not said again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from kfunclint.checker.result import Review
from kfunclint.discussion.quotes import normalized
from kfunclint.discussion.thread import CommentedLine, ReviewComment, Thread
from kfunclint.discussion.topic import Matcher, is_reason, speaks_of_several
from kfunclint.finding import Finding, SuppressedFinding
from kfunclint.mail.message import Inbox, Mail, Series, name_and_address
from kfunclint.value import replace


def withhold_answered(reviews: Iterable[Review], inbox: Inbox) -> Iterator[Review]:
    """Each review without what the replies of the inbox have said; see without_answered()."""
    thread = Thread(inbox)
    return (without_answered(review, inbox, thread) for review in reviews)


def without_answered(review: Review, inbox: Inbox, thread: Thread) -> Review:
    """The review without what the replies of the inbox have said; that is withheld.

    A finding is withheld if anyone has made the same point about its line, or about one of those that make it wrong, in
    a reply to this version, or if that was about the same line of an earlier version and its author answered with a
    reason. An earlier point that the author agreed to, or did not answer, still stands, and is said.
    """
    if review.series is None or not inbox.replies:
        return review
    answers = _Answers(review, review.series, inbox, thread)
    judged = [(finding, answers.why(finding)) for finding in review.findings]
    return replace(
        review,
        findings=tuple(finding for finding, why in judged if why is None),
        withheld=(
            *review.withheld,
            *(SuppressedFinding(finding, why, named=True) for finding, why in judged if why is not None),
        ),
    )


class _Answers:
    """Looks for what was said about the lines of one version of a series."""

    def __init__(self, review: Review, series: Series, inbox: Inbox, thread: Thread) -> None:
        self.thread = thread
        self.lines = review.lines
        mails = [mail for mail in (series.cover, *series.patches) if mail]
        self.mails = {mail.subject.number: mail for mail in mails}
        self.bodies = {mail.subject.number: mail.lines for mail in mails}
        self.authors = {who for mail in mails for who in (*_people(mail.headers.sender), *_people(mail.headers.author))}
        family = [version for version in inbox.series if version.family == series.family]
        older = family[: next((at for at, version in enumerate(family) if version is series), 0)]
        own = set(map(id, mails))  # a reroll of one patch shares the others with the version before
        older_mails = ((mail, version) for version in older for mail in (version.cover, *version.patches) if mail)
        self.older = {id(mail): version for mail, version in older_mails if id(mail) not in own}

    def why(self, finding: Finding) -> str | None:
        """Who has said it where; None if nobody has."""
        matcher = Matcher(finding)
        for point, near in self._points(finding):
            for comment in point.comments:
                if self._makes_point(matcher, point, comment, near, finding):
                    return _where(comment, "has said it")
        for point in self._earlier(finding):
            answer = self._answer(matcher, point, finding)
            if answer is not None:
                return _where(answer, f"has answered it for v{self.older[id(point.mail)].version}")
        return None

    def _points(self, finding: Finding) -> Iterator[tuple[CommentedLine, bool]]:
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

    def _earlier(self, finding: Finding) -> Iterator[CommentedLine]:
        """The points about the same line of the same file, or of a message, of earlier versions."""
        mail = self.mails.get(finding.origin.patch)
        if mail is None or finding.at.is_title:  # a subject says which version it is of
            return
        path = finding.at.path
        line = self.bodies[mail.subject.number][finding.origin.mail_line - 1]
        for point in self.thread.like(normalized(line)):
            same = point.is_unique and (path is None or self.thread.holds(point.mail, f"+++ b/{path}"))
            if same and id(point.mail) in self.older:
                yield point

    def _answer(self, matcher: Matcher, point: CommentedLine, finding: Finding) -> ReviewComment | None:
        """The author's reason for a line that somebody made the same point about."""
        for at, comment in enumerate(point.comments):
            if self._makes_point(matcher, point, comment, bool(point.after), finding):
                answers = (
                    answer for answer in point.comments[at:] if self._is_author(answer) and is_reason(_text(answer))
                )
                return next(answers, None)
        return None

    def _makes_point(
        self, matcher: Matcher, point: CommentedLine, comment: ReviewComment, near: bool, finding: Finding
    ) -> bool:
        """Does a comment make the point of the finding? `near`: not right below its line."""
        # what an author writes is an answer to something, and may have any names in it
        is_answer = self._is_author(comment)
        if not near:
            text = _text(comment)
            is_same = matcher.matches_nearby(text, certain=True) if is_answer else matcher.matches_at(text)
            return is_same and (point.quoted_up_to is None or _covers(point.quoted_up_to, finding))
        if point.after and (_CARETS.fullmatch(comment.lines[0]) or _has_nearer_line(point, comment)):
            return False
        return matcher.matches_nearby(_text(comment), certain=is_answer)

    def _is_author(self, comment: ReviewComment) -> bool:
        return comment.by is not None and not self.authors.isdisjoint(_people(comment.by.headers.author))


_CARETS = re.compile(r"[\^~ ]+")
_HEAD = re.compile(r"[-+*\s]*(\w*)")


def _covers(quoted_up_to: str, finding: Finding) -> bool:
    """Does the quoted part of a split line reach to what the finding marks?"""
    return normalized(finding.quoted[: finding.at.end_column - 1]) in quoted_up_to


def _has_nearer_line(point: CommentedLine, comment: ReviewComment) -> bool:
    """Is there a line of the same kind, such as the next entry of a set, right above the remark instead?"""
    if speaks_of_several(_text(comment)):
        return False
    head = _head(point.text)
    return bool(head) and any(_head(line) == head for line in point.after)


def _head(line: str) -> str:
    match = _HEAD.match(line)
    return match[1] if match else ""


def _text(comment: ReviewComment) -> str:
    return "\n".join(comment.lines)


def _people(entry: str) -> Iterator[str]:
    """What tells people apart: the address, and a name of several words, which may have several addresses."""
    name, address = name_and_address(entry.casefold())
    yield address
    if " " in name:
        yield name


def _where(comment: ReviewComment, did: str) -> str:
    """Who did it in which mail; the mail that quotes it where their own is not there."""
    if comment.by is None:
        return f"somebody {did}, {_mail(comment.read_in)} quotes it"
    name, address = name_and_address(comment.by.headers.author)
    return f"{name or address} {did} in {_mail(comment.by)}"


def _mail(mail: Mail) -> str:
    return f"<{mail.headers.message_id}>" if mail.headers.message_id else "a mail without Message-ID"
