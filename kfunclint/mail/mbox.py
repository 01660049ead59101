"""Files, folders, Maildirs and standard input, taken apart into the bytes of single mails."""

from __future__ import annotations

import io
import os
import re
import stat
import sys
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from kfunclint.errors import InputError
from kfunclint.mail.message import subject
from kfunclint.mail.mime import words
from kfunclint.value import Value

MAX_MAIL = 8 << 20
MAX_FILES = 200_000
_CHUNK = 1 << 16
_BLOCK = 1 << 20  # of an mbox, read at once
_AHEAD = 1 << 10  # a From_ line and the beginning of the header below it
_INFLATED, _HUNDREDFOLD = 64 << 20, 100  # what may come of a file that was compressed more than people's mail can be
_HEADERS = 1 << 18
_SUFFIXES = (".patch", ".diff", ".eml", ".mbox", ".mbx")
_SPLIT = re.compile(r"\d{4,}")  # how `git mailsplit` names what it makes

_FROM_LINE = re.compile(
    rb"\nFrom (?:[0-9a-f]{40} |(?:git|mboxrd)@z )?(?P<plain>[^\n]{0,200}?)"
    rb"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? {1,2}"
    rb"(?:(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) {1,2}\d{1,2}|\d{1,2} [A-Z][a-z]{2} \d{4}) "
    rb"\d{1,2}:\d\d[^\n]{0,60}\n(?=[!-9;-~]{1,80}:|>From |\r?\n|\Z)"
)
_LENGTH = re.compile(rb"^Content-Length:[ \t]*(\d{1,9})[ \t\r]*$", re.I | re.M)
_NEXT = re.compile(rb"(?:\r?\n){0,2}(?:From |\Z)")
_GAP = re.compile(rb"[\r\n]+")
_BLANK = re.compile(rb"\n\r?\n")
_OPENING = re.compile(rb"(?:\xef\xbb\xbf)?(?:[ \t]*\r?\n)*")
_DIFF = re.compile(rb"^(?:diff --git |(?:@@|=40=40) -\d)", re.M)
_MULTIPART = re.compile(rb"\A(?:[^\r\n][^\n]*\n)*?Content-Type:[ \t]*multipart/", re.I)
_SUBJECT = re.compile(rb"\A(?:[^\r\n][^\n]*\n)*?Subject:[ \t]*([^\n]{0,200})", re.I)
_HEADER = re.compile(rb"^(?:From [^\n]*\n)?+(?:(?![+-])[!-9;-~]{1,80}:[^\n]*\n(?:[ \t][^\n]*\n)*+)++", re.M)
_NAME = re.compile(rb"^([!-9;-~]{1,80}):", re.M)
_QUOTED_FROM = re.compile(rb"^>(?=>*From )", re.M)


class Raw(Value):
    """The bytes of one mail or text; `line` is the 1-based line of `file` at which they begin."""

    file: str
    line: int
    data: bytes


Input = str | bytes
"""The name of a file or folder, "-" for standard input, or the content of a file itself."""


def raw_mails(inputs: Iterable[Input]) -> Iterator[tuple[Input, Raw | InputError]]:
    """Yield every mail of the inputs with the one it was found in; what cannot be read comes as a refusal. Of an mbox
    only the mail that is read is held."""
    for name, file in _files(inputs):
        try:
            if isinstance(file, InputError):
                raise file
            for raw in _mails(file):
                yield name, raw
        except InputError as refusal:
            yield name, refusal


def input_files(names: Iterable[str]) -> Iterator[str]:
    """The names of the files that raw_mails() would read for these, also of those that cannot be read."""
    for name, file in _files(names):
        yield file if isinstance(file, str) else str(name)


def label(name: Input) -> str:
    """A file name as it can be printed."""
    if isinstance(name, bytes):
        return "<bytes>"
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _files(inputs: Iterable[Input]) -> Iterator[tuple[Input, Input | InputError]]:
    """The files to read for each input: itself, or what lies in a folder or Maildir, sorted."""
    for name in inputs:
        try:
            for file in _mail_files(name) if isinstance(name, str) and _is_folder(name) else [name]:
                yield name, file
        except OSError as error:
            yield name, InputError(label(name), None, error.strerror or "cannot be listed")
        except InputError as refusal:
            yield name, refusal


