"""One mail as a value, and one version of a series: what the stages of reading hand to each other."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from kfunclint.errors import InputError
from kfunclint.mail.body import Layout, layout


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject taken apart: "[PATCH bpf-next v2 3/5] mm: count widgets"."""

    title: str
    """What stands behind the brackets; the title in the body, where the message opens with a Subject of its own."""
    tags: tuple[str, ...] = ()
    """The words in the brackets that are neither PATCH, version nor number: "bpf-next", "RFC"."""
    number: int = 1
    """n of n/m: 1 where the subject does not say, 0 for the cover letter."""
    total: int = 1
    """m of n/m: 1 where the subject does not say."""
    version: int = 1
    """V of vV: 1 where the subject does not say."""
    is_reply: bool = False
    """It is that of an answer or a forward."""
    is_marked: bool = False
    """Its brackets say that it is a patch."""
    text: str = ""
    """All of it, decoded and on one line; "" where the mail has none."""


@dataclass(frozen=True, slots=True)
class Headers:
    """The other fields of a mail's header, decoded and on one line, "" or () where they are not there. Message-ids come
    without angle brackets."""

    author: str = ""
    """From, or the From that the message opens with."""
    sender: str = ""
    """From as written."""
    date: str = ""
    """As written."""
    message_id: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    """Oldest first."""
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    reply_to: tuple[str, ...] = ()


class TitlePlace(NamedTuple):
    """Where the title of a mail stands."""

    line: int
    """1-based, in the input."""
    column: int
    """1-based, of its first character if the header is read as one line."""


@dataclass(frozen=True, slots=True)
class MailSource:
    """Where a mail comes from."""

    file: str
    """The input, as people name it."""
    line: int = 1
    """The 1-based line of the input at which the mail begins."""
    body_line: int | None = None
    """The 1-based line of the input at which the body begins; None where an encoding makes lines incomparable."""
    title: TitlePlace | None = None
    """None where that is not known."""


@dataclass(frozen=True)
class Mail:
    """One mail, decoded."""

    subject: Subject
    body: str
    """The text with "\\n" line ends; split it at "\\n" only, a form feed is no line end."""
    source: MailSource
    headers: Headers = Headers()
    message_start: int = 1
    """The 1-based line of the body at which the message begins: after 1 only in a text that merely contains a patch."""

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The lines of the body."""
        return tuple(self.body.split("\n"))

    @cached_property
    def layout(self) -> Layout:
        """Where in these lines the message stands and where the diff begins."""
        return layout(self.lines, self.message_start - 1)

    def in_input(self, line: int) -> int | None:
        """The line of the input of a line of the body, both 1-based; None where they are incomparable."""
        return None if self.source.body_line is None else self.source.body_line + line - 1

    def unreviewable(self, line: int | None, reason: str) -> InputError:
        """The refusal of this mail for what stands at a 1-based line of its body, told with the line of the input."""
        if line is None:
            return InputError(self.source.file, None, reason)
        if self.source.body_line is None:
            return InputError(self.source.file, None, f"{reason} (line {line} of the decoded text)")
        return InputError(self.source.file, self.in_input(line), reason)


def whole(numbers: Collection[int], total: int) -> bool:
    """Is every n of 1..total among the numbers?"""
    return len(numbers) >= total and all(number in numbers for number in range(1, total + 1))


@dataclass(frozen=True, slots=True)
class Series:
    """One version of one series, in the order of n/m.

    `patches` is empty where only the cover letter was given. `prerequisites` are patch-ids. Series with the same
    `family` are rerolls of one another.
    """

    patches: tuple[Mail, ...]
    cover: Mail | None
    version: int
    total: int
    base_commit: str
    prerequisites: tuple[str, ...]
    family: int = 0

    @property
    def complete(self) -> bool:
        """Is every n of 1..m there?"""
        return whole({patch.subject.number for patch in self.patches}, self.total)


@dataclass(frozen=True, slots=True)
class Inbox:
    """All that an input holds: every version of every series, what could not be read, and answers to patches.

    Families of rerolls come in order of appearance, the versions of a family oldest first.
    """

    series: tuple[Series, ...]
    errors: tuple[InputError, ...]
    replies: tuple[Mail, ...] = ()


_ANSWER = re.compile(r"(?:re|fwd?|aw|wg|sv|vs|antw|res|tr)(?:\[\d{1,3}\]|\(\d{1,3}\))?[ \t]*:[ \t]*", re.I)
_GROUP = re.compile(r"\[([^\[\]]*)\][ \t]*")
_COUNT = re.compile(r"(\d{1,4})/(\d{1,4})")
_VERSION = re.compile(r"(?:patch-?)?v(\d{1,4})(?:\.\d{1,3})?", re.I)


def subject(text: str) -> Subject:
    """Take a subject apart; `text` is decoded and on one line."""
    at, reply, words = 0, False, list[str]()
    while True:
        if match := _ANSWER.match(text, at):
            reply = True
        elif match := _GROUP.match(text, at):
            words += match[1].replace(",", " ").split()
        else:
            break
        at = match.end()
    parsed = _from_brackets(words, text[at:].strip(), reply) or Subject(text.strip(), is_reply=reply)
    return replace(parsed, text=text)


def _from_brackets(words: list[str], title: str, reply: bool) -> Subject | None:
    """What the words in the brackets say, or None where they do not speak of a patch."""
    tags: list[str] = []
    number, total, version, is_marked, speaks_of_patch = 1, 1, 1, False, False
    for word in words:
        if count := _COUNT.fullmatch(word):
            number, total = int(count[1]), int(count[2])
        elif match := _VERSION.fullmatch(word):
            version = int(match[1])
        elif not word.lower().startswith("patch"):
            tags.append(word)
        is_marked = is_marked or word.lower().startswith("patch") or count is not None
        speaks_of_patch = speaks_of_patch or is_marked or word.upper() == "RFC"
    return Subject(title, tuple(tags), number, total, version, reply, is_marked) if speaks_of_patch else None
