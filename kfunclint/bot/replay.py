"""Archives reviewed as if the bot had been there all the time: what it would have found, and what became of it.

Mails are put together by author and thread; each such group is one task, which names its mails and brings none. Tasks
run here, in processes of this machine or in those of Dask, in any order, and give lines of JSON, one a series.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from kfunclint import __version__, resources
from kfunclint.bot.archive.public_inbox import epochs, mail_blobs
from kfunclint.bot.archive.source import blob_hash
from kfunclint.bot.feedback.outcomes import fate
from kfunclint.bot.gathering import mails_of
from kfunclint.bot.reviewing import only
from kfunclint.checker.result import Review
from kfunclint.clang import Parser
from kfunclint.errors import InputError
from kfunclint.git.repository import Repository
from kfunclint.kernel.kfunc_words import KFUNC, may_touch_kfunc, touches_kfunc
from kfunclint.mail.inbox import only_mail, read_inbox
from kfunclint.mail.mbox import Raw, header_of, raw_mails
from kfunclint.mail.message import Series, address
from kfunclint.pipeline import pipeline
from kfunclint.pipeline.request import Request
from kfunclint.settings import merged
from kfunclint.settings.selection import ActiveRules

_MOST_MAILS = 300  # of a task
_IN_FLIGHT = 4  # tasks for each worker
_LARGEST = 1 << 20


class Reference(NamedTuple):
    """A mail by the hash of its blob, and where it is: in a git repository, in a file of its own, or, compressed, in
    `data`."""

    blob: str
    repository: str = ""
    file: str = ""
    data: bytes = b""


Task = tuple[Reference, ...]
Result = list[str]
"""Lines of JSON."""


class Engine(NamedTuple):
    """What runs tasks; without an executor they run here, one after the other. `renew` makes a new executor for one
    that a task has broken."""

    executor: Executor | None
    workers: int
    renew: Callable[[], Executor] | None = None


@dataclass
class _Known:
    """What the driver keeps of a mail."""

    reference: Reference
    author: str
    thread: str
    is_about_kfuncs: bool
    is_answer: bool


def tasks(archives: Sequence[str]) -> list[Task]:
    """The tasks for some archives: public-inboxes, mbox files, Maildirs, or folders of mails.

    Raises InputError and OSError for an archive that cannot be read; a mail that cannot is left out.
    """
    known: list[_Known] = []
    ids: set[str] = set()
    for archive in archives:
        for reference, data in _mails(archive):
            if (mail := _look_at(reference, data, ids)) is not None:
                known.append(mail)
    return list(_grouped(known))


def _mails(archive: str) -> Iterator[tuple[Reference, bytes]]:
    path = Path(archive)
    if (path / "git").is_dir() or archive.endswith(".git"):
        yield from _archived(path)
    elif (path / "new").is_dir() and (path / "cur").is_dir():
        for file in sorted((*(path / "new").iterdir(), *(path / "cur").iterdir())):
            if file.stat().st_size <= _LARGEST:
                data = file.read_bytes()
                yield Reference(blob_hash(data), file=str(file.absolute())), data
    else:
        for _, raw in raw_mails([archive]):
            if not isinstance(raw, Raw):
                raise raw
            yield Reference(blob_hash(raw.data), data=zlib.compress(raw.data, 1)), raw.data


def _archived(inbox: Path) -> Iterator[tuple[Reference, bytes]]:
    for epoch in epochs(inbox):
        with closing(Repository(epoch)) as repository:
            for blob in mail_blobs(repository):
                info = repository.info(blob)
                if info and 0 < info.size <= _LARGEST:
                    yield Reference(blob, repository=str(epoch.absolute())), repository.blob(blob)


def _look_at(reference: Reference, data: bytes, ids: set[str]) -> _Known | None:
    """A mail that may matter; None for one that cannot be read, or was there already."""
    may_matter = may_touch_kfunc(data)
    try:
        mail = only_mail(Raw("mail", 1, data if may_matter else header_of(data)))
        if not may_matter and not (mail.subject.is_reply or mail.subject.is_marked):
            mail = only_mail(Raw("mail", 1, data))  # what it is depends on its diff
    except InputError:
        return None
    headers = mail.headers
    if not headers.message_id or headers.message_id in ids:
        return None
    ids.add(headers.message_id)
    root = headers.references[0] if headers.references else headers.in_reply_to or headers.message_id
    has_diff = mail.layout.diff is not None
    is_about_kfuncs = has_diff and not mail.subject.is_reply and bool(KFUNC.search(mail.body))
    is_answer = mail.subject.is_reply or not (has_diff or mail.subject.is_marked)
    return _Known(reference, address(mail), root, is_about_kfuncs, is_answer)


def _grouped(known: Sequence[_Known]) -> Iterator[Task]:
    """The mails of each author who writes about kfuncs: those, their threads, and the answers there."""
    threads: dict[str, list[_Known]] = {}
    by_author: dict[str, dict[str, None]] = {}
    for mail in known:
        threads.setdefault(mail.thread, []).append(mail)
        if mail.is_about_kfuncs:
            by_author.setdefault(mail.author, {})[mail.thread] = None
    for author, roots in by_author.items():
        mails = [mail for root in roots for mail in threads[root] if mail.is_answer or mail.author == author]
        for start in range(0, len(mails), _MOST_MAILS):
            yield tuple(mail.reference for mail in mails[start : start + _MOST_MAILS])


# ---- what workers do: functions and values alone, so that any process can


def judge(task: Task) -> Result:
    """Review every series of a task that touches a kfunc, each version beside the earlier ones."""
    inbox = read_inbox(map(_contents, task))
    families: dict[int, list[tuple[Series, dict[str, Any], Review]]] = {}
    for series in inbox.series:
        if touches_kfunc(series) and series.patches:
            outcome = pipeline.run(only(inbox, series), Request(no_tree=True), _rules(), _parser())
            for review in outcome.reviews:
                trouble = next((note.text for note in outcome.notes), "")
                families.setdefault(series.family, []).append((series, _told(series, review, trouble), review))
    for versions in families.values():
        for (_, told, _), (newer, newer_told, later) in pairwise(versions):
            if newer.complete and not newer_told["trouble"]:
                _compare(told, later)
    found = [told for versions in families.values() for _, told, _ in versions]
    name = task_name(task)
    return [json.dumps({**told, "task": name, "of": len(found)}, sort_keys=True) for told in found]


def task_name(task: Task) -> str:
    """What tells a task from all others."""
    return hashlib.sha256(" ".join(reference.blob for reference in task).encode()).hexdigest()[:16]


def _contents(reference: Reference) -> bytes:
    if reference.data:
        return zlib.decompress(reference.data)
    if reference.file:
        return Path(reference.file).read_bytes()
    return _repository(reference.repository).blob(reference.blob)


@cache
def _repository(place: str) -> Repository:
    return Repository(Path(place))


@cache
def _rules() -> ActiveRules:
    return ActiveRules(merged.merge({}, ()))


_local = threading.local()


def _parser() -> Parser:
    """One for each thread: it ends with that."""
    if not hasattr(_local, "parser"):
        _local.parser = Parser()
    parser: Parser = _local.parser
    return parser


def _told(series: Series, review: Review, trouble: str) -> dict[str, Any]:
    opening = mails_of(series)[0]
    return {
        "series": opening.headers.message_id,
        "title": opening.subject.text,
        "author": address(opening),
        "version": series.version,
        "complete": series.complete,
        "trouble": trouble,
        "findings": [
            {
                "key": finding.key,
                "rule": finding.rule,
                "level": finding.level.value,
                "place": f"{finding.at.path}:{finding.at.line}" if finding.at.path else f"message:{finding.at.line}",
                "path": finding.at.path,
                "message": finding.message,
                "outcome": None,
            }
            for finding in review.findings
        ],
    }


def _compare(told: dict[str, Any], later: Review) -> None:
    for finding in told["findings"]:
        finding["outcome"] = fate(finding["key"], finding["path"], later)


# ---- the driver


def header(archives: Sequence[str]) -> str:
    """The first line of the results: what has to be the same for them to go together."""
    files = sorted(path for path in resources.folder("rules").rglob("*") if path.suffix in (".py", ".toml"))
    rules = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]
    return json.dumps({"archives": sorted(archives), "kfunclint": __version__, "rules": rules}, sort_keys=True)


def resume(path: Path, first: str) -> set[str]:
    """The tasks that a file of results has whole; what was cut off, and tasks that are in it in part, are dropped.

    Raises ValueError for results of other archives, or of another kfunclint.
    """
    if not path.exists():
        path.write_text(f"{first}\n", encoding="utf-8")
        return set()
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    if not lines or lines[0] != first:
        raise ValueError(f"{path}: results of other archives, rules or versions; --restart begins anew")
    counts: dict[str, int] = {}
    results = [(line, json.loads(line)) for line in lines[1:]]
    for _, result in results:
        counts[result["task"]] = counts.get(result["task"], 0) + 1
    done = {result["task"] for _, result in results if counts[result["task"]] == result["of"]}
    kept = [line for line, result in results if result["task"] in done]
    path.write_text("".join(f"{line}\n" for line in (first, *kept)), encoding="utf-8")
    return done


def run(todo: Sequence[Task], engine: Engine, take: Callable[[Result], None]) -> None:
    """Run tasks; `take` is given what comes of each, in any order. A task that no process survives gives a line that
    says so."""
    if engine.executor is None:
        for task in todo:
            take(judge(task))
        return
    executor = engine.executor
    waiting = deque(todo)
    while waiting:
        try:
            _run_window(executor, engine.workers, waiting, take)
        except _Broken as broken:
            assert engine.renew is not None
            for task in broken.tasks:
                executor = engine.renew()
                take(_alone(executor, task))
            executor = engine.renew()


@dataclass
class _Broken(Exception):
    """The executor is of no use any more; these tasks were in it."""

    tasks: list[Task] = field(default_factory=list)


def _run_window(executor: Executor, workers: int, waiting: deque[Task], take: Callable[[Result], None]) -> None:
    running: dict[Future[Result], Task] = {}
    while waiting or running:
        try:
            while waiting and len(running) < _IN_FLIGHT * workers:
                future = executor.submit(judge, waiting[0])
                running[future] = waiting.popleft()
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                take(_result(future, running[future]))
                del running[future]
        except BrokenProcessPool as error:
            raise _Broken(list(running.values())) from error


def _result(future: Future[Result], task: Task) -> Result:
    """What came of a task. Raises BrokenProcessPool."""
    try:
        return future.result()
    except BrokenProcessPool:
        raise
    except Exception as error:  # Dask says so of a task that has ended its worker
        return _poisoned(task, error)


def _alone(executor: Executor, task: Task) -> Result:
    try:
        return executor.submit(judge, task).result()
    except Exception as error:
        return _poisoned(task, error)


def _poisoned(task: Task, error: Exception) -> Result:
    why = f"{type(error).__name__}: {re.sub(r'[^ -~]+', ' ', str(error))}"[:200]
    return [json.dumps({"task": task_name(task), "of": 1, "trouble": why, "findings": []}, sort_keys=True)]


def version() -> str:
    """The version of kfunclint where it is asked for."""
    return __version__