def _is_folder(name: str) -> bool:
    try:
        return name not in ("", "-") and Path(name).is_dir()
    except (OSError, ValueError):
        return False


def _mail_files(name: str) -> list[str]:
    """The mails of a folder or Maildir. Raises OSError, and InputError where there are none or too many."""
    path = Path(name)
    if (path / "cur").is_dir() and (path / "new").is_dir():
        paths = _files_in(path / "cur", ("",)) + _files_in(path / "new", ("",))
    else:
        paths = _files_in(path, _SUFFIXES)
    if not paths:
        raise InputError(label(name), None, "a folder without patches or mails")
    return paths


def _files_in(folder: Path, suffixes: tuple[str, ...]) -> list[str]:
    """The files of a folder with one of the suffixes, and those of `git mailsplit`; not those of its folders."""
    paths = []
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name.removesuffix(".gz")
            is_mail = name.endswith(suffixes) or _SPLIT.fullmatch(name)
            if is_mail and not name.startswith(".") and not _is_folder(entry.path):
                paths.append(entry.path)
            if len(paths) > MAX_FILES:
                raise InputError(label(str(folder)), None, f"more than {MAX_FILES} files")
    return sorted(paths)


def _mails(name: Input) -> Iterator[Raw | InputError]:
    """The mails of one file. Raises InputError for what is no regular file, too large or damaged."""
    if isinstance(name, bytes):
        yield from _split(label(name), io.BytesIO(name))
        return
    if name == "-":
        yield from _split(name, sys.stdin.buffer)
        return
    try:
        with _open(name) as file:
            yield from _split(label(name), file)
    except OSError as error:
        raise InputError(label(name), None, error.strerror or "cannot be read") from error
    except ValueError as error:
        raise InputError(label(name), None, "not a file name") from error


