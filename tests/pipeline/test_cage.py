"""A series ends within its limits, whatever it does, and the rest of the input is reviewed."""

from __future__ import annotations

import contextlib
import copyreg
import os
import pickle
import re
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from trees import FILES, commit, write

import kfunclint
from kfunclint.clang import Parser, confine, frames
from kfunclint.clang.parser import WorkerGone
from kfunclint.clang.processes import cpu_seconds
from kfunclint.errors import InputError
from kfunclint.finding import Level, Place
from kfunclint.mail.inbox import read_inbox
from kfunclint.mail.message import Series
from kfunclint.pipeline import cage, caged, pipeline
from kfunclint.pipeline.cage import Ask, Batch, Cage, Limits, Stopped
from kfunclint.pipeline.outcome import FINDINGS, TROUBLE
from kfunclint.pipeline.request import Fixes, Request
from kfunclint.settings import merged
from kfunclint.settings.selection import ActiveRules

SERIES = (ROOT / "fixtures" / "series.mbox").read_bytes()
SMALL = Limits(cpu=1, wall=5, memory=64 << 20)


def mail(number: int) -> bytes:
    return (
        f"From a@b Thu Jan  1 00:00:00 1970\nFrom: Ann Author <ann@example.org>\nSubject: [PATCH] x: number {number}\n"
        f"Message-ID: <{number}@example.org>\n\nSay the the.\n---\ndiff --git a/x{number}.c b/x{number}.c\n"
        f"--- /dev/null\n+++ b/x{number}.c\n@@ -0,0 +1 @@\n+int a;\n\n"
    ).encode()


def run(cage: Cage, work: Callable[[Ask], Any], limits: Limits = SMALL) -> Any:
    with contextlib.closing(Batch(cage, [work])) as batch:
        return batch.next(limits)


def reason(parser: Parser, work: Callable[[Ask], Any], limits: Limits = SMALL) -> str:
    with pytest.raises(Stopped) as stopped:
        run(Cage(parser), work, limits)
    return str(stopped.value)


def loop(ask: Ask) -> None:
    while True:
        pass


def cells(ask: Ask) -> None:
    """Many small objects: what a quadratic analysis takes its memory for."""
    many: list[Any] = []
    while True:
        many.append([many, bytearray(4000)])


@pytest.mark.parametrize(
    ("work", "expected"),
    [
        (loop, "CPU limit of 1 s"),
        (lambda ask: time.sleep(60), "time limit of 5 s"),
        (lambda ask: bytearray(1 << 30), "memory limit of 64 MiB"),
        (cells, "memory limit of 64 MiB"),
        (lambda ask: os.abort(), "killed by signal 6"),
        (lambda ask: os._exit(3), "no answer"),
        (lambda ask: int("x"), "ValueError: invalid literal for int() with base 10: 'x'"),
        (lambda ask: sys.exit(0), "no answer"),
        (lambda ask: ask("x", loop), "its answer is not understood"),
        (lambda ask: os, "no answer"),
        (lambda ask: "x" * (65 << 20), "output limit of 64 MiB"),
    ],
    ids="cpu wall block cells abort exits raises leaves asks-for-code no-value output".split(),
)
def test_every_end_has_a_reason(parser: Parser, work: Callable[[Ask], Any], expected: str) -> None:
    limits = SMALL if re.match("CPU|time", expected) else SMALL._replace(cpu=30, wall=60)  # on a busy machine, too
    if "output" in expected:
        limits = limits._replace(memory=400 << 20)
    assert reason(parser, work, limits) == expected


def refused(act: Callable[[], object]) -> Callable[[Ask], str]:
    def work(ask: Ask) -> str:
        try:
            act()
        except OSError:
            return "refused"
        return "done"

    return work


@pytest.mark.parametrize(
    "act",
    [
        lambda: Path("/etc/passwd").read_text(),
        lambda: Path("/tmp/kfunclint-test").write_text("x"),
        socket.socket,
        os.fork,
        lambda: os.execv("/bin/true", ["true"]),
        lambda: os.kill(os.getppid(), 0),
        lambda: (ROOT / "pyproject.toml").chmod(0o644),
    ],
    ids="read write socket fork exec kill chmod".split(),
)
def test_the_child_reaches_nothing(parser: Parser, act: Callable[[], object]) -> None:
    if not all(confine.tried()):
        pytest.skip("a kernel without Landlock or seccomp")
    assert run(Cage(parser), refused(act)) == "refused"


