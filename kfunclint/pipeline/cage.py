"""Work on what strangers sent is done in a child of this process that can read little, write nothing and ends in time.

The child is forked, so that it has all that is loaded; its answer is a value, and only values are made of it again.
"""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import resource
import select
import signal
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum, EnumType
from typing import Any, NamedTuple

from kfunclint import resources
from kfunclint.checker.lines import LineIndex
from kfunclint.clang import Parser
from kfunclint.clang.parser import WorkerGone
from kfunclint.clang.processes import cpu_seconds
from kfunclint.errors import InputError
from kfunclint.kernel.vocabulary import Vocabulary
from kfunclint.value import Value, field

Ask = Callable[..., Any]
"""Asks this process, from within the child, for a service by its name, with values as arguments."""

Work = Callable[[Ask], Any]
"""What is done in a child; gives a value of kfunclint."""

NOT_UNDERSTOOD = "its answer is not understood"
_OUT_OF_MEMORY = 97
_MOST_ANSWER = 64 << 20
_LENGTH = 8
_UNPACKED, _SPARE = 64, 64 << 20  # an object takes more than the bytes that pickle writes for it
_TICK = 0.5  # seconds between two looks at the time
_SERVICE_SECONDS = 180
_SYSTEM = ("/usr", "/lib", "/lib64")  # what Python may still load


class Limits(NamedTuple):
    """What one piece of work may take: seconds of all processors together, seconds on the clock, and bytes of memory
    beyond what this process has. The memory is that of the child, and of all that it does."""

    cpu: float = 20
    wall: float = 120
    memory: int = 400 << 20


class Stopped(Exception):
    """The work came to no end; as a text the reason, in a few words ("CPU limit of 20 s")."""


class OutOfMemory(Stopped):
    """The child has no memory left."""


class Cage(Value):
    """What work in a child is given.

    `parser` is asked from there, `folders` can be read, `open_files` stay open, `services` can be asked for, and `step`
    is told what is being done. Nobody else may use the parser meanwhile. `servants` are parsers that services ask: what
    these take counts as well.
    """

    parser: Parser
    folders: tuple[str, ...] = ()
    open_files: tuple[int, ...] = ()
    services: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    servants: tuple[Parser, ...] = ()
    step: Callable[[str], None] = lambda what: None


class Batch:
    """Pieces of work that are done one after the other, in one child as long as nothing stops it: to start one takes
    longer than a small piece of work."""

    def __init__(self, cage: Cage, works: Sequence[Work]) -> None:
        self.cage = cage
        self._works = works
        self._done = 0
        self._warden: _Warden | None = None

    def next(self, limits: Limits) -> Any:
        """What the next piece of work gives, a value of kfunclint. Raises Stopped; those behind it go on in another
        child."""
        try:
            return self._answer(limits)
        finally:
            self._done += 1

    def cpu_seconds(self) -> float:
        """What the child has used so far of all processors; 0 where there is none."""
        return cpu_seconds(self._warden.child) if self._warden else 0

    def close(self) -> None:
        """End the child."""
        warden, self._warden = self._warden, None
        if warden is not None:
            warden.end()

    def _answer(self, limits: Limits) -> Any:
        if self._warden is None and self.cage.parser.is_idle:  # most mail does without it
            self._start(limits, keeps_going=False)
        if self._warden is not None:
            answer = self._asked(limits)
            if answer is not WorkerGone:
                return answer
        for is_last in (False, True):
            self.cage.parser.revive()
            self._start(limits, keeps_going=is_last)
            answer = self._asked(limits)
            if is_last:
                self._end()
            if answer is not WorkerGone:
                return answer
        raise Stopped("the parser died")

    def _start(self, limits: Limits, *, keeps_going: bool) -> None:
        up_out, up = os.pipe()
        down, down_in = os.pipe()
        works = self._works[self._done :]
        child = os.fork()
        if child == 0:
            _Child(up, down, self.cage).run(works, limits, keeps_going=keeps_going)
        os.close(up)
        os.close(down)
        self._warden = _Warden(child, up_out, down_in, self.cage)

    def _asked(self, limits: Limits) -> Any:
        """The answer of the child; WorkerGone, and no child, where another one may do better."""
        assert self._warden is not None
        is_first = not self._warden.answered
        try:
            answer = self._warden.answer(limits)
        except OutOfMemory:
            self._end()
            if is_first:
                raise
            return WorkerGone  # the pieces before it may have taken the memory
        except BaseException:
            self._end()
            raise
        if answer is WorkerGone:
            self._end()
        return answer

    def _end(self) -> None:
        """End the child, and the parser, which may be half way through a question."""
        self.cage.parser.close()
        self.close()


