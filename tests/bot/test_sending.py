"""Mail: at most once, and sent or visible to a person, whatever dies where."""

from __future__ import annotations

import resource
import shutil
import sqlite3
from collections import Counter
from email import message_from_bytes
from email.message import Message

import pytest
from bots import DAY, HOUR, LIST, Server, World, a_patch, an_answer, ids, log_lines, smtp_settings

from kfunclint.bot import steps
from kfunclint.bot.delivery.message import own_id
from kfunclint.errors import InputError

pytest_plugins = ["bot_fixtures"]

pytestmark = pytest.mark.usefixtures("remembered")

LOOKED_AT_BY_A_PERSON = {"held", "refused", "draft"}


@pytest.fixture
def mailing(world: World, server: Server) -> World:
    """A world whose bot sends to the server."""
    world.configure(smtp_settings(server.port))
    return world


@pytest.fixture
def posted(mailing: World) -> World:
    """A world where two guilty patches have come, and are due."""
    mailing.begin()
    mailing.post(a_patch(1, 2), a_patch(2, 2))
    mailing.run()
    mailing.later(20 * 60)
    return mailing


def check_once(world: World, server: Server) -> None:
    """Nothing is doubled, and each of the two mails is there, or in sight of a person."""
    assert [mail for mail, count in Counter(server.mails).items() if count > 1] == []
    rows = world.rows()
    assert len(rows) == 2
    for row in rows:
        assert row["msgid"] in server.mails or row["state"] in LOOKED_AT_BY_A_PERSON, row


def test_two_guilty_patches_get_two_mails_and_the_next_run_sends_none(posted: World, server: Server) -> None:
    assert posted.run() == 0
    mails: list[Message] = [message_from_bytes(data) for _, _, data in server.taken]
    assert [mail["in-reply-to"] for mail in mails] == [f"<{id_}>" for id_ in ids()]
    assert [recipients for _, recipients, _ in server.taken] == [["ann@example.org"]] * 2
    first = mails[0]
    assert first["from"] == "kfunclint bot <bot@bot.example.org>"
    assert (first["auto-submitted"], first["precedence"]) == ("auto-replied", "bulk")
    assert (first["x-loop"], first["robot-id"]) == ("bot.example.org", "bot.example.org")
    assert first["robot-unsubscribe"] == "Contact <bot@bot.example.org>"
    assert first["x-kfunclint-patch"] == "<depot-v1-1@example.org>"
    assert first["x-kfunclint-rules"] == "flags/ret-null-missing"
    for _ in range(3):
        posted.later(HOUR)
        posted.post(a_patch(1, 2, received="again"), a_patch(2, 2))
        posted.run()
    assert len(server.taken) == 2
    assert posted.states() == {"depot-v1-1": "sent", "depot-v1-2": "sent"}


def test_killed_at_every_step_nothing_is_lost_or_doubled(mailing: World, server: Server) -> None:
    # the steps are those that the program names itself, as often as it passes them
    mailing.configure(f'quiet = "0 s"\n{smtp_settings(server.port)}')
    mailing.begin()
    mailing.post(a_patch(1, 2), a_patch(2, 2))
    shutil.copytree(mailing.root, mailing.root / "first", ignore=shutil.ignore_patterns("first"))
    points = mailing.points()
    names = {point.partition("@")[0] for point in points}
    assert {"read.before", "gather.done", "queue.in", "claim.done", "smtp.body", "handing.in", "handing.done"} <= names
    assert {"journal.done", "smtp.dot", "smtp.answer", "sent.in", "sent.done"} <= names
    held = 0
    for point in points:
        for name in ("state", "journal"):
            restore(mailing, name)
        server.taken.clear()
        assert mailing.killed(point) == -9, point
        for _ in range(2):
            mailing.later(60)
            assert mailing.forked() == 0
        check_once(mailing, server)
        states = Counter(mailing.states().values())
        in_doubt = point.partition("@")[0] in {
            "handing.done",
            "journal.done",
            "smtp.dot",
            "smtp.answer",
            "sent.in",
        }
        assert states["held"] == in_doubt, point
        assert states["sent"] == 2 - in_doubt, point
        held += in_doubt
    assert held == 10


def restore(world: World, name: str) -> None:
    """Put the state, or the journal, back to what it was in a copy of the world."""
    source, target = world.root / "first" / name, world.root / name
    if target.is_dir():
        shutil.rmtree(target)
    target.unlink(missing_ok=True)
    if source.is_dir():
        shutil.copytree(source, target)
    elif source.exists():
        shutil.copy(source, target)


