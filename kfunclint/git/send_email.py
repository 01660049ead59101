"""Which files make up the series that git send-email is about to send: it names them one by one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from kfunclint.errors import InputError
from kfunclint.mail.inbox import only_mail
from kfunclint.mail.mbox import Raw
from kfunclint.mail.message import Mail
from kfunclint.mail.series import address

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
        return _counted(file, int(counter), int(total), memory)
    return _neighbours(file)


def _counted(file: Path, counter: int, total: int, memory: Path) -> list[Path]:
    """The files up to the last one; a memory that cannot be written costs those before it."""
    known = ""
    with contextlib.suppress(OSError):
        known = memory.read_text(encoding="utf-8", errors="surrogateescape") if counter > 1 else ""
    with contextlib.suppress(OSError):
        if counter < total:
            memory.write_text(f"{known}{file}\0", encoding="utf-8", errors="surrogateescape")
        else:
            memory.unlink(missing_ok=True)
    return [*map(Path, known.split("\0")[:-1]), file] if counter >= total else []


def _neighbours(file: Path) -> list[Path]:
    """The files of the series that ends with this one. A folder may hold older series: of two files of one number the
    newer counts."""
    last = _header(file)
    if last is None or last.subject.total <= 1:
        return [file]
    if last.subject.number < last.subject.total:
        return []
    found = {last.subject.number: file}
    for path in sorted(_beside(file), key=_time):
        other = _header(path)
        if other is not None and other.subject.number < last.subject.number and _same_series(other, last):
            found[other.subject.number] = path
    return [path for _, path in sorted(found.items())]


def _beside(file: Path) -> Iterator[Path]:
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


def _same_series(one: Mail, last: Mail) -> bool:
    if _name(one) != _name(last):
        return False
    if not _parent(last):
        return not _parent(one)
    return (_parent(one) or one.headers.message_id or _parent(last)) == _parent(last)


def _name(one: Mail) -> tuple[object, ...]:
    return one.subject.total, one.subject.version, sorted(tag.lower() for tag in one.subject.tags), address(one)


def _parent(one: Mail) -> str:
    """The message-id that opens the thread it is sent in, "" where none is given yet."""
    return next(iter(one.headers.references), one.headers.in_reply_to)


def _header(path: Path) -> Mail | None:
    """A file by its mail header, None if it has none that can be read."""
    try:
        with path.open("rb") as file:
            data = file.read(_HEADER)
        if data.startswith(b"From "):
            data = data.partition(b"\n")[2]
        found = only_mail(Raw(str(path), 1, data.partition(b"\n\n")[0] + b"\n\n"))
    except (OSError, InputError):
        return None
    return found if found.subject.text else None
