"""Archives reviewed as if the bot had been there: the same bytes whatever runs it, and gone on with where it ended."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from bots import World, a_patch, an_answer
from epochs import Epoch

from kfunclint.bot import engines, replay, replay_summary
from kfunclint.cli.main import main
from kfunclint.errors import InputError

pytest_plugins = ["bot_fixtures"]
Output = pytest.CaptureFixture[str]
POISONED = {"task": "0", "of": 1, "trouble": "BrokenProcessPool: died", "findings": []}


def mails() -> Iterator[bytes]:
    """Three series of two authors, one of them with three versions, answers, and mails about something else."""
    for version in (1, 2, 3):
        yield a_patch(1, 2, version=version, guilty=version < 3)
        yield a_patch(2, 2, version=version, guilty=version < 2)
        yield an_answer(f"depot-v{version}-1@example.org", "> Let programs\n\nNice.\n", number=version)
    yield a_patch(1, 1, series="shed", by="Ben <ben@example.org>")
    yield a_patch(1, 1, series="barn", by="Ben <ben@example.org>", guilty=False)
    for number in range(20):
        other = a_patch(1, 1, series=f"other{number}", by=f"P{number} <p{number}@example.org>")
        for word in (b"__bpf_kfunc", b"BTF_ID_FLAGS", b"BTF_KFUNCS", b"KF_ACQUIRE"):
            other = other.replace(word, b"x")
        yield other


@pytest.fixture
def archive(world: World) -> Path:
    world.post(*mails())
    return world.inbox


def results(path: Path) -> list[dict[str, Any]]:
    return sorted((json.loads(line) for line in path.read_text().splitlines()[1:]), key=lambda one: str(one["series"]))


def replayed(archive: Path, output: Path, *words: str) -> str:
    """What the command writes, in an order of its own."""
    assert main(["bot", "replay", str(archive), "--output", str(output), *words]) == 0
    first, *lines = output.read_text().splitlines()
    return "\n".join((first, *sorted(lines)))


def test_what_was_found_and_what_became_of_it(archive: Path, tmp_path: Path, capsys: Output) -> None:
    replayed(archive, tmp_path / "out.jsonl")
    found = {
        one["series"]: [finding["outcome"] for finding in one["findings"]] for one in results(tmp_path / "out.jsonl")
    }
    assert found == {
        "barn-v1-1@example.org": [],
        "depot-v1-1@example.org": ["stands", "mended"],
        "depot-v2-1@example.org": ["mended"],
        "depot-v3-1@example.org": [],
        "shed-v1-1@example.org": [None],
    }
    assert capsys.readouterr().out.splitlines() == [
        "5 series, 0 of them not reviewed whole",
        "flags/ret-null-missing: 4 findings, 2 mended by a later version, 0 stand",
    ]


def test_a_page_shows_what_came_of_it(archive: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    replayed(archive, tmp_path / "out.jsonl", "--page", str(page))
    text = page.read_text()
    assert re.findall(r"<td[^>]*>([^<]*)</td>", text) == ["flags/ret-null-missing", "4", "2", "0", "100"]
    assert re.findall(r'<h2><a href="([^"]+)">', text) == [
        f"https://lore.kernel.org/r/{name}@example.org" for name in ("depot-v1-1", "depot-v2-1", "shed-v1-1")
    ]
    assert text.count("(mended in a later version)") == 2


def test_a_page_escapes_what_strangers_wrote() -> None:
    series = {"series": "x", "title": "<b>\u202e", "author": "a&b", "trouble": "<i>", "findings": []}
    page = replay_summary.page(replay_summary.summarize([json.dumps(series), json.dumps(POISONED)]))
    assert "&lt;b&gt;\\u202e" in page
    assert "<i>" not in page
    assert "no title" in page


def test_what_touches_no_kfunc_is_no_task(archive: Path) -> None:
    assert sorted(len(task) for task in replay.tasks([str(archive)])) == [2, 9]


def test_processes_give_the_same_bytes(archive: Path, tmp_path: Path) -> None:
    serial = replayed(archive, tmp_path / "serial.jsonl")
    assert replayed(archive, tmp_path / "pool.jsonl", "--jobs", "2") == serial


def test_dask_gives_the_same_bytes(archive: Path, tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    serial = replayed(archive, tmp_path / "serial.jsonl")
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    )
    with cluster:
        assert replayed(archive, tmp_path / "dask.jsonl", "--dask", cluster.scheduler_address) == serial


def test_workers_of_another_version_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")

    class Client:
        def __init__(self, address: str) -> None:
            assert address == "tcp://127.0.0.1:1"

        def __enter__(self) -> Client:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def run(self, function: object) -> dict[str, str]:
            return {"a worker": "0.0.9"}

    monkeypatch.setattr("distributed.Client", Client)
    with pytest.raises(ValueError, match=r"workers have kfunclint 0\.0\.9"), engines.chosen(1, "tcp://127.0.0.1:1"):
        pass


def test_it_goes_on_where_it_ended(archive: Path, tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    whole = replayed(archive, path)
    lines = path.read_text().splitlines(keepends=True)
    for kept in range(1, len(lines)):
        path.write_text("".join(lines[:kept]) + lines[kept][:40])  # killed while it wrote
        assert replayed(archive, path) == whole


def test_results_of_something_else_are_not_mixed_in(archive: Path, tmp_path: Path, capsys: Output) -> None:
    path = tmp_path / "out.jsonl"
    whole = replayed(archive, path)
    path.write_text(path.read_text().replace('"kfunclint": "', '"kfunclint": "9.'))
    assert main(["bot", "replay", str(archive), "--output", str(path)]) == 2
    assert "--restart begins anew" in capsys.readouterr().err
    assert replayed(archive, path, "--restart") == whole


def test_archives_of_all_kinds_give_the_same(archive: Path, tmp_path: Path) -> None:
    Epoch(tmp_path / "bpf").add_all(list(mails()))
    box = tmp_path / "box.mbox"
    box.write_bytes(b"".join(b"From mboxrd@z Thu Jan  1 00:00:00 1970\n" + mail + b"\n" for mail in mails()))
    replayed(archive, tmp_path / "a.jsonl")
    for number, other in enumerate((tmp_path / "bpf", box)):
        replayed(other, tmp_path / f"{number}.jsonl")
        told = [{**one, "task": ""} for one in results(tmp_path / f"{number}.jsonl")]
        assert told == [{**one, "task": ""} for one in results(tmp_path / "a.jsonl")]


def test_what_is_no_archive_is_refused(tmp_path: Path, capsys: Output) -> None:
    with pytest.raises(InputError):
        replay.tasks([str(tmp_path / "gone")])
    assert main(["bot", "replay"]) == 2
    assert "--output" in capsys.readouterr().err


def _judge_or_die(task: replay.Task) -> replay.Result:
    if len(task) == 2:
        os._exit(1)
    return [json.dumps({"task": replay.task_name(task), "of": 1, "trouble": "", "findings": []})]


def test_a_task_that_ends_its_process_is_told_and_no_other_suffers(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "judge", _judge_or_die)
    pools: list[ProcessPoolExecutor] = []

    def renew() -> Executor:
        pools.append(ProcessPoolExecutor(2, mp_context=get_context("fork")))
        return pools[-1]

    found: list[dict[str, Any]] = []
    todo = replay.tasks([str(archive)])
    try:
        replay.run(
            todo, replay.Engine(renew(), 2, renew), lambda lines: found.extend(json.loads(line) for line in lines)
        )
    finally:
        for pool in pools:
            pool.shutdown()
    assert {one["task"] for one in found} == {replay.task_name(task) for task in todo}
    assert sorted(one["trouble"][:17] for one in found) == ["", "BrokenProcessPool"]
