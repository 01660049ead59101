"""What each mail of an inbox is: a patch, a cover letter, an answer, or none of them; the thread decides."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from enum import Enum, auto
from functools import cached_property

from kfunclint.errors import InputError
from kfunclint.mail.message import Mail, address
from kfunclint.mail.threads import Threads
from kfunclint.value import Value, replace


class Role(Enum):
    """What a mail is."""

    PATCH = auto()
    COVER = auto()
    ANSWER = auto()
    LOST_DIFF = auto()
    """It says that it is a patch, and brings none."""
    OTHER = auto()

    @property
    def is_useful(self) -> bool:
        """Is there something to tell of it?"""
        return self in (*_POSTED, Role.LOST_DIFF)


_POSTED = (Role.PATCH, Role.COVER)


class Surroundings(Value):
    """What the other mails tell of one: the nearest above it, the patches right below it, and, for a mail that does not
    say that it is a patch, whether its change is that of one which does."""

    above: Mail | None
    patches_below: tuple[Mail, ...]
    repeats_a_patch: bool


class SortedMails(Value):
    """Mails by their roles, which are given in the order of the input: patches and cover letters, answers to them, and
    the refusals of those that lost their diff."""

    roles: tuple[Role, ...]
    posts: tuple[Mail, ...]
    answers: tuple[Mail, ...]
    refusals: tuple[InputError, ...]


def sorted_mails(mails: Sequence[Mail]) -> SortedMails:
    """Find the role of each mail, in time linear in their number and length. Cover letters are numbered 0."""
    threads = Threads(mails)
    marked = [mail for mail in mails if _is_marked_patch(mail)]
    below: dict[str, list[Mail]] = {}
    for mail in marked:
        if (above := threads.parent(mail)) is not None:
            below.setdefault(above.headers.message_id, []).append(mail)
    patches = _Patches(marked)
    roles = tuple(
        _role(
            mail,
            Surroundings(threads.parent(mail), tuple(below.get(mail.headers.message_id, ())), patches.include(mail)),
        )
        for mail in mails
    )
    pairs = list(zip(mails, roles, strict=True))
    return SortedMails(
        roles,
        tuple(_as_cover(mail) if role is Role.COVER else mail for mail, role in pairs if role in _POSTED),
        tuple(mail for mail, role in pairs if role is Role.ANSWER),
        tuple(
            InputError(mail.source.file, mail.source.line, "no diff in this patch mail")
            for mail, role in pairs
            if role is Role.LOST_DIFF
        ),
    )


def _as_cover(mail: Mail) -> Mail:
    """A cover letter, numbered as one, with the version in which its title ends, if that is where it says it."""
    parsed = replace(mail.subject, number=0)
    match = _VERSION_IN_TITLE.search(parsed.title) if not parsed.revision and not parsed.is_marked else None
    if match:
        parsed = replace(parsed, version=int(match[1]), revision=str(int(match[1])))
    return replace(mail, subject=parsed)


def _role(mail: Mail, around: Surroundings) -> Role:
    if mail.subject.is_reply:
        return Role.ANSWER
    if mail.layout.diff is not None:
        return _role_with_diff(mail, around)
    return _role_of_marked_words(mail, around) if mail.subject.is_marked else _role_of_words(mail, around)


def _role_with_diff(mail: Mail, around: Surroundings) -> Role:
    if mail.subject.is_marked:
        return Role.PATCH
    # without a mark, a mail in a thread is an answer, unless it is laid out as git does
    if around.repeats_a_patch or (_answers(mail) and not _has_separator(mail)):
        return Role.ANSWER
    return Role.PATCH


def _role_of_marked_words(mail: Mail, around: Surroundings) -> Role:
    above = around.above
    if _opens(mail, around.patches_below):
        return Role.COVER
    is_own = above is not None and address(mail) == address(above)
    speaks = _quotes(mail) or (above is not None and mail.subject.title == above.subject.title)
    if _answers(mail) and speaks and not is_own and (above is not None or mail.subject.number > 0):
        return Role.ANSWER
    is_outline = not mail.subject.is_counted and _has_diffstat(mail) and not _has_separator(mail)
    return Role.COVER if mail.subject.number == 0 or is_outline else Role.LOST_DIFF


def _role_of_words(mail: Mail, around: Surroundings) -> Role:
    if _answers(mail):
        return Role.ANSWER
    below = _own(mail, around.patches_below)
    is_cover = below and (_has_diffstat(mail) or any(patch.subject.is_counted for patch in below))
    return Role.COVER if is_cover else Role.OTHER


def _answers(mail: Mail) -> bool:
    return bool(mail.headers.in_reply_to or mail.headers.references)


def _is_marked_patch(mail: Mail) -> bool:
    return mail.subject.is_marked and not mail.subject.is_reply and mail.layout.diff is not None


def _opens(mail: Mail, patches_below: Iterable[Mail]) -> bool:
    """Do patches of its sender answer it as a series answers its cover letter? The second patch of a set answers the
    first, too, and a later version any patch."""
    below = [patch for patch in _own(mail, patches_below) if patch.subject.is_counted]
    if mail.subject.number == 0 or not mail.subject.is_counted:
        return bool(below)
    return any(patch.subject.number == 1 for patch in below) and not any(_follows(patch, mail) for patch in below)


def _own(mail: Mail, patches: Iterable[Mail]) -> list[Mail]:
    sender = address(mail)
    return [patch for patch in patches if address(patch) == sender]


def _follows(patch: Mail, mail: Mail) -> bool:
    """Is a patch numbered as the next of the set that a mail is of?"""
    return patch.subject.total == mail.subject.total and patch.subject.number > mail.subject.number


_QUOTE = re.compile(r"^ ?>", re.M)
_DIFFSTAT = re.compile(r"^ \d{1,6} files? changed,", re.M)
_VERSION_IN_TITLE = re.compile(r"\bv(\d{1,3})\)?$", re.I)


def _quotes(mail: Mail) -> bool:
    return bool(_QUOTE.search(mail.body))


def _has_diffstat(mail: Mail) -> bool:
    return bool(_DIFFSTAT.search(mail.body))


def _has_separator(mail: Mail) -> bool:
    return "\n---\n" in mail.body


_BRACKETS = re.compile(r"(?:\[[^\[\]]{0,200}\][ \t]*)*")
_NAMED_TITLE = re.compile(r'"([^"]{1,300})"')


class _Patches:
    """What patches are called and what they change, to know them again in mails that tell what became of them: bots and
    maintainers send what they took, with or without edits."""

    def __init__(self, patches: Iterable[Mail]) -> None:
        self._patches = list(patches)

    @cached_property
    def _titles(self) -> set[str]:
        return {patch.subject.title.casefold() for patch in self._patches}

    @cached_property
    def _changes(self) -> set[int]:
        return set(map(_change, self._patches))

    def include(self, mail: Mail) -> bool:
        """Is this one of them, under a subject that does not say so?"""
        if mail.subject.is_reply or mail.subject.is_marked or mail.layout.diff is None:
            return False
        named = _NAMED_TITLE.search(mail.subject.title)
        title = named[1] if named else _BRACKETS.sub("", mail.subject.title, count=1)
        is_called_so = bool(named or _answers(mail)) and title.casefold() in self._titles
        return is_called_so or _change(mail) in self._changes


def _change(mail: Mail) -> int:
    """What stands for the lines that a patch adds and removes."""
    return hash(tuple(line for line in mail.lines[mail.layout.diff :] if line.startswith(("+", "-"))))
