"""The process that loads libclang: checks that no file can be reached, then forks confined children that parse.

A child parses the files of one series, as long as all goes well: to fork one takes longer than to parse a small file. A
file may have taken it over, so those of another series never come to it.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from kfunclint.c.failure import FailureKind, stopped
from kfunclint.c.failure import answer as refused
from kfunclint.clang import frames, job, type_layout
from kfunclint.clang.confine import confine
from kfunclint.clang.native import Library, Unusable
from kfunclint.clang.processes import cpu_seconds

WALL_SECONDS = 10
MAX_ANSWER = 16 << 20
_OVERLAY = {"version": 0, "case-sensitive": "true", "fallthrough": False}
_RECURSION = 10_000
_KEPT_SECONDS = 0.5  # of the time that a child has: one that is near its end would be of no use to a large file
_GONE: job.Answer = {}


def main() -> None:
    """Answer the requests on standard input, on standard output, until the first is closed."""
    requests, answers = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1):
        os.dup2(nowhere, standard)
    for pipe in (requests, answers):
        os.set_blocking(pipe, False)
    gc.disable()
    try:
        worker = Worker()
        refusal = None
    except Unusable as why:
        refusal = str(why)
    gc.freeze()
    while True:
        try:
            request = frames.receive(requests, None)
            answer = refused(FailureKind.UNUSABLE, refusal) if refusal else worker.answer(request, (requests, answers))
            frames.send(answers, answer, time.monotonic() + WALL_SECONDS)
        except frames.Broken:
            return


class Worker:
    """libclang, warm and shut off from all files. Raises Unusable if either cannot be had."""

    def __init__(self) -> None:
        with open(f"{os.path.dirname(__file__)}/shim.h", encoding="ascii") as file:  # noqa: PTH120, PTH123 - no pathlib
            self.shim = job.Shim(file.read())
        self.library = Library()
        self.arguments = job.options(overlay())
        canary(self.library, self.shim, self.arguments)

        self.kept: _Child | None = None

    def answer(self, request: Any, pipes: tuple[int, ...]) -> job.Answer:
        """Let a child parse; `pipes` are closed in it."""
        series = request.get("series")
        kept, self.kept = self.kept, None
        if kept is not None:
            answer = kept.ask(request) if series == kept.series else _GONE
            if _is_good(answer):
                return self._keep(kept, answer)
            kept.end()  # what it said may be due to the files before
        child = _Child(self, request, pipes)
        answer = child.answer()
        if series is not None and _is_good(answer):
            return self._keep(child, answer)
        return _explained(answer, child.end())

    def _keep(self, child: _Child, answer: job.Answer) -> job.Answer:
        """The answer, and the child for more, unless it has had its time."""
        if cpu_seconds(child.process) < _KEPT_SECONDS:
            self.kept = child
        else:
            child.end()
        return answer


def _is_good(answer: Any) -> bool:
    """Did a child come to an end with a file?"""
    return answer is not _GONE and isinstance(answer, dict) and answer.get("failure", [None])[0] != FailureKind.STOPPED


class _Child:
    """A confined process that parses one file after the other; `series` is what the request of the first one says."""

    def __init__(self, worker: Worker, request: Any, pipes: tuple[int, ...]) -> None:
        self.series = request.get("series")
        self._answers, answers = os.pipe()
        requests, self._requests = os.pipe()
        self._is_gone = False
        self.process = os.fork()
        if self.process == 0:
            _serve(worker, request, (requests, answers), (self._answers, self._requests, *pipes))
        for pipe in (requests, answers):
            os.close(pipe)
        for pipe in (self._requests, self._answers):
            os.set_blocking(pipe, False)

    def ask(self, request: Any) -> job.Answer:
        """The answer to another request."""
        try:
            frames.send(self._requests, request, time.monotonic() + WALL_SECONDS)
        except frames.Broken:
            return _GONE
        return self.answer()

    def answer(self) -> job.Answer:
        """The answer to the last request."""
        try:
            answer: job.Answer = frames.receive(self._answers, time.monotonic() + WALL_SECONDS, MAX_ANSWER)
        except frames.Broken as why:
            self._is_gone = str(why) == "gone"
            return _GONE if self._is_gone else stopped(str(why))
        return answer

    def end(self) -> int:
        """End it; its status."""
        if not self._is_gone:
            os.kill(self.process, signal.SIGKILL)
        os.close(self._requests)
        os.close(self._answers)
        return os.waitpid(self.process, 0)[1]


def _serve(worker: Worker, request: Any, own: tuple[int, int], others: tuple[int, ...]) -> None:
    """In the child: answer a request, and those that come through the first pipe, through the second one."""
    requests, answers = own
    try:
        for pipe in others:
            os.close(pipe)
        for pipe in own:
            os.set_blocking(pipe, False)
        sys.setrecursionlimit(_RECURSION)
        answer = _deep(request, worker) if "types_of" in request else _run(request, worker, confine)
        while True:
            frames.send(answers, answer, time.monotonic() + WALL_SECONDS)
            answer = _run(frames.receive(requests, None), worker)
    finally:
        os._exit(0)


def _deep(request: Any, worker: Worker) -> job.Answer:
    """Answer a request for types, for which a folder may have to be left open."""
    try:
        root = request["root"]
        hiding = overlay(None if root is None else (request["tree"], root))
        canary(worker.library, worker.shim, job.options(hiding))
        confine(root)
        return type_layout.run(request, worker.library, hiding)
    except Exception as error:
        return stopped(type(error).__name__)


def _run(request: Any, worker: Worker, begin: Callable[[], None] = lambda: None) -> job.Answer:
    try:
        begin()
        return job.run(request, worker.library, worker.shim, worker.arguments)
    except MemoryError:
        return stopped("out of memory")
    except Exception as error:
        return stopped(type(error).__name__)


def _explained(answer: job.Answer, status: int) -> job.Answer:
    """What a child without an answer died of."""
    if answer is not _GONE:
        return answer
    number = os.waitstatus_to_exitcode(status)
    if number == -signal.SIGXCPU:
        return stopped("CPU limit")
    return stopped(f"signal {-number}" if number < 0 else "no answer")


def overlay(folder: tuple[str, str] | None = None) -> str:
    """A file, in memory only, that tells clang that the file system is empty, or that it has one folder: the name that
    clang is to know it by, and the real one. Raises Unusable."""
    try:
        handle = os.memfd_create("overlay", 0)
    except (AttributeError, OSError) as error:
        raise Unusable("no file in memory to confine it with") from error
    names = {"type": "directory-remap", "name": folder[0], "external-contents": folder[1]} if folder else None
    os.write(handle, json.dumps(_OVERLAY | {"roots": [names] if names else []}).encode())
    return f"/proc/self/fd/{handle}"


def canary(library: Library, shim: job.Shim, arguments: list[str]) -> None:
    """Raise Unusable unless a file that exists cannot be included: clang reads all files if its overlay is broken."""
    real = sys.executable
    if not os.access(real, os.R_OK):
        raise Unusable("no file at hand to check its confinement with")
    files = {job.MAIN: f'#include "{real}"\n', job.SHIM: shim.text, job.STUBS: ""}
    tree = library.parse(job.MAIN, files, arguments)
    if tree is None:
        raise Unusable("it does not parse")
    errors = [error.text for error in tree.errors(8)]
    read = tree.inclusions()
    tree.close()
    if errors != [f"'{real}' file not found"] or read > len(files):
        raise Unusable("it could read files, its confinement does not hold")
