"""Checks in Patchwork: a stand-in answers as the real one does (3.3, tried by hand), not as its OpenAPI file says."""

from __future__ import annotations

import json
import re
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from bots import World, a_patch, an_answer, ids

from kfunclint.bot.ledger.database import Database
from kfunclint.bot.reviewing import Judgement, Reviewer
from kfunclint.value import replace

pytest_plugins = ["bot_fixtures"]
pytestmark = pytest.mark.usefixtures("remembered")


class Patchwork(ThreadingHTTPServer):
    """Knows patches by message-id, and keeps every check that is posted; it never finds two to be the same.

    A patch has several numbers if it went to the lists of several projects; those of `forbidden` are in projects that
    the token is not for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.patches = {id_: [number] for number, id_ in enumerate(ids(), 1)}
        self.forbidden: set[int] = set()
        self.checks: dict[int, list[dict[str, Any]]] = {1: [], 2: []}
        self.requests: list[str] = []
        self.fault = 0

    @property
    def states(self) -> dict[int, list[str]]:
        return {patch: [check["state"] for check in checks] for patch, checks in self.checks.items()}


class _Handler(BaseHTTPRequestHandler):
    server: Patchwork

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def answer(self, status: int, value: object) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self) -> None:
        self.server.requests.append(f"GET {self.path}")
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/api/1.3/patches/":
            # with brackets around the id it finds nothing, and says nothing
            return self.answer(200, [{"id": number} for number in self.server.patches.get(query["msgid"], [])])
        match = re.fullmatch(r"/api/1\.3/patches/(\d+)/checks/", parts.path)
        if match is None:
            return self.answer(404, {"detail": "Not found."})
        found = [one for one in self.server.checks.get(int(match[1]), []) if one["context"] == query["context"]]
        ordered = found[::-1] if query.get("order") == "-date" else found
        return self.answer(200, ordered[: int(query.get("per_page", 30))])

    def do_POST(self) -> None:
        self.server.requests.append(f"POST {self.path}")
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        match = re.fullmatch(r"/api/1\.3/patches/(\d+)/checks/", self.path)
        if match is None:
            return self.answer(500, {})  # the real one fails where the slash is missing, whatever its OpenAPI file says
        if self.server.fault:
            return self.answer(self.server.fault, {"detail": "no"})
        if self.headers.get("Authorization") != "Token secret" or int(match[1]) in self.server.forbidden:
            return self.answer(403, {"detail": "You do not have permission to perform this action."})
        if body.get("state") not in ("pending", "success", "warning", "fail"):
            return self.answer(400, {"state": [f'"{body.get("state")}" is not a valid choice.']})
        if not re.fullmatch(r"[-\w]{1,255}", body["context"]):
            return self.answer(400, {"context": ['Enter a valid "slug"']})
        if body.get("target_url") is not None and not re.fullmatch(
            r"(?=.{1,200}$)https?://(localhost|[\w-]+(\.[\w-]+)+)(:\d+)?(/\S*)?", body["target_url"]
        ):
            return self.answer(400, {"target_url": ["Enter a valid URL."]})
        self.server.checks.setdefault(int(match[1]), []).append({"target_url": None, **body})
        return self.answer(201, {"id": 1, **body})


@pytest.fixture
def patchwork() -> Iterator[Patchwork]:
    running = Patchwork()
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield running
    running.shutdown()
    running.server_close()
    thread.join()


@pytest.fixture
def checking(world: World, patchwork: Patchwork) -> World:
    """A world whose bot tells the Patchwork of a guilty patch and a clean one, once it runs."""
    configure(world, patchwork)
    world.begin()
    world.post(a_patch(1, 2), a_patch(2, 2, guilty=False))
    world.run()
    world.later(20 * 60)
    return world


def configure(world: World, patchwork: Patchwork, token: str = "secret", more: str = "") -> None:
    (world.root / "token").write_text(f"{token}\n")
    world.configure(
        f'quiet = "15 min"\n{more}[patchwork]\nurl = "http://127.0.0.1:{patchwork.server_port}/api/1.3"\n'
        'token-file = "token"\ntimeout = "2 s"\n'
    )


def check_states(world: World) -> list[str]:
    return [row["state"] for row in world.rows("SELECT * FROM outbox WHERE kind='check' ORDER BY patch")]


def test_a_guilty_patch_warns_and_a_clean_one_is_a_success(checking: World, patchwork: Patchwork) -> None:
    checking.run()
    assert patchwork.states == {1: ["warning"], 2: ["success"]}
    assert patchwork.checks[1][0] == {
        "context": "kfunclint",
        "state": "warning",
        "description": "1 warning",
        "target_url": None,
    }
    assert patchwork.checks[2][0]["description"] == "nothing found"
    for _ in range(3):
        checking.later(3600)
        checking.run()
    assert patchwork.states == {1: ["warning"], 2: ["success"]}
    assert check_states(checking) == ["sent", "sent"]


def test_it_is_asked_before_it_is_told(checking: World, patchwork: Patchwork) -> None:
    checking.run()
    assert patchwork.requests[:3] == [
        "GET /api/1.3/patches/?msgid=depot-v1-1%40example.org",
        "GET /api/1.3/patches/1/checks/?context=kfunclint&order=-date&per_page=1",
        "POST /api/1.3/patches/1/checks/",
    ]


def test_killed_at_every_step_no_check_is_doubled(checking: World, patchwork: Patchwork) -> None:
    shutil.copytree(checking.root, checking.root / "first", ignore=shutil.ignore_patterns("first"))
    points = [point for point in checking.points() if point.startswith("check.")]
    assert {point.partition("@")[0] for point in points} == {
        "check.before",
        "check.asked",
        "check.posted",
        "check.in",
        "check.done",
    }
    for point in points:
        shutil.rmtree(checking.root / "state")
        shutil.copytree(checking.root / "first" / "state", checking.root / "state")
        patchwork.checks = {1: [], 2: []}
        assert checking.killed(point) == -9
        for _ in range(2):
            checking.later(60)
            assert checking.forked() == 0
        assert patchwork.states == {1: ["warning"], 2: ["success"]}, point
        assert check_states(checking) == ["sent", "sent"], point


def test_a_patch_that_patchwork_does_not_have_is_waited_for(checking: World, patchwork: Patchwork) -> None:
    known, patchwork.patches = patchwork.patches, {}
    checking.run()
    assert check_states(checking) == ["queued", "queued"]
    patchwork.patches = known
    checking.later(3600)
    checking.run()
    assert patchwork.states == {1: ["warning"], 2: ["success"]}


@pytest.mark.parametrize(("fault", "state"), [(500, "queued"), (503, "queued"), (429, "queued"), (400, "refused")])
def test_a_patchwork_with_a_fault(fault: int, state: str, checking: World, patchwork: Patchwork) -> None:
    patchwork.fault = fault
    checking.run()
    assert check_states(checking) == [state, state]


def test_a_token_that_is_wrong_is_a_refusal(checking: World, patchwork: Patchwork) -> None:
    configure(checking, patchwork, token="stolen")
    checking.run()
    assert check_states(checking) == ["refused", "refused"]
    assert checking.rows("SELECT why FROM outbox WHERE kind='check'")[0]["why"].startswith("403 ")


def test_each_project_that_a_patch_went_to_is_told_where_the_token_counts(
    checking: World, patchwork: Patchwork
) -> None:
    patchwork.patches = {ids()[0]: [3, 1], ids()[1]: [4, 2]}
    patchwork.forbidden = {3, 4}
    checking.run()
    assert patchwork.states == {1: ["warning"], 2: ["success"]}
    assert check_states(checking) == ["sent", "sent"]


def test_a_check_leads_to_the_page(checking: World, patchwork: Patchwork) -> None:
    configure(checking, patchwork, more='pages = "pages"\nurl = "https://lists.example.org/kfunclint"\n')
    checking.run()
    address = patchwork.checks[1][0]["target_url"]
    assert address.startswith("https://lists.example.org/kfunclint/")
    assert (checking.root / "pages" / address.rpartition("/")[2]).is_file()
    with checking.opened() as ledger, ledger.transaction("again"):
        ledger.execute("UPDATE outbox SET state='queued' WHERE kind='check'")
    checking.run()
    assert patchwork.states == {1: ["warning"], 2: ["success"]}


def test_an_address_that_patchwork_would_refuse_is_left_out(checking: World, patchwork: Patchwork) -> None:
    configure(checking, patchwork, more=f'pages = "pages"\nurl = "https://lists.example.org/{"k" * 200}"\n')
    checking.run()
    assert check_states(checking) == ["sent", "sent"]
    assert patchwork.checks[1][0]["target_url"] is None


def test_a_patchwork_that_is_down_is_waited_for(checking: World, patchwork: Patchwork) -> None:
    patchwork.server_close()
    patchwork.shutdown()
    checking.run()
    assert check_states(checking) == ["queued", "queued"]


def test_what_others_have_named_stands_and_is_no_success(world: World, patchwork: Patchwork) -> None:
    configure(world, patchwork)
    world.begin()
    quote = "> +BTF_ID_FLAGS(func, bpf_depot_find1, KF_ACQUIRE)\n\nThis needs KF_RET_NULL.\n"
    world.judged(a_patch(1, 2), a_patch(2, 2, guilty=False), an_answer(ids()[0], quote))
    assert patchwork.states == {1: ["warning"], 2: ["success"]}
    assert patchwork.checks[1][0]["description"] == "nothing new: 1 stands that others have named"
    assert patchwork.checks[2][0]["description"] == "nothing found"


def test_what_could_not_be_looked_at_is_no_success(
    checking: World, patchwork: Patchwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = Reviewer.judge

    def troubled(reviewer: Reviewer, database: Database, key: str) -> Judgement:
        return replace(judge(reviewer, database, key), trouble="x.c: the parser died")

    monkeypatch.setattr(Reviewer, "judge", troubled)
    checking.run()
    assert patchwork.states == {1: ["warning"], 2: ["warning"]}
    assert patchwork.checks[2][0]["description"] == "nothing found; x.c: the parser died"
    assert [row["why"] for row in checking.rows()] == ["could not be looked at whole: x.c: the parser died"]


def test_a_series_that_could_not_be_reviewed_is_no_success(
    checking: World, patchwork: Patchwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = Reviewer.judge

    def stopped(reviewer: Reviewer, database: Database, key: str) -> Judgement:
        judgement = judge(reviewer, database, key)
        assert judgement.review
        return replace(
            judgement, review=replace(judgement.review, patches=(), findings=()), trouble="CPU limit of 20 s"
        )

    monkeypatch.setattr(Reviewer, "judge", stopped)
    checking.run()
    assert patchwork.states == {1: ["warning"], 2: ["warning"]}
    assert not checking.rows()
