"""Archives of any size as inboxes, one after the other: what is held is what may still belong together."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from kfunclint.errors import InputError
from kfunclint.mail.inbox import MAX_INPUT, MAX_MAILS, Assembly
from kfunclint.mail.mbox import Input, Raw, header_of, raw_mails
from kfunclint.mail.message import Inbox
from kfunclint.mail.threads import shared_part

_RECENT = 4  # of the mails that wait, one in so many is too new for its thread to be at an end
_PORTION = MAX_MAILS // 2

Wanted = Callable[[bytes], bool]
"""Is a mail, in bytes, one of those that are asked for?"""


class Archive:
    """Inputs, read as read_inbox() does it, in memory that does not grow with them.

    Up to MAX_MAILS mails of MAX_INPUT bytes are one inbox. Of more, threads of which nothing has come for some hundred
    mails make up an inbox, then those that end behind them, and so on: versions and answers that stand so far apart are
    not seen together. A thread that alone is longer is read in parts, which is told as a refusal.
    """

    def __init__(self, inputs: Iterable[Input], is_wanted: Wanted | None = None) -> None:
        """`is_wanted` chooses threads: those that have a mail of which it is true."""
        self._inputs = list(inputs)
        self._mails = raw_mails(self._inputs)
        self._assembly = Assembly()
        self._waiting = _Waiting(is_wanted)
        if is_wanted is not None:
            self._assembly.spare(self._inputs)

    def is_large(self) -> bool:
        """Is there more than goes into one inbox? Asked before the first one is taken."""
        self._fill()
        return self._waiting.is_full

    def inboxes(self) -> Iterator[Inbox]:
        """The inboxes, one after the other; there is always one."""
        self._fill()
        while self._waiting.is_full:
            yield self._assembly.inbox(self._waiting.oldest())
            self._fill()
        yield self._assembly.inbox(self._waiting.rest(), self._inputs)

    def _fill(self) -> None:
        """Read on, until there is more than may wait."""
        while not self._waiting.is_full and (mail := next(self._mails, None)) is not None:
            self._waiting.add(*mail)


class _Mail(NamedTuple):
    """A mail that waits for the others of its thread; `thread` is what names that."""

    name: Input
    raw: Raw | InputError
    thread: str


class _Waiting:
    """The mails that were read and not given away yet."""

    def __init__(self, is_wanted: Wanted | None) -> None:
        self._is_wanted = is_wanted
        self._mails: list[_Mail] = []
        self._size = 0
        self._threads: dict[str, str] = {}
        self._wanted: set[str] = set()

    @property
    def is_full(self) -> bool:
        """Do more wait than go into one inbox?"""
        return len(self._mails) > MAX_MAILS or self._size > MAX_INPUT

    def add(self, name: Input, raw: Raw | InputError) -> None:
        """Take a mail."""
        thread = self._thread(raw)
        self._mails.append(_Mail(name, raw, thread))
        self._size += _size(raw)
        if self._is_wanted is None or isinstance(raw, InputError) or self._is_wanted(raw.data):
            self._wanted.add(thread)

    def oldest(self) -> Iterator[tuple[Input, Raw | InputError]]:
        """Give the oldest threads away of which nothing has come lately; all mails where there are none."""
        ended = self._ended()
        if ended:
            return self._given(ended)
        last = self._mails[-1].raw
        refusal = InputError(last.file, last.line, f"a thread of more than {MAX_MAILS} mails, read in parts")
        name = self._mails[-1].name
        return iter([*self.rest(), (name, refusal)])

    def rest(self) -> Iterator[tuple[Input, Raw | InputError]]:
        """Give all away."""
        return self._given({mail.thread for mail in self._mails})

    def _ended(self) -> set[str]:
        counts = Counter(mail.thread for mail in self._mails)
        recent = {mail.thread for mail in self._mails[-len(self._mails) // _RECENT :]}
        ended: set[str] = set()
        count = 0
        for mail in self._mails:
            if mail.thread not in recent and mail.thread not in ended:
                count += counts[mail.thread]
                if ended and count > _PORTION:
                    break
                ended.add(mail.thread)
        return ended

    def _given(self, threads: set[str]) -> Iterator[tuple[Input, Raw | InputError]]:
        given = [mail for mail in self._mails if mail.thread in threads]
        wanted = [(mail.name, mail.raw) for mail in given if mail.thread in self._wanted]
        self._keep([mail for mail in self._mails if mail.thread not in threads])
        return iter(wanted)

    def _keep(self, mails: Sequence[_Mail]) -> None:
        self._mails = list(mails)
        self._size = sum(_size(mail.raw) for mail in mails)
        kept = {mail.thread for mail in mails}
        self._threads = {id_: thread for id_, thread in self._threads.items() if thread in kept}
        self._wanted &= kept

    def _thread(self, raw: Raw | InputError) -> str:
        """What names the thread of a mail: the message-id that opens it, or what mails of one series share of that."""
        if isinstance(raw, InputError):
            return f"{raw.file}:{raw.line}"
        own, above = _ids(raw.data)
        top = next((self._threads[id_] for id_ in above if id_ in self._threads), above[0] if above else own)
        thread = shared_part(top) or top or f"{raw.file}:{raw.line}"
        self._threads[own] = thread
        return thread


def _size(raw: Raw | InputError) -> int:
    return len(raw.data) if isinstance(raw, Raw) else 0


_FIELD = re.compile(rb"^(Message-ID|References|In-Reply-To):((?:[^\n]*\n[ \t])*[^\n]*)", re.I | re.M)
_ID = re.compile(r"<([^<>\s]{1,1000})>")


def _ids(data: bytes) -> tuple[str, list[str]]:
    """The message-id of a mail, "" for none, and those that stand above it, the opening of its thread first."""
    fields = {name.lower(): value for name, value in _FIELD.findall(header_of(data))}
    texts = (fields.get(name, b"").decode("latin-1") for name in (b"message-id", b"references", b"in-reply-to"))
    own, references, parents = map(_ID.findall, texts)
    return next(iter(own), ""), [*references, *parents]
