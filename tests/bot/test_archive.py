"""Archives and mailboxes: everything that comes, once, and nothing that was there before."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from bots import LIST, World, a_patch, ids, log_lines
from epochs import Epoch

from kfunclint.bot.archive import source as archive
from kfunclint.bot.archive.imap import ImapFolder
from kfunclint.bot.archive.maildir import Maildir
from kfunclint.bot.archive.public_inbox import PublicInbox
from kfunclint.bot.archive.source import Arrival, blob_hash, message_id
from kfunclint.bot.archive.stream import Stream
from kfunclint.bot.settings import Source
from kfunclint.errors import InputError

pytest_plugins = ["bot_fixtures"]

LARGEST = 1 << 20


class Reader:
    """Reads a source to its end, again and again, as the ledger would."""

    def __init__(self, source: archive.Source) -> None:
        self.source = source
        self.cursors = source.tips()

    def news(self) -> list[Arrival]:
        arrivals: list[Arrival] = []
        for chunk in self.source.news(self.cursors):
            arrivals += chunk.arrivals
            self.cursors |= chunk.cursors
            for part in chunk.gone:
                del self.cursors[part]
        return arrivals


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    return tmp_path / "bpf"


def test_an_epoch_is_followed_from_its_tip(inbox: Path) -> None:
    epoch = Epoch(inbox)
    epoch.add(a_patch(1, 1, series="old"))
    reader = Reader(PublicInbox(inbox, LIST, LARGEST))
    assert reader.news() == []
    blobs = [epoch.add(a_patch(number, 2)) for number in (1, 2)]
    arrivals = reader.news()
    assert [arrival.blob for arrival in arrivals] == blobs
    assert [blob_hash(arrival.data) for arrival in arrivals] == blobs
    assert reader.news() == []


def test_a_new_epoch_is_read_from_its_beginning_and_closed_ones_are_not(inbox: Path) -> None:
    epochs = [Epoch(inbox, number) for number in (0, 1, 2)]
    for epoch in epochs[:2]:
        epoch.add(a_patch(1, 1, series="old"))
    reader = Reader(PublicInbox(inbox, LIST, LARGEST))
    epochs[0].rewrite(lambda mail: mail)
    blobs = [epochs[2].add(a_patch(1, 1))]
    epochs.append(Epoch(inbox, 10))
    blobs.append(epochs[3].add(a_patch(1, 1, series="shed")))
    assert [arrival.blob for arrival in reader.news()] == blobs


def test_an_epoch_without_a_commit_is_waited_for(inbox: Path) -> None:
    epoch = Epoch(inbox)
    reader = Reader(PublicInbox(inbox, LIST, LARGEST))
    assert reader.news() == []
    blob = epoch.add(a_patch(1, 1))
    assert [arrival.blob for arrival in reader.news()] == [blob]


def test_a_mirror_that_lacks_a_mail_says_so(inbox: Path) -> None:
    epoch = Epoch(inbox)
    reader = Reader(PublicInbox(inbox, LIST, LARGEST))
    blob = epoch.add(a_patch(1, 1))
    (epoch.path / "objects" / blob[:2] / blob[2:]).unlink()
    assert [(arrival.blob, arrival.why) for arrival in reader.news()] == [(blob, "the archive lacks it")]


def test_what_is_too_large_is_not_read(inbox: Path) -> None:
    epoch = Epoch(inbox)
    reader = Reader(PublicInbox(inbox, LIST, 4 << 10))
    epoch.add(a_patch(1, 1) + b" " * 5000)
    assert [(arrival.data, arrival.why) for arrival in reader.news()] == [(b"", "larger than 4 KiB")]


def test_much_that_comes_at_once_comes_in_pieces(inbox: Path) -> None:
    epoch = Epoch(inbox)
    source = PublicInbox(inbox, LIST, LARGEST)
    cursors = source.tips()
    epoch.add_all([b"Message-ID: <%d@example.org>\n\nhello\n" % number for number in range(230)])
    chunks = list(source.news(cursors))
    assert [len(chunk.arrivals) for chunk in chunks] == [100, 100, 30]
    assert chunks[-1].cursors == {"0.git": epoch.tip()}
    again = list(source.news(cursors | chunks[0].cursors))
    assert [len(chunk.arrivals) for chunk in again] == [100, 30]


def test_what_we_sent_is_found(inbox: Path) -> None:
    epoch = Epoch(inbox)
    epoch.add(b"Message-ID: <ours@example.org>\n\nhello\n", author="bot@example.org")
    epoch.add(b"Message-ID: <theirs@example.org>\n\nhello\n", author="robot@example.org")
    source = PublicInbox(inbox, LIST, LARGEST)
    assert list(source.sent_by("bot@example.org")) == ["ours@example.org"]
    assert list(source.present()) == ["ours@example.org", "theirs@example.org"]


def test_who_sent_a_mail_is_told_by_its_whole_address() -> None:
    heads = [
        b"From: A bot <bot@example.org>\nMessage-ID: <a@x>\n",
        b"From: A bot\n <bot@example.org>\nMessage-ID: <b@x>\n",
    ]
    heads += [b"From:bot@example.org\nMessage-ID: <c@x>\n", b"From: robot@example.org\nMessage-ID: <d@x>\n"]
    heads += [b"From: bot@example.org.example.com\nMessage-ID: <e@x>\n", b"To: bot@example.org\nMessage-ID: <f@x>\n"]
    assert list(archive.sent_by(heads, "bot@example.org")) == ["a@x", "b@x", "c@x"]


def test_what_is_no_inbox_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no public-inbox"):
        Reader(PublicInbox(tmp_path, LIST, LARGEST))
    with pytest.raises(InputError, match="no Maildir"):
        Reader(Maildir(tmp_path, LIST, LARGEST))


def test_a_maildir_is_known_by_its_names(world: World) -> None:
    world.post(a_patch(1, 1, series="old"))
    reader = Reader(Maildir(world.inbox, LIST, LARGEST))
    world.post(a_patch(1, 2), a_patch(2, 2))
    (world.inbox / "new" / "a-link").symlink_to("/etc/passwd")
    os.mkfifo(world.inbox / "new" / "a-fifo")
    assert [message_id(arrival.data) for arrival in reader.news()] == [
        "depot-v1-1@example.org",
        "depot-v1-2@example.org",
    ]
    for path in sorted((world.inbox / "new").glob("*.here")):
        path.rename(world.inbox / "cur" / f"{path.name}:2,S")
    assert reader.news() == []
    (world.inbox / "cur" / "000001.here:2,S").unlink()
    assert reader.news() == []
    assert "000001.here" not in reader.cursors


def test_a_mail_on_standard_input(world: World) -> None:
    source = Stream(io.BytesIO(b"From ann Thu Jan  1 00:00:00 1970\n" + a_patch(1, 1)), LIST, LARGEST)
    (chunk,) = source.news({})
    assert chunk.arrivals[0].data == a_patch(1, 1)
    assert list(Stream(io.BytesIO(b""), LIST, LARGEST).news({})) == []


class TestWithTheLedger:
    """A public-inbox and the bot."""

    @pytest.fixture
    def epoch(self, world: World) -> Epoch:
        world.config.write_text(
            f'drafts = "drafts"\n[[source]]\npublic-inbox = "bpf"\nlist = "{LIST}"\n[lists."{LIST}"]\nmode = "author"\n'
        )
        return Epoch(world.root / "bpf")

    def judged(self, world: World) -> None:
        world.run()
        world.later(20 * 60)
        world.run()

    def test_a_rewritten_history_brings_nothing_new(
        self, world: World, epoch: Epoch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        epoch.add(a_patch(1, 1, series="old"))
        world.begin()
        epoch.add(a_patch(1, 1))
        self.judged(world)
        assert len(world.drafts()) == 1
        epoch.rewrite(lambda mail: mail.replace(b"Let programs", b"LET programs"))
        self.judged(world)
        assert len(world.drafts()) == 1
        assert any(line["event"] == "rewritten" for line in log_lines(capsys.readouterr().err))
        epoch.add(a_patch(1, 1, series="shed"))
        self.judged(world)
        assert len(world.drafts()) == 2

    def test_a_purge_brings_nothing_new(self, world: World, epoch: Epoch) -> None:
        world.begin()
        epoch.add(a_patch(1, 1))
        self.judged(world)
        epoch.rewrite(lambda mail: b"")
        self.judged(world)
        assert len(world.drafts()) == 1

    def test_what_is_taken_out_before_it_is_judged_is_not_judged(self, world: World, epoch: Epoch) -> None:
        world.begin()
        mail = a_patch(1, 1)
        epoch.add(mail)
        world.run()
        epoch.add(mail, file="d")
        self.judged(world)
        assert not world.drafts()
        assert [row["parked"] for row in world.rows("SELECT * FROM mail")] == ["taken out of the archive"]
        assert [row["state"] for row in world.rows("SELECT * FROM series")] == ["parked"]

    def test_the_same_id_with_other_words_is_not_judged_again(self, world: World, epoch: Epoch) -> None:
        world.begin()
        epoch.add(a_patch(1, 1))
        self.judged(world)
        epoch.add(b"Message-ID: <depot-v1-1@example.org>\nMessage-ID: <2@z>\n" + a_patch(1, 1, message_id=""))
        self.judged(world)
        assert [row["kind"] for row in world.rows("SELECT * FROM mail ORDER BY id")] == ["patch", "copy"]
        assert len(world.drafts()) == 1


class FakeServer:
    """What imapclient.IMAPClient is to the bot: a folder of mails by UID. The real one is in the integration tests."""

    def __init__(self) -> None:
        self.mails: dict[int, bytes] = {}
        self.validity = 7
        self.read: list[int] = []

    def __call__(self, host: str, port: int, *, ssl: bool, timeout: float) -> FakeServer:
        return self

    def __enter__(self) -> FakeServer:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def login(self, user: str, password: str) -> None:
        assert (user, password) == ("ann", "secret")

    def select_folder(self, folder: str, *, readonly: bool) -> dict[bytes, int]:
        assert readonly
        return {b"UIDVALIDITY": self.validity, b"UIDNEXT": max(self.mails, default=0) + 1}

    def search(self, what: list[str]) -> list[int]:
        if what == ["ALL"]:
            return list(self.mails)
        first = int(what[1].partition(":")[0])
        found = [uid for uid in self.mails if uid >= first]
        return found or [max(self.mails)]  # as real servers do

    def fetch(self, uids: list[int], what: list[str]) -> dict[int, dict[bytes, object]]:
        if what == ["RFC822.SIZE"]:
            return {uid: {b"RFC822.SIZE": len(self.mails[uid])} for uid in uids}
        if what == ["BODY.PEEK[]"]:
            self.read += uids
            return {uid: {b"SEQ": 1, b"BODY[]": self.mails[uid]} for uid in uids}
        return {uid: {b"BODY[HEADER.FIELDS (X)]": self.mails[uid].partition(b"\n\n")[0]} for uid in uids}


class TestImap:
    """A folder of an IMAP server."""

    @pytest.fixture
    def server(self, monkeypatch: pytest.MonkeyPatch) -> FakeServer:
        server = FakeServer()
        errors = SimpleNamespace(IMAPClientError=ValueError)
        monkeypatch.setitem(sys.modules, "imapclient", SimpleNamespace(IMAPClient=server, exceptions=errors))
        return server

    @pytest.fixture
    def folder(self, server: FakeServer, tmp_path: Path) -> ImapFolder:
        (tmp_path / "password").write_text("secret\n")
        return ImapFolder(Source("imap", "imap.example.org", user="ann", password_file=tmp_path / "password"), 4 << 10)

    def test_it_is_followed_by_uid(self, server: FakeServer, folder: ImapFolder) -> None:
        server.mails[3] = a_patch(1, 1, series="old")
        reader = Reader(folder)
        assert reader.news() == []
        server.mails |= {5: a_patch(1, 2), 6: a_patch(2, 2)}
        assert [message_id(arrival.data) for arrival in reader.news()] == ids()
        assert reader.news() == []
        assert server.read == [5, 6]
        assert list(folder.present()) == ["old-v1-1@example.org", *ids()]
        assert list(folder.sent_by("ann@example.org")) == ["old-v1-1@example.org", *ids()]

    def test_where_mails_are_numbered_anew_all_are_read(self, server: FakeServer, folder: ImapFolder) -> None:
        server.mails = {uid: a_patch(1, 1, series=f"s{uid}") for uid in range(1, 131)}
        reader = Reader(folder)
        server.validity = 8
        chunks = list(folder.news(reader.cursors))
        assert [len(chunk.arrivals) for chunk in chunks] == [100, 30]
        assert [chunk.cursors for chunk in chunks] == [{"uids": "8:101"}, {"uids": "8:131"}]

    def test_what_is_too_large_is_not_read(self, server: FakeServer, folder: ImapFolder) -> None:
        reader = Reader(folder)
        server.mails[1] = b"x" * 5000
        assert [arrival.why for arrival in reader.news()] == ["larger than 4 KiB"]
        assert not server.read

    def test_trouble_is_a_refusal(
        self, server: FakeServer, folder: ImapFolder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(user: str, password: str) -> None:
            raise ValueError("no such user")

        monkeypatch.setattr(server, "login", fail)
        with pytest.raises(InputError, match=r"imap ann@imap\.example\.org/INBOX: IMAP: no such user"):
            folder.tips()
