"""One mail as a value, and one version of a series: what the stages of reading hand to each other."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cached_property
from typing import NamedTuple

from kfunclint.errors import InputError
from kfunclint.mail.body import Layout, layout
from kfunclint.value import Value, replace


class Subject(Value):
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
    revision: str = ""
    """V of vV as the subject has it, "2", "3.1" or "5b"; "" where it does not say."""
    is_counted: bool = False
    """It says n/m."""
    is_reply: bool = False
    """It is that of an answer or a forward."""
    is_marked: bool = False
    """Its brackets say that it is a patch."""
    text: str = ""
    """All of it, decoded and on one line; "" where the mail has none."""


class Headers(Value):
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


class MailSource(Value):
    """Where a mail comes from."""

    file: str
    """The input, as people name it."""
    line: int = 1
    """The 1-based line of the input at which the mail begins."""
    body_line: int | None = None
    """The 1-based line of the input at which the body begins; None where an encoding makes lines incomparable."""
    title: TitlePlace | None = None
    """None where that is not known."""
    commit: str = ""
    """The full hash of the commit that git wrote it for, "" for what was sent."""


class Mail(Value):
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

    @property
    def message_end(self) -> int:
        """The 0-based index of the line behind the message: git cuts off that of a patch, but nobody commits a cover
        letter."""
        return self.layout.end if self.subject.number else self.layout.separator

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


def address(mail: Mail) -> str:
    """Who sent a mail, to tell people apart: the address, or the name where there is none."""
    return name_and_address(mail.headers.sender or mail.headers.author)[1].casefold()


_WITH_COMMENT = re.compile(r"([^<>()\s]{1,300}@[^<>()\s]{1,300})\s+\(([^()]{0,300})\)")


def name_and_address(entry: str) -> tuple[str, str]:
    """The two parts of `Ann Author <ann@example.org>`, `ann@example.org (Ann Author)` or `ann@example.org`; where there
    is no address, what stands there is given for one."""
    if match := _WITH_COMMENT.fullmatch(entry.strip()):
        return match[2].strip(), match[1]
    name, _, address = entry.rpartition("<")
    return " ".join(name.replace('"', " ").split()), address.rstrip("> ").strip()


def whole(numbers: Collection[int], total: int) -> bool:
    """Is every n of 1..total among the numbers?"""
    return len(numbers) >= total and all(number in numbers for number in range(1, total + 1))


class Series(Value):
    """One version of one series, in the order of n/m.

    `patches` is empty where only the cover letter was given. `prerequisites` are patch-ids. Series with the same
    `family` are rerolls of one another. `revisions` says of each patch which version it was posted in ("1", "3.1",
    "5b"), empty for a series that was never posted; `left_out` are the newer versions, named so, that are not whole.
    """

    patches: tuple[Mail, ...]
    cover: Mail | None
    version: int
    total: int
    base_commit: str
    prerequisites: tuple[str, ...]
    family: int = 0
    revisions: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Is every n of 1..m there?"""
        return whole(self._numbers, self.total)

    @property
    def missing(self) -> tuple[int, ...]:
        """Every n of 1..m that is not there."""
        numbers = self._numbers
        return tuple(number for number in range(1, self.total + 1) if number not in numbers)

    @property
    def _numbers(self) -> set[int]:
        return {patch.subject.number for patch in self.patches}


class Inbox(Value):
    """All that an input holds: every version of every series, what could not be read, and answers to patches.

    Families of rerolls come in order of appearance, the versions of a family oldest first.
    """

    series: tuple[Series, ...]
    errors: tuple[InputError, ...]
    replies: tuple[Mail, ...] = ()


_ANSWER = re.compile(r"(?:re|fwd?|aw|wg|sv|vs|antw|res|tr)(?:\[\d{1,3}\]|\(\d{1,3}\))?[ \t]*:[ \t]*", re.I)
_GROUP = re.compile(r"\[([^\[\]]*)\][ \t]*")
_SPREAD_VERSION = re.compile(r"\b(?:v|version) (?=\d[\d.]{0,5}(?: (?!/|of\b)|$))", re.I)
_SPREAD_COUNT = re.compile(r"\b(\d{1,4}) ?(?:/|\bof\b) ?(\d{1,4})\b", re.I)
_COUNT = re.compile(r"(\d{1,4})/(\d{1,4})")
_VERSION = re.compile(r"(?:patch(?:set)?)?-?v(\d{1,4})(\.\d{1,3}|[a-e])?", re.I)


def subject(text: str) -> Subject:
    """Take a subject apart; `text` is decoded and on one line."""
    at, reply, words = 0, False, list[str]()
    while True:
        if match := _ANSWER.match(text, at):
            reply = True
        elif match := _GROUP.match(text, at):
            spread = _SPREAD_VERSION.sub("v", match[1].replace(",", " "))
            words += _SPREAD_COUNT.sub(r"\1/\2", spread).split()
        else:
            break
        at = match.end()
    parsed = _from_brackets(words, text[at:].strip(), reply) or Subject(text.strip(), is_reply=reply)
    return replace(parsed, text=text)


def _from_brackets(words: list[str], title: str, reply: bool) -> Subject | None:
    """What the words in the brackets say, or None where they do not speak of a patch."""
    parsed = Subject(title, is_reply=reply)
    tags: list[str] = []
    for word in words:
        if count := _COUNT.fullmatch(word):
            parsed = replace(parsed, number=int(count[1]), total=int(count[2]), is_counted=True)
        elif match := _VERSION.fullmatch(word):
            parsed = replace(parsed, version=int(match[1]), revision=f"{int(match[1])}{(match[2] or '').lower()}")
        elif not word.lower().startswith("patch"):
            tags.append(word)
    is_marked = parsed.is_counted or any(word.lower().startswith("patch") for word in words)
    speaks_of_patch = is_marked or any(word.upper() == "RFC" for word in words)
    return replace(parsed, tags=tuple(tags), is_marked=is_marked) if speaks_of_patch else None