class _Child:
    """The child's side. Nothing returns from here to what called fork()."""

    def __init__(self, up: int, down: int, cage: Cage) -> None:
        self.up, self.down, self.cage = up, down, cage

    def run(self, works: Sequence[Work], limits: Limits, *, keeps_going: bool) -> None:
        try:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            self.cage.parser.lend(keeps_going=keeps_going)
            self._shut(limits._replace(cpu=limits.cpu * len(works)))
            for work in works:
                _read_whole(self.down)  # what is done unasked, nobody looks at the time of
                self._send(self._answer(work))
        except MemoryError:  # there may be none left to say so with
            os._exit(_OUT_OF_MEMORY)
        finally:
            os._exit(0)

    def _shut(self, limits: Limits) -> None:
        from kfunclint.clang import confine  # this process needs none of it

        nowhere = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(nowhere, standard)
        _close_all_but({self.up, self.down, *self.cage.parser.pipes, *self.cage.open_files})
        folders = [folder for folder in (*_loadable(), *self.cage.folders) if os.path.isdir(folder)]  # noqa: PTH112
        confine.can_leave_a_folder()  # it cannot be found out any more afterwards
        confine.restrict(_rlimits(limits), folders)

    def _answer(self, work: Work) -> tuple[str, Any]:
        try:
            return "done", work(self._ask)
        except WorkerGone:
            return "gone", ""
        except MemoryError:
            raise
        except Exception as error:
            return "failed", f"{type(error).__name__}: {error}"

    def _ask(self, name: str, *arguments: Any) -> Any:
        self._send(("ask", (name, *arguments)))
        kind, value = pickle.loads(_read_whole(self.down))
        if kind == "raise":
            raise value
        return value

    def _send(self, message: tuple[str, Any]) -> None:
        _write(self.up, message)


def _memory() -> int:
    """The bytes of this process's address space."""
    with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - no pathlib: it is a system call or two
        return int(file.read().split()[0]) * resource.getpagesize()


def _rlimits(limits: Limits) -> list[tuple[int, int]]:
    return [
        (resource.RLIMIT_CPU, max(1, round(limits.cpu + 0.5))),
        (resource.RLIMIT_AS, _memory() + limits.memory),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 256),
        (resource.RLIMIT_NPROC, 0),
    ]


def _loadable() -> Iterable[str]:
    """The folders from which Python and kfunclint load what they need late."""
    own = (str(resources.folder(name)) for name in ("rules", "reports"))
    return dict.fromkeys(os.path.abspath(path) for path in (*_SYSTEM, sys.base_prefix, *filter(None, sys.path), *own))  # noqa: PTH100