FAULTS = {
    # fault: states after the run that has it, states in the end, mails that were taken in the end
    "MAIL 450 4.7.1 greylisted": ("queued", "sent", 2),
    "MAIL 421 4.3.2 closing": ("queued", "sent", 2),
    "RCPT 450 4.2.1 mailbox busy": ("queued", "sent", 2),
    "RCPT 550 5.1.1 no such user": ("refused", "refused", 0),
    "DATA 503 5.5.1 no": ("refused", "refused", 0),
    "closed at DATA": ("queued", "sent", 2),
    "closed in the body": ("held", "held", 0),
    "dot 451 4.3.0 try later": ("queued", "sent", 2),
    "dot 554 5.7.1 spam": ("refused", "refused", 0),
    "closed behind the dot": ("held", "held", 0),
    "taken and closed": ("held", "held", 2),
    "taken and late": ("held", "held", 2),
    "taken and garbled": ("held", "held", 2),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_server_with_a_fault(fault: str, posted: World, server: Server) -> None:
    now, later, taken = FAULTS[fault]
    server.fault = fault
    assert posted.run() == 0
    assert set(posted.states().values()) == {now}
    server.fault = ""
    for _ in range(2):
        posted.later(2 * HOUR)
        assert posted.run() == 0
    assert set(posted.states().values()) == {later}
    assert len(server.mails) == taken
    check_once(posted, server)


def test_a_server_that_is_down(posted: World, server: Server) -> None:
    server.stop()
    posted.run()
    assert set(posted.states().values()) == {"queued"}
    assert all(row["not_before"] > posted.now for row in posted.rows())


def test_a_ledger_that_is_locked_is_tried_again(posted: World, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kfunclint.bot.ledger.database._BUSY", 0.2)
    other = sqlite3.connect(posted.root / "state" / "bot.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert posted.run() == 75
    other.execute("ROLLBACK")
    other.close()
    assert posted.run() == 0
    assert set(posted.states().values()) == {"sent"}


def test_a_ledger_that_is_locked_behind_the_dot(posted: World, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kfunclint.bot.ledger.database._BUSY", 0.2)
    other = sqlite3.connect(posted.root / "state" / "bot.sqlite", isolation_level=None, check_same_thread=False)
    server.when_taken = lambda: other.execute("BEGIN IMMEDIATE")
    assert posted.run() == 75
    other.execute("ROLLBACK")
    server.when_taken = lambda: None
    for _ in range(2):
        posted.later(HOUR)
        assert posted.run() == 0
    assert sorted(posted.states().values()) == ["held", "sent"]
    check_once(posted, server)


def test_a_journal_that_cannot_be_written_holds(posted: World, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(journal: object, message_id: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("kfunclint.bot.ledger.journal.Journal.add", fail)
    assert posted.run() == 0
    assert set(posted.states().values()) == {"held"}
    assert not server.mails


@pytest.mark.parametrize("jump", [-DAY, 2 * DAY, 40 * DAY])
def test_a_clock_that_jumps_sends_nothing_in_that_run(jump: float, posted: World, server: Server) -> None:
    posted.killed("queue.done@1")
    posted.later(jump)
    posted.run()
    assert not server.mails
    for _ in range(2):
        posted.later(60)
        posted.run()
    assert len(server.mails) == (2 if jump < 3 * DAY else 0)
    assert set(posted.states().values()) == ({"sent"} if jump < 3 * DAY else {"dropped"})


def test_an_old_state_that_is_put_back_holds(posted: World, server: Server) -> None:
    posted.killed("queue.done@1")
    shutil.copytree(posted.root / "state", posted.root / "first" / "state")
    posted.run()
    assert len(server.mails) == 2
    restore(posted, "state")
    posted.later(60)
    posted.run()
    assert set(posted.states().values()) == {"held"}
    assert "old state" in posted.rows()[0]["why"]
    check_once(posted, server)


def test_a_state_that_is_lost_mails_nothing_until_it_is_adopted(
    posted: World, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    posted.run()
    shutil.rmtree(posted.root / "state")
    posted.begin()
    posted.judged(a_patch(1, 1, series="shed"))
    assert posted.states() == {"shed-v1-1": "queued"}
    assert len(server.mails) == 2
    assert any(line["event"] == "not adopted" for line in log_lines(capsys.readouterr().err))


def test_a_lost_journal_is_noticed(posted: World, server: Server) -> None:
    posted.run()
    (posted.root / "journal").unlink()
    posted.judged(a_patch(1, 1, series="shed"))
    assert posted.states()["shed-v1-1"] == "queued"


def test_state_and_journal_are_rebuilt_from_the_archive(posted: World, server: Server) -> None:
    posted.run()
    posted.post(*(data for _, _, data in server.taken))
    shutil.rmtree(posted.root / "state")
    (posted.root / "journal").unlink()
    posted.begin()
    journal = (posted.root / "journal").read_text()
    assert all(id_ in journal for id_ in server.mails)


def test_what_is_held_is_sent_once_the_archive_has_it(posted: World, server: Server) -> None:
    posted.killed("smtp.answer@1")
    posted.run()
    assert sorted(posted.states().values()) == ["held", "sent"]
    posted.post(server.taken[0][2])
    posted.run()
    assert set(posted.states().values()) == {"sent"}
    check_once(posted, server)


def test_four_bots_at_once(posted: World, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    statuses: list[int] = []

    def another(name: str) -> None:
        if name == "send.before" and not statuses:
            statuses.extend(posted.forked() for _ in range(3))

    monkeypatch.setattr(steps, "at", another)
    assert posted.run() == 0
    assert statuses == [75, 75, 75]
    check_once(posted, server)


@pytest.mark.parametrize("kib", [8, 32, 64, 90, 100, 110, 128, 160, 200, 256])
def test_files_that_cannot_grow(kib: int, mailing: World, server: Server) -> None:
    """What a full disk does to a file, at ten sizes."""

    def limited() -> int:
        def limit(name: str) -> None:
            if name == "open":
                resource.setrlimit(resource.RLIMIT_FSIZE, (kib << 10, resource.RLIM_INFINITY))

        return mailing.forked(limit)

    mailing.begin()
    mailing.post(a_patch(1, 2), a_patch(2, 2))
    for _ in range(3):
        assert limited() in (0, 75)
        mailing.later(10 * 60)
    for _ in range(3):
        mailing.later(HOUR)
        assert mailing.run() == 0
    assert mailing.rows("PRAGMA integrity_check") == [{"integrity_check": "ok"}]
    check_once(mailing, server)


def test_a_newer_version_stops_a_mail_that_waits(posted: World, server: Server) -> None:
    server.fault = "MAIL 450 later"
    posted.run()
    server.fault = ""
    posted.later(HOUR)
    posted.post(a_patch(1, 2, version=2, guilty=False))
    posted.run()
    assert set(posted.states().values()) == {"dropped"}
    assert not server.mails


def test_what_was_said_while_a_mail_waited_is_not_said(posted: World, server: Server) -> None:
    server.fault = "MAIL 450 later"
    posted.run()
    server.fault = ""
    posted.later(HOUR)
    quote = "> +BTF_ID_FLAGS(func, bpf_depot_find1, KF_ACQUIRE)\n\nThis needs KF_RET_NULL.\n"
    posted.post(an_answer("depot-v1-1@example.org", quote))
    posted.run()
    assert posted.states() == {"depot-v1-1": "dropped", "depot-v1-2": "sent"}


def test_the_first_recipient_must_be_taken(mailing: World, server: Server) -> None:
    mailing.configure(smtp_settings(server.port), mode="list")
    mailing.begin()
    server.fault = f"550 no for {LIST}"
    mailing.judged(a_patch(1, 1))
    assert [recipients for _, recipients, _ in server.taken] == [["ann@example.org"]]
    server.fault = "550 no for ann@example.org"
    mailing.judged(a_patch(1, 1, series="shed"))
    assert mailing.states()["shed-v1-1"] == "refused"


def test_the_message_id_is_of_the_instance_and_the_patch_alone(world: World) -> None:
    assert own_id("bot.example.org", "a@b") == own_id("bot.example.org", "a@b") != own_id("bot.example.org", "b@b")
    assert own_id("bot.example.org", "a@b") != own_id("other.example.org", "a@b")
    world.begin()
    world.judged(a_patch(1, 1))
    (draft,) = world.rows()
    shutil.rmtree(world.root / "state")
    world.begin()
    world.judged(a_patch(1, 1, series="depot2", message_id="<depot-v1-1@example.org>"))
    assert not world.rows()  # it was there before this ledger
    assert draft["msgid"].endswith(".localhost")


def test_dots_and_long_lines_arrive_as_they_are(mailing: World, server: Server) -> None:
    mailing.begin()
    long = "x" * 2000
    guilty = a_patch(1, 1).replace(b"{\n+\tif (id > 7)", f"{{\n+\t/* {long} \u00e4 */ if (id > 7)".encode())
    mailing.judged(guilty.replace(b"+BTF_ID_FLAGS", b"+// .\n+BTF_ID_FLAGS").replace(b"+1,17", b"+1,18"))
    (mail,) = [message_from_bytes(data) for _, _, data in server.taken]
    assert max(len(line) for line in server.taken[0][2].split(b"\n")) <= 998
    assert b"KF_RET_NULL" in mail.get_payload(decode=True)


def test_nothing_is_mailed_before_the_archive_could_be_asked(
    mailing: World, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(source: object, address: str) -> None:
        raise InputError("inbox", None, "cannot be read")

    with monkeypatch.context() as patched:
        patched.setattr("kfunclint.bot.archive.maildir.Maildir.sent_by", fail)
        mailing.begin()
        mailing.judged(a_patch(1, 1))
    assert mailing.states() == {"depot-v1-1": "queued"}
    mailing.run()
    assert mailing.states() == {"depot-v1-1": "sent"}


def test_a_ledger_that_cannot_be_written_is_no_fault_of_the_series(
    posted: World, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr("kfunclint.bot.planning.write", fail)
        for _ in range(5):
            assert posted.run() == 75
    posted.run()
    assert set(posted.states().values()) == {"sent"}
