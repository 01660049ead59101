"""One mail as a value, and one version of a series: what the stages of reading hand to each other."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from kfunclint.errors import InputError


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail, decoded. Header fields are decoded and on one line; message-ids come without angle brackets.

    `number`, `total` and `version` are n, m and V of "[PATCH vV n/m]" (1, 1 and 1 where the subject does not say; n is
    0 for the cover letter); `tags` are the other words in the brackets ("bpf-next", "RFC"), `title` is the subject
    behind them. `sender` is From as written, `author` the same unless the message opens with a From of its own. `date`
    is Date as written ("" where there is none), `in_reply_to` and `references` are message-ids.

    `body` is the decoded text with "\\n" line ends; split it at "\\n" only, a form feed is no line end. `message_start`
    is its 1-based line at which the message begins (after 1 only in plain text that merely contains a patch). `file` is
    the input it came from, `line` its 1-based line at which the mail begins, and `first_line` that at which the body
    begins (None where a transfer encoding makes lines incomparable). `title_at` is the line of that input which has the
    title, and the 1-based column at which the title begins if its header is read as one line; None where that is not
    known.
    """

    subject: str
    title: str
    body: str
    file: str
    first_line: int | None
    tags: tuple[str, ...] = ()
    number: int = 1
    total: int = 1
    version: int = 1
    author: str = ""
    date: str = ""
    message_id: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    reply_to: tuple[str, ...] = ()
    message_start: int = 1
    sender: str = ""
    title_at: tuple[int, int] | None = None
    line: int = 1

    def in_input(self, line: int) -> int | None:
        """The line of the input of a line of the body, both 1-based; None where they are incomparable."""
        return None if self.first_line is None else self.first_line + line - 1

    def unreviewable(self, line: int | None, reason: str) -> InputError:
        """The refusal of this mail for what stands at a 1-based line of its body, told with the line of the input."""
        if line is None:
            return InputError(self.file, None, reason)
        if self.first_line is None:
            return InputError(self.file, None, f"{reason} (line {line} of the decoded text)")
        return InputError(self.file, self.in_input(line), reason)


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
        return whole({patch.number for patch in self.patches}, self.total)


@dataclass(frozen=True, slots=True)
class Inbox:
    """All that an input holds: every version of every series, what could not be read, and answers to patches.

    Families of rerolls come in order of appearance, the versions of a family oldest first.
    """

    series: tuple[Series, ...]
    errors: tuple[InputError, ...]
    replies: tuple[Mail, ...] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject taken apart; see Mail. `reply`: it is an answer or a forward; `marked`: brackets say it is a patch."""

    title: str
    tags: tuple[str, ...] = ()
    number: int = 1
    total: int = 1
    version: int = 1
    reply: bool = False
    marked: bool = False


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
    return _bracketed(words, text[at:].strip(), reply) or Subject(text.strip(), reply=reply)


def _bracketed(words: list[str], title: str, reply: bool) -> Subject | None:
    """What the words in the brackets say, or None where they do not speak of a patch."""
    tags: list[str] = []
    number, total, version, marked, known = 1, 1, 1, False, False
    for word in words:
        if count := _COUNT.fullmatch(word):
            number, total = int(count[1]), int(count[2])
        elif match := _VERSION.fullmatch(word):
            version = int(match[1])
        elif not word.lower().startswith("patch"):
            tags.append(word)
        marked = marked or word.lower().startswith("patch") or count is not None
        known = known or marked or word.upper() == "RFC"
    return Subject(title, tuple(tags), number, total, version, reply, marked) if known else None