def _close_all_but(kept: Iterable[int]) -> None:
    """Close every descriptor from 3 on but these."""
    first = 3
    for descriptor in sorted(kept):
        if descriptor >= first:
            os.closerange(first, descriptor)
            first = descriptor + 1
    os.closerange(first, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


class _Warden:
    """This side: answers the child's questions, looks at the time, and takes what comes of it."""

    def __init__(self, child: int, up: int, down: int, cage: Cage) -> None:
        self.child, self.up, self.down, self.cage = child, up, down, cage
        self.answered = 0
        self.status: int | None = None

    def answer(self, limits: Limits) -> Any:
        """What the next piece of work gave; WorkerGone where the parser did not answer. Raises Stopped."""
        self.limits = limits
        self.looked_at = time.monotonic()
        self.deadline = self.looked_at + limits.wall
        self.served = 0.0
        self.cpu_before = self._cpu_seconds()
        self._tell(("next", None))
        while True:
            kind, value = self._message()
            if kind == "done":
                self.answered += 1
                return value
            if kind == "gone":
                return WorkerGone
            if kind == "ask":
                self._serve(*value)
            else:
                raise Stopped(value)

    def end(self) -> None:
        """End the child, if it has not ended, and forget it."""
        os.close(self.up)
        os.close(self.down)
        if self.status is None:
            os.kill(self.child, signal.SIGKILL)
            self._wait()

    def _serve(self, name: str = "", *arguments: Any) -> None:
        answer: tuple[str, Any] = "value", None
        start = time.monotonic()
        try:
            if name == "step":
                (what,) = arguments
                self.cage.step(str(what))
            else:
                answer = "value", self.cage.services[name](*arguments)
        except (InputError, OSError) as error:
            answer = "raise", error
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise Stopped(NOT_UNDERSTOOD) from error
        self.served += time.monotonic() - start
        self._tell(answer)

    def _tell(self, message: tuple[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError):  # of a child that died, reading says more
            _write(self.down, message)

    def _message(self) -> tuple[str, Any]:
        size = int.from_bytes(self._read(_LENGTH), "big")
        if size > _MOST_ANSWER:
            raise Stopped(f"output limit of {_MOST_ANSWER >> 20} MiB")
        return understood(self._read(size))

    def _read(self, count: int) -> bytes:
        parts = bytearray()
        poll = select.poll()
        poll.register(self.up, select.POLLIN)
        while len(parts) < count:
            if poll.poll(_TICK * 1000):
                part = os.read(self.up, min(count - len(parts), 1 << 20))
                if not part:
                    raise self._cause()
                parts += part
            if time.monotonic() > self.looked_at + _TICK:
                self._look_at_the_time()
        return bytes(parts)

    def _look_at_the_time(self) -> None:
        """Raises Stopped where a limit is reached."""
        self.looked_at = time.monotonic()
        if self._cpu_seconds() - self.cpu_before > self.limits.cpu:
            raise Stopped(f"CPU limit of {self.limits.cpu:.0f} s")
        if time.monotonic() > self.deadline + min(self.served, _SERVICE_SECONDS):
            raise Stopped(f"time limit of {self.limits.wall:.0f} s")

    def _cpu_seconds(self) -> float:
        parsers = (self.cage.parser, *self.cage.servants)
        return cpu_seconds(self.child) + sum(parser.cpu_seconds() for parser in parsers)

    def _cause(self) -> Stopped:
        """What a child died of that gave no answer."""
        code = os.waitstatus_to_exitcode(self._wait())
        if code == -signal.SIGXCPU:
            return Stopped(f"CPU limit of {self.limits.cpu:.0f} s")
        if code == _OUT_OF_MEMORY:
            return OutOfMemory(f"memory limit of {self.limits.memory >> 20} MiB")
        return Stopped(f"killed by signal {-code}" if code < 0 else "no answer")

    def _wait(self) -> int:
        _, self.status = os.waitpid(self.child, 0)
        return self.status


def _write(pipe: int, message: tuple[str, Any]) -> None:
    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer, pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = {}  # Dask's tblib registers its own way for every exception, which _Values refuses
    pickler.dump(message)
    data = buffer.getvalue()
    unsent = memoryview(len(data).to_bytes(_LENGTH, "big") + data)
    while unsent:
        unsent = unsent[os.write(pipe, unsent) :]


def understood(data: bytes) -> tuple[str, Any]:
    """What a child says: the kind of the message, and a value of kfunclint. Raises Stopped for all else."""
    before, most = resource.getrlimit(resource.RLIMIT_AS)
    limit = _memory() + _UNPACKED * len(data) + _SPARE  # five bytes can ask pickle for gigabytes
    if before == resource.RLIM_INFINITY or limit < before:
        resource.setrlimit(resource.RLIMIT_AS, (limit, most))
    try:
        kind, value = _Values(io.BytesIO(data)).load()
    except Exception as error:  # whatever pickle makes of bytes that it has not written
        raise Stopped(NOT_UNDERSTOOD) from error
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (before, most))
    if not isinstance(kind, str) or not isinstance(value, _FORMS.get(kind, ())):
        raise Stopped(NOT_UNDERSTOOD)
    return kind, value


_FORMS = {"done": object, "gone": str, "failed": str, "ask": tuple}


def _read_whole(pipe: int) -> bytes:
    size = int.from_bytes(_read_exactly(pipe, _LENGTH), "big")
    return _read_exactly(pipe, size)


def _read_exactly(pipe: int, count: int) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        part = os.read(pipe, count - len(parts))
        if not part:
            os._exit(0)
        parts += part
    return bytes(parts)


class _Values(pickle.Unpickler):
    """Makes values of kfunclint and nothing else: the child may have been taken over."""

    def find_class(self, module: str, name: str) -> Any:
        """A Value, a named tuple or an enum of kfunclint."""
        if module.startswith("kfunclint."):
            value = super().find_class(module, name)
            if isinstance(value, type) and (value in _PLAIN or issubclass(value, _BASES)):
                return value
        if (module, name) in _BUILTINS:
            return super().find_class(module, name)
        if (module, name) == ("builtins", "getattr"):
            return _member
        raise pickle.UnpicklingError(f"{module}.{name}")


def _member(kind: object, name: str) -> Enum:
    """The member of an enumeration: Python 3.11.2, that of Debian 12, pickles it as getattr() of its class."""
    if not isinstance(kind, EnumType):
        raise pickle.UnpicklingError("getattr() of what is no enumeration")
    return kind.__members__[name]


_PLAIN = (LineIndex, Vocabulary)
_BASES = (Value, tuple, Enum, InputError)
_BUILTINS = {("builtins", "frozenset"), ("builtins", "set"), ("datetime", "date"), ("datetime", "datetime")}
