"""The parent's side: starts the worker, asks it, starts it again if it dies."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Collection
from types import TracebackType
from typing import TYPE_CHECKING, Any

from kfunclint.c.failure import FailureKind, stopped
from kfunclint.c.failure import answer as refused
from kfunclint.clang import frames
from kfunclint.clang.processes import cpu_seconds
from kfunclint.value import replace

if TYPE_CHECKING:
    import subprocess

    from kfunclint.c.syntax import Unit
    from kfunclint.clang.answers import Answered
    from kfunclint.clang.header_request import Files
    from kfunclint.patch.postimage import PostImage

WALL_SECONDS = 25  # the worker gives a child 10, and needs a moment to start
_BOOTSTRAP = "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from kfunclint.clang.worker import main; main()"
_KEPT = ("LD_LIBRARY_PATH", "SYSTEMROOT")


class WorkerGone(Exception):
    """The worker does not answer, and this process may not start another one."""


class Parser:
    """Parses files in a confined process of its own; a context manager."""

    def __init__(self, *, at_once: bool = True) -> None:
        """Start the worker `at_once`, and do not wait until it is ready; or else when it is needed."""
        self._worker: subprocess.Popen[bytes] | None = None
        self._lent: bool | None = None
        self._series: str | None = None
        self.is_idle = not at_once
        """It was not needed yet."""
        if at_once:
            self._start()

    def __enter__(self) -> Parser:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def parse(
        self,
        source: PostImage,
        lines: Collection[int] = (),
        names: Collection[str] = (),
        answered: Answered | None = None,
    ) -> Unit:
        """Parse the lines in view of a file. Never raises for what they hold: the failure of the Unit says why not.

        Of a whole file the Unit has the kfuncs, the functions with added lines and the static ones that these mention.
        `lines` (1-based) and `names` tell of which functions more are wanted, and are of no account for hunks;
        `answered` may know the answer already.
        """
        from kfunclint.clang.units import unit

        return unit(source.path, self.answer(source, lines, names, answered))

    def answer(
        self, source: PostImage, lines: Collection[int], names: Collection[str], answered: Answered | None = None
    ) -> Any:
        """What parse() makes a Unit of: plain values, nothing in which is to be taken on trust."""
        from kfunclint.clang.limits import objection_to_lines

        numbered = [(number, line.text) for part in source.ranges for number, line in enumerate(part.lines, part.start)]
        if objection := objection_to_lines(numbered):
            return refused(FailureKind.NOT_ANALYSED, *objection)
        question = _request(source, lines, names)
        if answered is None:
            return self._ask(question | {"series": self._series})
        return answered(question, lambda: self._ask(question))  # of a process that has parsed nothing else

    def with_types(
        self, unit: Unit, source: PostImage, files: Files, series: Collection[PostImage] = (), state: str = ""
    ) -> Unit:
        """The Unit of a whole file with the types of its signatures, read from the headers of a tree.

        `series` has the whole files that a series changes, headers above all: they go before those of the tree.
        `state` tells the headers of the tree from those of any other: with one the answer is kept between runs.
        Never raises for what any of them hold: `types` is None then.
        """
        from kfunclint.clang.answers import kept  # most reviews have no tree
        from kfunclint.clang.confine import can_leave_a_folder
        from kfunclint.clang.header_request import request, spelled
        from kfunclint.clang.units import types

        if unit.failure or not source.whole:
            return unit
        on_disk = files.root is not None and can_leave_a_folder()
        question = request(source, unit, files, series, on_disk) if on_disk or not state else None

        def ask() -> Any:
            return self._ask(question or request(source, unit, files, series, on_disk))

        is_told_by_state = state and (on_disk or files.root is None)
        answer = kept([state, question or spelled(source, unit)], ask) if is_told_by_state else ask()
        return replace(unit, types=types(answer))

    def begin_series(self) -> None:
        """From now on the files are those of another series: as long as all goes well, one process parses them. Before
        the first one each file has a process of its own."""
        self._series = os.urandom(16).hex()  # no other one has it, in whatever child it is reviewed

    def lend(self, *, keeps_going: bool) -> None:
        """In a child of the process that started it: from now on neither start nor end a worker. What is asked of one
        that does not answer raises WorkerGone, or fails where it `keeps_going`."""
        self._lent = keeps_going

    def revive(self) -> None:
        """Start the worker if it is gone, or was not needed yet."""
        if self._worker is not None and self._worker.poll() is not None:
            self.close()
        if self._worker is None:
            self._start()

    @property
    def pipes(self) -> tuple[int, ...]:
        """The descriptors that lead to the worker."""
        files = (self._worker.stdin, self._worker.stdout) if self._worker else ()
        return tuple(file.fileno() for file in files if file is not None)

    def cpu_seconds(self) -> float:
        """What the worker and its children that ended have used of all processors; 0 where that is not known."""
        return cpu_seconds(self._worker.pid, with_children=True) if self._worker else 0

    def close(self) -> None:
        """End the worker, which has nothing to put in order."""
        worker, self._worker = self._worker, None
        if worker is None or worker.stdin is None or worker.stdout is None or self._lent is not None:
            return
        worker.kill()
        worker.wait()
        worker.stdin.close()
        worker.stdout.close()

    def _start(self) -> None:
        import subprocess

        self.is_idle = False
        paths = [os.path.abspath(path) for path in sys.path]  # noqa: PTH100 - "" means the working directory
        isolated = ["-I", "-S", *(["-B"] if sys.dont_write_bytecode else [])]  # -I ignores PYTHONDONTWRITEBYTECODE
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        try:
            self._worker = subprocess.Popen(
                [sys.executable, *isolated, "-c", _BOOTSTRAP, json.dumps(paths)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment | {"LIBCLANG_NOTHREADS": "1"},
            )
        except OSError:
            return
        for pipe in (self._worker.stdin, self._worker.stdout):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)

    def _ask(self, request: dict[str, Any]) -> Any:
        """The answer to a request; a worker that died is started again, once."""
        reason = "gone"
        for _ in range(2 if self._lent is None else 1):
            if self._worker is None and self._lent is None:
                self._start()
            try:
                return self._exchange(request)
            except frames.Broken as why:
                reason = str(why)
                self.close()
                if why.late:
                    break
        if self._lent is False:
            raise WorkerGone
        return stopped("worker died" if reason == "gone" else reason)

    def _exchange(self, request: dict[str, Any]) -> Any:
        worker = self._worker
        if worker is None or worker.stdin is None or worker.stdout is None:
            raise frames.Broken("gone")
        deadline = time.monotonic() + WALL_SECONDS
        frames.send(worker.stdin.fileno(), request, deadline)
        return frames.receive(worker.stdout.fileno(), deadline)


def _request(source: PostImage, lines: Collection[int], names: Collection[str]) -> dict[str, Any]:
    return {
        "whole": source.whole,
        "lines": sorted(lines),
        "names": sorted(names),
        "ranges": [
            (part.start, part.heading, [line.text for line in part.lines], [line.added for line in part.lines])
            for part in source.ranges
        ],
    }