def test_the_child_reads_the_folders_that_it_is_given(parser: Parser, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("here")
    assert run(Cage(parser, folders=(str(tmp_path),)), lambda ask: (tmp_path / "x").read_text()) == "here"
    assert run(Cage(parser), lambda ask: len(list((ROOT / "rules").iterdir()))) > 5


def call(name: str, arguments: tuple[int, ...], ask: Ask) -> Any:
    return ask(name, *arguments)


def test_the_child_asks_for_services(parser: Parser) -> None:
    def broken() -> None:
        raise FileNotFoundError(2, "no such thing")

    steps: list[str] = []
    services: dict[str, Callable[..., Any]] = {"double": lambda number: 2 * number, "broken": broken}
    work: Callable[[Ask], Any] = lambda ask: (ask("step", "one"), ask("double", 21))  # noqa: E731
    assert run(Cage(parser, services=services, step=steps.append), work) == (None, 42)
    assert steps == ["one"]
    stopped = Cage(parser, services=services)
    for name, arguments, why in (
        ("broken", (), "FileNotFoundError: [Errno 2] no such thing"),
        ("double", (1, 2), "its answer is not understood"),
        ("nothing", (), "its answer is not understood"),
        ("step", (), "its answer is not understood"),
    ):
        with pytest.raises(Stopped, match=re.escape(why)):
            run(stopped, partial(call, name, arguments))


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch /tmp/kfunclint-evil",)


@pytest.mark.parametrize("value", [Evil(), os.system, Parser, Path("x"), kfunclint.review])
def test_an_answer_is_a_value_or_nothing(parser: Parser, value: Any) -> None:
    assert reason(parser, lambda ask: value) == "its answer is not understood"


@pytest.mark.parametrize(
    "message",
    [7, ("done",), ("ask", 7), (["ask"], ()), ("failed", 7), ("told", "x")],
    ids="number short request kind reason unknown".split(),
)
def test_a_message_has_one_of_four_forms(message: Any) -> None:
    with pytest.raises(Stopped, match="its answer is not understood"):
        cage.understood(pickle.dumps(message))


def test_a_message_asks_for_no_memory() -> None:
    before = resource.getrlimit(resource.RLIMIT_AS)
    with pytest.raises(Stopped, match="its answer is not understood"):
        cage.understood(b"Nr\xff\xff\xff\x7f.")  # a memo with two thousand million places
    assert resource.getrlimit(resource.RLIMIT_AS) == before


def test_a_message_names_no_module_that_is_none() -> None:
    with pytest.raises(Stopped, match="its answer is not understood"):
        cage.understood(b"ckfunclint.nothing\nX\n.")


@pytest.mark.parametrize("answer", ["x", ("x", "y"), ()], ids="text pair empty".split())
def test_an_answer_that_is_no_review_is_none(parser: Parser, monkeypatch: pytest.MonkeyPatch, answer: Any) -> None:
    monkeypatch.setattr(Batch, "next", lambda self, limits: answer)
    (review,) = kfunclint.review(mail(1), parser=parser).reviews
    assert list(review.skipped.values()) == ["not reviewed: its answer is not understood"]


class Attribute:
    """Pickles as Python 3.11.2 pickles the member of an enumeration: as getattr() of its class."""

    def __init__(self, owner: type, name: str) -> None:
        self.pair = owner, name

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, self.pair


def test_a_member_of_an_enumeration_is_a_value_in_every_release_of_python(parser: Parser) -> None:
    assert run(Cage(parser), lambda ask: Attribute(Level, "ERROR")) is Level.ERROR
    for owner, name in ((Level, "nothing"), (Level, "__reduce__"), (Limits, "_make"), (Place, "__init__")):
        assert reason(parser, lambda ask, owner=owner, name=name: Attribute(owner, name)) == (  # type: ignore[misc]
            "its answer is not understood"
        )


def test_an_answer_that_is_no_mending_is_none(parser: Parser, monkeypatch: pytest.MonkeyPatch) -> None:
    true, answers = Batch.next, [None, "x"]

    def hostile(self: Batch, limits: Limits) -> Any:
        return answers.pop(0) or true(self, limits)

    monkeypatch.setattr(Batch, "next", hostile)
    outcome = pipeline.run(
        read_inbox([mail(1)]), Request(fixes=Fixes(True, True)), ActiveRules(merged.merge({}, ())), parser
    )
    (review,) = outcome.reviews
    assert review.mending is not None
    assert review.mending.stopped == "its answer is not understood"


def test_a_refusal_is_a_value_whatever_a_library_registers(parser: Parser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(copyreg.dispatch_table, InputError, lambda error: (os.fspath, (str(error),)))
    refusal = run(Cage(parser), lambda ask: InputError("a.mbox", 3, "cut off"))
    assert (type(refusal), str(refusal)) == (InputError, "a.mbox:3: cut off")


def test_a_review_is_the_same_in_the_cage(parser: Parser) -> None:
    inside = kfunclint.review(SERIES, parser=parser)
    assert inside == kfunclint.review(SERIES, parser=parser, caged=False)
    assert inside.status == FINDINGS
    assert pickle.loads(pickle.dumps(inside)) == inside


def test_what_people_said_is_withheld_in_the_cage_too(parser: Parser) -> None:
    threads = ROOT / "fixtures" / "threads"
    files = [threads / "v2.mbox", threads / "replies" / "on-v2.mbox"]
    told = [
        [(one.finding.rule, one.why) for review in outcome.reviews for one in review.withheld]
        for outcome in (kfunclint.review(*files, parser=parser, caged=caged) for caged in (True, False))
    ]
    assert told[0] == told[1] != []


@pytest.mark.parametrize("kind", ["git", "folder"])
def test_a_review_with_a_tree_is_the_same_in_the_cage(parser: Parser, tmp_path: Path, kind: str) -> None:
    write(tmp_path, FILES)
    if kind == "git":
        commit(tmp_path, FILES)
    v1, v2 = (ROOT / "fixtures" / "threads" / f"v{version}.mbox" for version in (1, 2))
    for options in ({}, {"since": str(v1)}, {"each_patch": True}):
        inside, outside = (
            kfunclint.review(v2, tree=tmp_path, parser=parser, caged=is_caged, **options) for is_caged in (True, False)
        )
        assert inside == outside


def stop_at(monkeypatch: pytest.MonkeyPatch, word: str, act: Callable[[], object]) -> None:
    """Let the review of the series with a word in its title do something else."""
    review = pipeline.Reviewer.review

    def hostile(self: pipeline.Reviewer, series: Series, *more: Any, **options: Any) -> Any:
        if word in series.patches[0].subject.text:
            act()
        return review(self, series, *more, **options)

    monkeypatch.setattr(pipeline.Reviewer, "review", hostile)
    monkeypatch.setattr(caged, "_CPU_ALONE", 2)


@pytest.mark.parametrize(
    ("act", "why"),
    [
        (lambda: loop(print), "CPU limit of 2 s"),
        (lambda: bytearray(1 << 30), "memory limit of 400 MiB"),
        (os.abort, "killed by signal 6"),
    ],
    ids="cpu memory abort".split(),
)
@pytest.mark.parametrize("of_a_batch", [1, 50])
def test_the_other_series_are_reviewed(
    parser: Parser, monkeypatch: pytest.MonkeyPatch, act: Callable[[], object], why: str, of_a_batch: int
) -> None:
    monkeypatch.setattr(caged, "_MOST_OF_A_BATCH", of_a_batch)
    stop_at(monkeypatch, "number 2", act)
    found = kfunclint.review(b"".join(map(mail, (1, 2, 3))), parser=parser, only=["text"], budget=20)
    assert [len(review.findings) for review in found.reviews] == [1, 0, 1]
    assert [note.text for note in found.notes] == [f"[PATCH] x: number 2: not reviewed: {why}"]
    assert found.status == TROUBLE


def started(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many series are left when a child is started, for each child."""
    counts: list[int] = []
    start = Batch._start

    def counted(self: Batch, *arguments: Any, **options: Any) -> None:
        counts.append(len(self._works) - self._done)
        start(self, *arguments, **options)

    monkeypatch.setattr(Batch, "_start", counted)
    return counts


def test_small_series_share_a_child(parser: Parser, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = started(monkeypatch)
    together = kfunclint.review(b"".join(map(mail, range(7))), SERIES, parser=parser)
    assert counts == [8]
    monkeypatch.setattr(caged, "_MOST_OF_A_BATCH", 3)
    assert kfunclint.review(b"".join(map(mail, range(7))), SERIES, parser=parser) == together
    assert counts == [8, 3, 3, 2]
    monkeypatch.setattr(caged, "_BATCH", 100)
    assert kfunclint.review(b"".join(map(mail, range(7))), SERIES, parser=parser) == together
    assert counts[4:] == [1] * 8


def test_a_child_that_stops_is_followed_by_another(parser: Parser, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = started(monkeypatch)
    stop_at(monkeypatch, "number 2", os.abort)
    kfunclint.review(b"".join(map(mail, range(5))), parser=parser, only=["text"])
    assert counts == [5, 2]


def test_memory_that_others_took_is_no_fault_of_a_series(parser: Parser, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[bytearray] = []
    review = pipeline.Reviewer.review

    def hoarding(self: pipeline.Reviewer, *arguments: Any, **options: Any) -> Any:
        kept.append(bytearray(150 << 20))
        return review(self, *arguments, **options)

    counts = started(monkeypatch)
    monkeypatch.setattr(pipeline.Reviewer, "review", hoarding)
    monkeypatch.setattr(caged.CagedReviewer, "_load", lambda self: None)
    found = kfunclint.review(b"".join(map(mail, range(5))), parser=parser, only=["text"])
    assert [len(review.findings) for review in found.reviews] == [1] * 5
    assert found.notes == ()
    assert counts[0] == 5
    assert len(counts) > 1  # how many one child can take depends on what the parent holds already


def test_what_one_takes_is_not_counted_for_the_next(parser: Parser) -> None:
    def busy(ask: Ask) -> float:
        start = time.process_time()
        while time.process_time() < start + 0.7:
            pass
        return start

    with contextlib.closing(Batch(Cage(parser), [busy] * 3)) as batch:
        starts = [batch.next(SMALL) for _ in range(3)]
    assert starts == sorted(starts)  # of one process
    assert starts[2] > 1


def test_who_asks_for_ever_ends(parser: Parser) -> None:
    def asking(ask: Ask) -> None:
        while True:
            ask("step", "x")

    assert reason(parser, asking) in ("CPU limit of 1 s", "time limit of 5 s")


def test_a_worker_that_stands_still_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its late answer would be taken for that to another question."""
    exchange = Parser._exchange
    with Parser() as mine:
        assert mine._worker
        first = mine._worker.pid

        def late(self: Parser, request: dict[str, Any]) -> Any:
            if self._worker and self._worker.pid == first:
                raise frames.Broken("time limit", late=True)
            return exchange(self, request)

        monkeypatch.setattr(Parser, "_exchange", late)
        found = kfunclint.review(SERIES, mail(1), parser=mine)
        assert (found.status, found.notes) == (FINDINGS, ())
        assert mine._worker.pid != first


def test_a_budget_is_for_all_series(parser: Parser, monkeypatch: pytest.MonkeyPatch) -> None:
    stop_at(monkeypatch, "number 1", lambda: loop(print))
    found = kfunclint.review(b"".join(map(mail, (1, 2, 3))), parser=parser, only=["text"], budget=1)
    assert [note.text.partition(": not reviewed: ")[2] for note in found.notes] == [
        "CPU limit of 1 s",
        *["the budget of the run is spent"] * 2,
    ]


def test_findings_of_a_run_are_counted(parser: Parser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caged, "_FINDINGS", 2)
    found = kfunclint.review(b"".join(map(mail, (1, 2, 3))), parser=parser, only=["text"])
    assert [len(review.findings) for review in found.reviews] == [1, 1, 0]
    assert [note.text for note in found.notes] == ["[PATCH] x: number 3: 0 of its 1 findings are said"]


def test_the_parser_starts_when_it_is_needed() -> None:
    with Parser(at_once=False) as idle:
        kfunclint.review(mail(1), parser=idle)
        assert idle.is_idle
        assert kfunclint.review(SERIES, parser=idle) == kfunclint.review(SERIES)
        assert not idle.is_idle


def test_a_worker_that_died_is_started_again(parser: Parser) -> None:
    with Parser() as mine:
        assert mine._worker
        os.kill(mine._worker.pid, signal.SIGKILL)
        assert kfunclint.review(SERIES, parser=mine).status == FINDINGS


def test_a_worker_that_dies_in_the_middle_is_started_once(parser: Parser, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: Any, **__: Any) -> Any:
        raise WorkerGone

    monkeypatch.setattr(pipeline.Reviewer, "review", gone)
    found = kfunclint.review(mail(1), parser=parser)
    assert [note.text for note in found.notes] == ["[PATCH] x: number 1: not reviewed: the parser died"]


def test_a_worker_that_is_killed_for_ever_costs_its_files(parser: Parser, monkeypatch: pytest.MonkeyPatch) -> None:
    def kill(self: Parser, *_: Any) -> Any:
        raise frames.Broken("gone")

    monkeypatch.setattr(Parser, "_exchange", kill)
    found = kfunclint.review(SERIES, parser=parser)
    assert found.status == TROUBLE
    assert [note.text for note in found.notes] == ["mm/bpf_memcg_walk.c: parser stopped (worker died)"]


def test_no_descriptor_is_left_open(parser: Parser) -> None:
    kfunclint.review(SERIES, parser=parser)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        kfunclint.review(SERIES, parser=parser)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert cpu_seconds(os.getpid()) > 0
