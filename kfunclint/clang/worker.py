"""The process that loads libclang: checks that no file can be reached, then forks a confined child for every file."""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import time
from typing import Any

from kfunclint.c.failure import FailureKind, stopped
from kfunclint.c.failure import answer as refused
from kfunclint.clang import frames, job, type_layout
from kfunclint.clang.confine import confine
from kfunclint.clang.native import Library, Unusable

WALL_SECONDS = 10
MAX_ANSWER = 16 << 20
_OVERLAY = {"version": 0, "case-sensitive": "true", "fallthrough": False}
_RECURSION = 10_000
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

    def answer(self, request: Any, pipes: tuple[int, ...]) -> job.Answer:
        """Let a child parse; `pipes` are closed in it."""
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            self._child(request, writer, (reader, *pipes))
        os.close(writer)
        os.set_blocking(reader, False)
        try:
            answer = frames.receive(reader, time.monotonic() + WALL_SECONDS, MAX_ANSWER)
            os.kill(child, signal.SIGKILL)
        except frames.Broken as why:
            if why.late or str(why) != "gone":
                os.kill(child, signal.SIGKILL)
            answer = _GONE if str(why) == "gone" else stopped(str(why))
        os.close(reader)
        _, status = os.waitpid(child, 0)
        return _explained(answer, status)

    def _child(self, request: Any, writer: int, pipes: tuple[int, ...]) -> None:
        try:
            for pipe in pipes:
                os.close(pipe)
            os.set_blocking(writer, False)
            sys.setrecursionlimit(_RECURSION)
            answer = _deep(request, self) if "types_of" in request else _run(request, self)
            frames.send(writer, answer, time.monotonic() + WALL_SECONDS)
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


def _run(request: Any, worker: Worker) -> job.Answer:
    try:
        confine()
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
