"""Which mail answers which."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from kfunclint.mail.message import Mail

# What git send-email of old and of today, and b4, give to all mails of a series but for the number in the middle:
# <1389000000-4711-1-git-send-email-a@example.org>, <20250110120000.4711-1-a@example.org>,
# <20250110-shelf-v2-1-0123456789ab@example.org>.
_STEM = re.compile(
    r"(\d{9,10}-\d{1,10})-\d{1,4}(-git-send-email-.{1,200})"
    r"|(\d{14}\.\d{1,20})-\d{1,4}(-[^@]{1,200}@.{1,200})"
    r"|(.{1,200}-v\d{1,4})-\d{1,4}(-[0-9a-f]{12}@.{1,200})"
)


class Threads:
    """The mails of an inbox by what they answer. A mail that is not there is passed over for the next one above it, and
    a loop of references is cut."""

    def __init__(self, mails: Sequence[Mail]) -> None:
        self._mails = mails
        self._by_id: dict[str, Mail] = {}
        for mail in mails:
            if mail.headers.message_id:
                self._by_id.setdefault(mail.headers.message_id, mail)
        self._parents = {id(mail): self._nearest_above(mail) for mail in mails}
        self._order = list(self._sorted())

    def parent(self, mail: Mail) -> Mail | None:
        """The nearest mail above this one."""
        return self._parents[id(mail)]

    def parents_first(self) -> Sequence[Mail]:
        """All mails, each behind the one that it answers, and else in the order of the input."""
        return self._order

    def roots(self) -> dict[int, str]:
        """What names the thread of each mail (by id()): the message-id that opens it. Where headers were dropped on the
        way, the part of the id that all mails of a series share stands in for it; "" where there is neither."""
        answered = {parent.headers.message_id for parent in self._parents.values() if parent is not None}
        roots: dict[int, str] = {}
        for mail in self._order:
            parent, top = self.parent(mail), _top(mail)
            if parent is not None:
                roots[id(mail)] = roots[id(parent)] or parent.headers.message_id
            else:
                own = mail.headers.message_id
                roots[id(mail)] = top or (own if own in answered else _stem(mail))
        return roots

    def _nearest_above(self, mail: Mail) -> Mail | None:
        above = (mail.headers.in_reply_to, *reversed(mail.headers.references))
        parents = (self._by_id[name] for name in above if name in self._by_id and name != mail.headers.message_id)
        return next(parents, None)

    def _sorted(self) -> Iterator[Mail]:
        done: set[int] = set()
        for mail in self._mails:
            path: dict[int, Mail] = {}
            above: Mail | None = mail
            while above is not None and id(above) not in done:
                path[id(above)] = above
                parent = self._parents[id(above)]
                if parent is not None and id(parent) in path:
                    self._parents[id(above)] = parent = None
                above = parent
            done |= path.keys()
            yield from reversed(path.values())


def _top(mail: Mail) -> str:
    """What a mail names as the opening of its thread, "" for one that answers nothing."""
    return mail.headers.references[0] if mail.headers.references else mail.headers.in_reply_to


def _stem(mail: Mail) -> str:
    return shared_part(mail.headers.message_id) if mail.subject.total > 1 else ""


def shared_part(message_id: str) -> str:
    """What all mails of a series have of a message-id, "" where it does not look like one of a series."""
    match = _STEM.fullmatch(message_id)
    return "".join(part for part in match.groups() if part) if match else ""