def _open(name: str) -> BinaryIO:
    """Open a regular file; never waits for a FIFO and never opens a device. Raises OSError, InputError."""
    if not stat.S_ISREG(Path(name).stat().st_mode):
        raise InputError(label(name), None, "not a regular file")
    file = os.fdopen(os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise InputError(label(name), None, "not a regular file")
    return file


def _split(name: str, stream: BinaryIO) -> Iterator[Raw | InputError]:
    """The mails of an mbox; anything else is one mail or text as it is, or several one behind the other. Raises
    InputError."""
    chunks = _readable(name, _chunks(stream))
    first = next(chunks, b"")
    if not first:
        raise InputError(name, None, "empty")
    at = _content_start(first)
    pieces = _Mbox(name, first, at, chunks).mails() if first.startswith(b"From ", at) else _text(name, first, chunks)
    for piece in pieces:
        yield from [piece] if isinstance(piece, InputError) else _split_text(piece)


def _readable(name: str, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks; raises InputError where they are damaged."""
    try:
        yield from chunks
    except (zlib.error, EOFError) as error:
        raise InputError(name, None, "damaged gzip data") from error
    except _Bomb as error:
        raise InputError(name, None, f"gzip data of more than {_HUNDREDFOLD} times its size") from error


def _text(name: str, first: bytes, chunks: Iterator[bytes]) -> Iterator[Raw]:
    """What is no mbox, read to its end. Raises InputError where it is larger than a mail may be."""
    parts, size = [first], len(first)
    for chunk in chunks:
        size += len(chunk)
        if size > MAX_MAIL:
            raise InputError(name, None, f"larger than {MAX_MAIL >> 20} MiB")
        parts.append(chunk)
    data = b"".join(parts)
    at = _content_start(data)
    yield Raw(name, data.count(b"\n", 0, at) + 1, data[at:] if at else data)


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    """The bytes of a stream, inflated if it is gzip. Raises zlib.error, EOFError."""
    chunk = stream.read(_CHUNK)
    if chunk.startswith(b"\x1f\x8b"):
        yield from _inflate(stream, chunk)
        return
    while chunk:
        yield chunk
        chunk = stream.read(_CHUNK)


class _Bomb(Exception):
    """Compressed data that grow more than any text does."""


def _inflate(stream: BinaryIO, data: bytes) -> Iterator[bytes]:
    """Inflate one gzip member after the other, at most a chunk at a time. Raises zlib.error, EOFError, _Bomb."""
    member = zlib.decompressobj(31)
    taken = given = 0
    while data or (data := stream.read(_CHUNK)):
        before = len(data)
        if chunk := member.decompress(data, _CHUNK):
            yield chunk
        given += len(chunk)
        data = member.unconsumed_tail
        taken += before - len(data)
        if given > max(_INFLATED, _HUNDREDFOLD * taken):
            raise _Bomb
        if member.eof:
            data = member.unused_data or stream.read(_CHUNK)
            if not data.startswith(b"\x1f\x8b"):
                return
            member = zlib.decompressobj(31)
    raise EOFError


def _content_start(data: bytes) -> int:
    """Where an input begins behind a byte order mark and empty lines, as git mailsplit passes them over."""
    opening = _OPENING.match(data)
    return opening.end() if opening else 0


class _Mbox:
    """An mbox that is read block by block; `data` is what is held of it, from `at` on it was not given away yet."""

    def __init__(self, name: str, data: bytes, at: int, chunks: Iterator[bytes]) -> None:
        """`data` is the first chunk, the first From_ line of which stands at `at`; `chunks` are the others."""
        self.name, self.data, self.at, self.chunks = name, data, at, chunks
        self.line = data.count(b"\n", 0, at) + 1
        self.is_whole = False

    def mails(self) -> Iterator[Raw | InputError]:
        """The mails one after the other. Raises InputError where the chunks do."""
        while self.at < len(self.data) or self._read_on():
            line = self.line
            is_too_large, mail = self._mail()
            if is_too_large:
                yield InputError(self.name, line, f"mail of more than {MAX_MAIL >> 20} MiB")
            else:
                yield Raw(self.name, line + 1, mail)
            self._pass_gap()

    def _mail(self) -> tuple[bool, bytes]:
        """The mail that begins here, b"" for one that is too large; goes on behind it."""
        is_too_large, searched = False, 0
        while True:
            start = self.at if is_too_large else self.data.find(b"\n", self.at) + 1 or len(self.data)
            end, has_length = self._end(start, max(start, searched), is_too_large)
            if end is not None:
                break
            if len(self.data) - start > MAX_MAIL + _AHEAD:
                is_too_large = True
                self._go_to(len(self.data) - _AHEAD)
            if not has_length:
                searched = max(0, len(self.data) - 2 * _AHEAD - self.at)  # the beginning of a From_ line may be there
            self._read_on()
        is_too_large |= end - start > MAX_MAIL
        mail = b"" if is_too_large else self.data[start:end]
        self._go_to(end)
        return is_too_large, mail if has_length else _QUOTED_FROM.sub(b"", mail)

    def _end(self, start: int, search_from: int, is_headless: bool) -> tuple[int | None, bool]:
        """Where the mail ends whose header begins at `start`, and whether its header says so; None where that is not
        read yet. No end stands before `search_from`."""
        length = None if is_headless else _content_length(self.data, start)
        if length is not None and length <= start + MAX_MAIL:
            if length + _AHEAD <= len(self.data) or self.is_whole:
                if _ends_there(self.data, length):
                    return length, True
            else:
                return None, True
        end, is_certain = _next_mail(self.data, start, search_from)
        return end if self.is_whole or is_certain else None, False

    def _pass_gap(self) -> None:
        """Go over the empty lines behind a mail."""
        while (gap := _GAP.match(self.data, self.at)) is not None:
            self._go_to(gap.end())
            if self.at < len(self.data) or not self._read_on():
                return

    def _go_to(self, end: int) -> None:
        self.line += self.data.count(b"\n", self.at, end)
        self.at = end

    def _read_on(self) -> bool:
        """Take another block in, and forget what was given away; False where there is none."""
        parts, size = [self.data[self.at :]], 0
        while size < _BLOCK and not self.is_whole:
            chunk = next(self.chunks, b"")
            self.is_whole = not chunk
            parts.append(chunk)
            size += len(chunk)
        self.data, self.at = b"".join(parts), 0
        return size > 0


def _split_text(raw: Raw) -> Iterator[Raw]:
    """The mails of a text in which the header of another one follows, with From and Subject; patches in an answer are
    part of it."""
    start, line = 0, raw.line
    while (end := _next_header(raw.data, start)) is not None:
        yield Raw(raw.file, line, raw.data[start:end])
        line += raw.data.count(b"\n", start, end)
        start = end
    yield Raw(raw.file, line, raw.data[start:] if start else raw.data)


def _next_header(data: bytes, start: int) -> int | None:
    """Where the header of the mail behind the one at `start` begins; None where that is the last. Only its Message-ID
    tells a header above the end of a patch from fields in its message."""
    blank = _BLANK.search(data, start, start + _HEADERS)
    head = data[start : blank.end()] if blank else b""
    if blank is None or (start == 0 and _is_answer(head)):
        return None
    search_from, end = _earliest_end(data, head, blank.end())
    is_mail = _is_mail_header(head)
    for header in _HEADER.finditer(data, search_from):
        is_next = header.start() >= end or (is_mail and b"message-id" in _field_names(header[0]))
        if is_next and _is_mail_header(header[0]) and _BLANK_LINE.match(data, header.end()):
            return header.start()
    return None


def _earliest_end(data: bytes, head: bytes, body: int) -> tuple[int, int]:
    """From where on another header may stand, and where the mail may end at the earliest: behind its last part, in its
    first line that is encoded, behind the first line of its diff."""
    if multipart := _MULTIPART.match(head):
        boundary = _BOUNDARY.search(head, multipart.end())
        closing = boundary and re.compile(rb"^--%b--" % re.escape(boundary[1]), re.M).search(data, body)
        return (closing.end() if closing else len(data),) * 2
    if _BASE64.match(head) and _BASE64_LINE.match(data, body):
        return body, body
    diff = _DIFF.search(data, body)
    return body, diff.end() if diff else len(data)


def _is_mail_header(header: bytes) -> bool:
    return {b"from", b"subject"} <= _field_names(header)


def _field_names(header: bytes) -> set[bytes]:
    return {name.lower() for name in _NAME.findall(header)}


def _is_answer(head: bytes) -> bool:
    title = _SUBJECT.match(head)
    return title is not None and subject(words(title[1].decode("utf-8", "replace"))).is_reply


_BOUNDARY = re.compile(rb"boundary=\"?([^\s\";]{1,200})", re.I)
_BASE64 = re.compile(rb"\A(?:[^\r\n][^\n]*\n)*?Content-Transfer-Encoding:[ \t]*base64[ \t]*\r?\n", re.I)
_BASE64_LINE = re.compile(rb"\s*[A-Za-z0-9+/]+={0,2}\r?(?:\n|\Z)")
_BLANK_LINE = re.compile(rb"\r?\n|\Z")


def _content_length(data: bytes, start: int) -> int | None:
    """Where the mail ends by its Content-Length, if it has one."""
    blank = _BLANK.search(data, start, start + _HEADERS)
    length = _LENGTH.search(data, start, blank.end()) if blank else None
    return blank.end() + int(length[1]) if blank and length else None


def header_of(data: bytes) -> bytes:
    """The header of a mail with the blank line below it; all of a mail that has no such line."""
    blank = _BLANK.search(data)
    return data[: blank.end()] if blank else data


def _ends_there(data: bytes, end: int) -> bool:
    """Does another mail, or nothing, begin where one is said to end?"""
    return end <= len(data) and _NEXT.match(data, end) is not None


def _next_mail(data: bytes, start: int, search_from: int) -> tuple[int, bool]:
    """Where the From_ line behind a mail begins, which is looked for from some place on, or the end of the data; and
    whether that is certain even if the data go on."""
    for match in _FROM_LINE.finditer(data, search_from - 1):
        at = match.start()
        if not match["plain"] or at == start - 1 or data[at - 1 : at] in (b"\n", b"\r"):
            return at + 1, match.end() + _AHEAD <= len(data)
    return len(data), False
