"""A folder of an IMAP server; nothing in it is changed, no mail is marked as read."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kfunclint.bot.archive.source import Arrival, Chunk, blob_hash, message_id, sent_by
from kfunclint.bot.settings import Source
from kfunclint.errors import InputError

_TIMEOUT = 60.0
_HEADERS_AT_ONCE = 500
_MESSAGE_ID, _FROM = "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]", "BODY.PEEK[HEADER.FIELDS (FROM MESSAGE-ID)]"
_PART = "uids"


class ImapFolder:
    """A Source. Its cursor is "UIDVALIDITY:UIDNEXT": where the server has numbered its mails anew, all are read again,
    and the ledger knows those that it has."""

    def __init__(self, settings: Source, largest: int) -> None:
        """`largest`: bytes of a mail that is looked at."""
        self.settings = settings
        self.name = f"imap {settings.user}@{settings.place}/{settings.folder}"
        self.list = settings.list
        self.largest = largest

    def tips(self) -> dict[str, str]:
        with self._selected() as (_, validity, following):
            return {_PART: f"{validity}:{following}"}

    def present(self) -> Iterator[str]:
        return filter(None, map(message_id, self._heads(_MESSAGE_ID)))

    def news(self, cursors: Mapping[str, str]) -> Iterator[Chunk]:
        validity_then, _, following_then = cursors.get(_PART, "").partition(":")
        with self._selected() as (client, validity, following):
            first = int(following_then or 1) if validity_then == str(validity) else 1
            if first >= following:
                return
            # a search for 99:* gives the last mail where there is no 99
            uids = [uid for uid in client.search(["UID", f"{first}:*"]) if uid >= first]
            chunk = Chunk()
            for uid, size in self._sizes(client, uids):
                if (arrival := self._arrival(client, uid, size)) is not None:
                    chunk.add(arrival)
                if chunk.is_full:
                    chunk.cursors[_PART] = f"{validity}:{uid + 1}"
                    yield chunk
                    chunk = Chunk()
            chunk.cursors[_PART] = f"{validity}:{max([following, *(uid + 1 for uid in uids)])}"
            yield chunk

    def sent_by(self, address: str) -> Iterator[str]:
        return sent_by(self._heads(_FROM), address)

    def wait(self, seconds: float) -> bool:
        """Wait until something comes, but not longer; True if it did. A server without IDLE is not waited for.

        Raises InputError.
        """
        with self._selected() as (client, _, _):
            if b"IDLE" not in client.capabilities():
                raise InputError(self.name, None, "IMAP: no IDLE")
            client.idle()
            news = client.idle_check(timeout=seconds)
            client.idle_done()
            return bool(news)

    def _heads(self, what: str) -> Iterator[bytes]:
        with self._selected() as (client, _, _):
            for uids in _portions(client.search(["ALL"])):
                for answer in client.fetch(uids, [what]).values():
                    yield next((value for key, value in answer.items() if key.startswith(b"BODY[")), b"")

    def _sizes(self, client: Any, uids: Sequence[int]) -> Iterator[tuple[int, int]]:
        for portion in _portions(uids):
            answers = client.fetch(portion, ["RFC822.SIZE"])
            yield from ((uid, answers[uid][b"RFC822.SIZE"]) for uid in portion if uid in answers)

    def _arrival(self, client: Any, uid: int, size: int) -> Arrival | None:
        """A mail; None for one that was removed meanwhile."""
        if size > self.largest:
            return Arrival(blob_hash(f"{self.name} {uid}".encode()), b"", f"larger than {self.largest >> 10} KiB")
        answer = client.fetch([uid], ["BODY.PEEK[]"]).get(uid, {})
        data: bytes | None = answer.get(b"BODY[]")
        return None if data is None else Arrival(blob_hash(data), data)

    @contextlib.contextmanager
    def _selected(self) -> Iterator[tuple[Any, int, int]]:
        """A connection with the folder selected, its UIDVALIDITY and its UIDNEXT."""
        import imapclient  # only who reads by IMAP has it

        try:
            client = imapclient.IMAPClient(
                self.settings.place, self.settings.port, ssl=self.settings.tls, timeout=_TIMEOUT
            )
            with client:
                client.login(self.settings.user, _password(self.settings.password_file))
                status = client.select_folder(self.settings.folder, readonly=True)
                yield client, int(status[b"UIDVALIDITY"]), int(status.get(b"UIDNEXT") or _after(client.search(["ALL"])))
        except (TimeoutError, imapclient.exceptions.IMAPClientError, OSError) as error:
            raise InputError(self.name, None, f"IMAP: {error}") from error


def _after(uids: Sequence[int]) -> int:
    return max(uids, default=0) + 1


def _portions(uids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(uids), _HEADERS_AT_ONCE):
        yield uids[start : start + _HEADERS_AT_ONCE]


def _password(path: Path | None) -> str:
    """The first line of a file."""
    return path.read_text(encoding="utf-8").split("\n", 1)[0] if path else ""
