"""Which files make up the series that git send-email is about to send: it names them one by one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from kfunclint.errors import InputError
from kfunclint.mail.inbox import only_mail
from kfunclint.mail.mbox import Raw
from kfunclint.mail.message import Mail, address

_COUNTER, _TOTAL = "GIT_SENDEMAIL_FILE_COUNTER", "GIT_SENDEMAIL_FILE_TOTAL"
_HEADER = 64 << 10
_MOST_FILES = 5000


def files(file: Path, environ: Mapping[str, str], memory: Path) -> list[Path]:
    """What to review now that `file` is named: nothing before the last file of a series, then all of it.

    Git 2.41 and newer count the files in the environment, and those before are kept in the file `memory`. Where they
    are not counted the last is the one whose subject says n/n, and the others are found beside it.
    """
    counter, total = environ.get(_COUNTER, ""), environ.get(_TOTAL, "")
    if counter.isdecimal() and total.isdecimal():
        return _counted_files(file, int(counter), int(total), memory)
    return _neighbours(file)


def _counted_files(file: Path, counter: int, total: int, memory: Path) -> list[Path]:
    """The files up to the last one; a memory that cannot be written costs those before it."""
    earlier = ""
    with contextlib.suppress(OSError):
        earlier = memory.read_text(encoding="utf-8", errors="surrogateescape") if counter > 1 else ""
    with contextlib.suppress(OSError):
        if counter < total:
            memory.write_text(f"{earlier}{file}\0", encoding="utf-8", errors="surrogateescape")
        else:
            memory.unlink(missing_ok=True)
    return [*map(Path, earlier.split("\0")[:-1]), file] if counter >= total else []


def _neighbours(file: Path) -> list[Path]:
    """The files of the series that ends with this one. A folder may hold older series: of two files of one number the
    newer counts."""
    last = _header(file)
    if last is None or last.subject.total <= 1:
        return [file]
    if last.subject.number < last.subject.total:
        return []
    by_number = {last.subject.number: file}
    for path in sorted(_files_beside(file), key=_time):
        mail = _header(path)
        if mail is not None and mail.subject.number < last.subject.number and _same_series(mail, last):
            by_number[mail.subject.number] = path
    return [path for _, path in sorted(by_number.items())]


def _files_beside(file: Path) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        for count, path in enumerate(file.parent.iterdir()):
            if count == _MOST_FILES:
                return
            if path.is_file():
                yield path


def _time(path: Path) -> int:
    with contextlib.suppress(OSError):
        return path.stat().st_mtime_ns
    return 0


def _same_series(mail: Mail, last: Mail) -> bool:
    if _name(mail) != _name(last):
        return False
    if not _parent(last):
        return not _parent(mail)
    return (_parent(mail) or mail.headers.message_id or _parent(last)) == _parent(last)


def _name(mail: Mail) -> tuple[object, ...]:
    return mail.subject.total, mail.subject.version, sorted(tag.lower() for tag in mail.subject.tags), address(mail)


def _parent(mail: Mail) -> str:
    """The message-id that opens the thread it is sent in, "" where none is given yet."""
    return next(iter(mail.headers.references), mail.headers.in_reply_to)


def _header(path: Path) -> Mail | None:
    """A file by its mail header, None if it has none that can be read."""
    try:
        with path.open("rb") as file:
            data = file.read(_HEADER)
        if data.startswith(b"From "):
            data = data.partition(b"\n")[2]
        mail = only_mail(Raw(str(path), 1, data.partition(b"\n\n")[0] + b"\n\n"))
    except (OSError, InputError):
        return None
    return mail if mail.subject.text else None
