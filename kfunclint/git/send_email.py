"""Which files make up the series that git send-email is about to send: it names them one by one."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from kfunclint.errors import InputError
from kfunclint.mail.inbox import only_mail
from kfunclint.mail.mbox import Raw
from kfunclint.mail.message import Mail, address

_COUNTER, _TOTAL = "GIT_SENDEMAIL_FILE_COUNTER", "GIT_SENDEMAIL_FILE_TOTAL"
_HEADER = 64 << 10
_MOST_FILES = 5000


class Sender(NamedTuple):
    """A git send-email that runs: its arguments, and the folder that they are meant in."""

    arguments: Sequence[str]
    folder: Path


def sender() -> Sender | None:
    """The git send-email that has called this process, as Linux's /proc tells; None where it cannot be known."""
    pid = os.getppid()
    with contextlib.suppress(OSError, ValueError):
        while pid > 1:
            process = Path("/proc") / str(pid)
            words = os.fsdecode((process / "cmdline").read_bytes()).split("\0")[:-1]
            at = next((at for at, word in enumerate(words) if word.endswith("/git-send-email")), None)
            if at is not None:
                return Sender(words[at + 1 :], (process / "cwd").readlink())
            pid = int((process / "stat").read_text(errors="replace").rpartition(") ")[2].split()[1])
    return None


def files(file: Path, environ: Mapping[str, str], memory: Path, sender: Sender | None = None) -> list[Path]:
    """What to review now that `file` is named: nothing before the last file that is sent, then all of them.

    Git 2.41 and newer count the files in the environment, and those before are kept in the file `memory`. Where they
    are not counted the arguments of the `sender` say what they are. Where there is none the last is the one whose
    subject says n/n, and the others are found beside it; one whose last is not beside it is reviewed alone.
    """
    counter, total = environ.get(_COUNTER, ""), environ.get(_TOTAL, "")
    if counter.isdecimal() and total.isdecimal():
        return _counted_files(file, int(counter), int(total), memory)
    if sender is not None:
        sent = _named(file, sender) or _in_folder(file)
        return sent if _is_same(sent[-1], file) else []
    return _neighbours(file)


def is_kept(file: Path, sender: Sender | None) -> bool:
    """Will the file be there when it is sent? A range of commits is a folder of its own until then."""
    return sender is None or bool(_named(file, sender)) or any(_is_same(file.parent, path) for path in _paths(sender))


def _named(file: Path, sender: Sender) -> list[Path]:
    """The files that stand around one in the arguments; none if it does not stand there."""
    paths = _paths(sender)
    at = next((at for at, path in enumerate(paths) if _is_same(path, file)), None)
    if at is None:
        return []
    before = list(itertools.takewhile(_is_mail, reversed(paths[:at])))
    behind = list(itertools.takewhile(Path.is_file, paths[at + 1 :]))
    return [*reversed(before), file, *behind]


def _paths(sender: Sender) -> list[Path]:
    return [sender.folder / argument for argument in sender.arguments]


def _in_folder(file: Path) -> list[Path]:
    """The files of its folder, in the order in which they are sent."""
    return sorted(_files_beside(file), key=lambda path: os.fsencode(path.name)) or [file]


def _is_same(one: Path, other: Path) -> bool:
    with contextlib.suppress(OSError):
        return one.samefile(other)
    return False


def _is_mail(path: Path) -> bool:
    return path.is_file() and _header(path) is not None


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
        return [] if _is_awaited(file, last) else [file]
    by_number = {last.subject.number: file}
    for path in sorted(_files_beside(file), key=_time):
        mail = _header(path)
        if mail is not None and mail.subject.number < last.subject.number and _same_series(mail, last):
            by_number[mail.subject.number] = path
    return [path for _, path in sorted(by_number.items())]


def _is_awaited(file: Path, mail: Mail) -> bool:
    """Does the last patch of a series lie beside this one?"""
    beside = map(_header, _files_beside(file))
    return any(other and other.subject.number == mail.subject.total and _name(other) == _name(mail) for other in beside)


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
