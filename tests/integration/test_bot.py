"""The list bot among real servers: Postfix with TLS and a login, OpenSMTPD, public-inbox, Dovecot, mutt."""

from __future__ import annotations

import os
import random
import shlex
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path

import opensmtpd
import pytest
from bots import a_patch, an_answer
from servers import IMAP, LIST, SUBMISSION, Servers, running, wait_for

from kfunclint.bot.archive.imap import ImapFolder
from kfunclint.bot.archive.public_inbox import PublicInbox
from kfunclint.bot.archive.source import message_id
from kfunclint.bot.ledger.database import read_database
from kfunclint.bot.settings import Source

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can start mail servers")
ROOT = Path(__file__).parents[2]
BY_LOGIN = f'port = {SUBMISSION}\nuser = "bot"\npassword-file = "password"'
PLAIN = f"port = {opensmtpd.PORT}\nstarttls = false"


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with running() as started:
        yield started


class RealBot:
    """The command, with settings that send through the servers."""

    def __init__(self, servers: Servers, folder: Path, name: str, server: str = BY_LOGIN) -> None:
        self.servers = servers
        self.folder = folder
        (folder / "password").write_text("secret\n")
        self.config = folder / "bot.toml"
        self.config.write_text(f"""\
deliver = "smtp"
instance = "{name}.example.org"
from = "kfunclint bot <bot@example.org>"
bounces = "bot@example.org"
embargo = "0 s"
quiet = "0 s"
author-mails-a-day = 1000
author-series-a-day = 1000
mails-an-hour = 1000
mails-a-day = 1000
[[source]]
public-inbox = "{servers.inbox}"
list = "{LIST}"
[lists."{LIST}"]
mode = "author"
[smtp]
host = "127.0.0.1"
{server}
timeout = "10 s"
""")

    def start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "kfunclint", "bot", "run", "--once", "--config", str(self.config)]
        environment = {**os.environ, **self.servers.environment, "SSL_CERT_FILE": str(self.servers.certificate)}
        return subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, start_new_session=True)

    def run(self) -> str:
        running = self.start()
        _, err = running.communicate(timeout=120)
        assert running.returncode == 0, err.decode()
        self.servers.wait_until_delivered()
        return err.decode()

    def states(self) -> list[str]:
        with read_database(self.folder / "state") as database:
            return [row["state"] for row in database.rows("SELECT state FROM outbox WHERE kind='mail' ORDER BY patch")]

    def own_mails(self) -> list[bytes]:
        name = self.config.read_text().split('instance = "')[1].split('"')[0].encode()
        return [mail for mail in self.servers.mails("ann") if b"\nX-Loop: " + name in mail]


def test_from_the_list_to_the_author_once(servers: Servers, tmp_path: Path) -> None:
    bot = RealBot(servers, tmp_path, "first")
    bot.run()
    servers.post(a_patch(2, 2, series="chain"), a_patch(1, 2, series="chain"))
    for mail in (a_patch(1, 2, series="chain"), a_patch(2, 2, series="chain")):
        (servers.box("ann") / "cur" / f"{message_id(mail)}:2,S").write_bytes(mail)  # what ann has sent herself
    servers.post(an_answer("chain-v1-1@example.org", "> Let programs\n\nNice.\n", cc=LIST))
    assert '"state": "sent"' in bot.run()
    found = [message_from_bytes(mail) for mail in bot.own_mails()]
    assert sorted(str(mail["in-reply-to"]) for mail in found) == [f"<chain-v1-{n}@example.org>" for n in (1, 2)]
    assert all("ESMTPSA" in str(mail["received"]) for mail in found)  # by TLS and with a login
    assert all("KF_RET_NULL" in mail.get_payload() for mail in found)
    for _ in range(2):
        bot.run()
    assert len(bot.own_mails()) == 2
    assert bot.states() == ["sent", "sent"]


def test_mutt_shows_each_reply_below_its_patch(servers: Servers, tmp_path: Path) -> None:
    rc = tmp_path / "muttrc"
    rc.write_text(
        f"set folder={servers.box('ann')} spoolfile={servers.box('ann')} sort=threads header_cache= \n"
        "set index_format='%s | %F' quit=yes ascii_chars=yes\nset hide_thread_subject=no\n"
    )
    tmux = ["tmux", "-L", f"kfunclint-{os.getpid()}"]
    subprocess.run([*tmux, "new-session", "-d", "-x", "160", "-y", "50", f"mutt -F {shlex.quote(str(rc))}"], check=True)
    try:
        screen: list[str] = []

        def shows() -> bool:
            done = subprocess.run([*tmux, "capture-pane", "-p"], capture_output=True, text=True, check=True)
            screen[:] = done.stdout.splitlines()
            return sum("kfunclint bot" in line for line in screen) >= 2

        wait_for(shows)
    finally:
        subprocess.run([*tmux, "kill-server"], check=False)
    assert [line.rstrip() for line in screen if "chain" in line] == [
        "[PATCH bpf-next 1/2] chain: add bpf_depot_find1() | Ann Author",
        "|->[PATCH bpf-next 2/2] chain: add bpf_depot_find2() | Ann Author",
        "| `->Re: [PATCH bpf-next 2/2] chain: add bpf_depot_find2() | kfunclint bot",
        "`->Re: [PATCH bpf-next 1/2] chain: add bpf_depot_find1() | kfunclint bot",
    ], "\n".join(screen)


def test_a_server_without_tls_or_login(servers: Servers, tmp_path: Path) -> None:
    with opensmtpd.opensmtpd(servers):
        bot = RealBot(servers, tmp_path, "plain", PLAIN)
        bot.run()
        servers.post(a_patch(2, 2, series="plain"), a_patch(1, 2, series="plain"), port=opensmtpd.PORT)
        servers.post(a_patch(1, 1, series="unknown", by="Nobody <nobody@example.org>"), port=opensmtpd.PORT)
        for _ in range(2):
            bot.run()
            opensmtpd.wait_until_delivered(servers)
    found = [message_from_bytes(mail) for mail in bot.own_mails()]
    assert sorted(str(mail["in-reply-to"]) for mail in found) == [f"<plain-v1-{n}@example.org>" for n in (1, 2)]
    assert all("by plain.example.org (OpenSMTPD) with ESMTP " in str(mail["received"]) for mail in found)
    assert bot.states() == ["sent", "sent", "refused"]


def test_an_edited_inbox_brings_nothing_twice(servers: Servers, tmp_path: Path) -> None:
    bot = RealBot(servers, tmp_path, "edited")
    bot.run()
    servers.post(a_patch(1, 1, series="purged"), a_patch(1, 1, series="kept"))
    bot.run()
    assert len(bot.own_mails()) == 2
    servers.run("public-inbox-purge", servers.inbox, data=a_patch(1, 1, series="purged"))
    subprocess.run(["chown", "-R", "mail:mail", str(servers.inbox)], check=True)
    assert '"event": "rewritten"' in bot.run()
    servers.run("public-inbox-learn", "rm", "--all", data=a_patch(1, 1, series="kept"))
    subprocess.run(["chown", "-R", "mail:mail", str(servers.inbox)], check=True)
    bot.run()
    assert len(bot.own_mails()) == 2


def test_killed_at_random_nothing_is_lost_or_doubled(servers: Servers, tmp_path: Path) -> None:
    """Three kills in a row, then runs until it is at rest, again and again."""
    bot = RealBot(servers, tmp_path, "killed")
    bot.run()
    dice = random.Random(17)
    patches = 0
    for number in range(int(os.environ.get("KFUNCLINT_KILLS", "12")) // 3):
        servers.post(*(a_patch(n, 2, series=f"random{number}") for n in (1, 2)))
        patches += 2
        for _ in range(3):
            running = bot.start()
            time.sleep(dice.uniform(0.3, 1.6))
            os.killpg(running.pid, signal.SIGKILL)
            running.communicate()
        for _ in range(2):
            bot.run()
    assert len(bot.states()) == patches
    delivered = Counter(message_id(mail) for mail in bot.own_mails())
    assert [id_ for id_, count in delivered.items() if count > 1] == []
    with read_database(bot.folder / "state") as database:
        rows = database.rows("SELECT msgid, state FROM outbox WHERE kind='mail'")
    assert [row["msgid"] for row in rows if row["msgid"] not in delivered and row["state"] != "held"] == []


def test_an_imap_folder_is_followed(servers: Servers, tmp_path: Path) -> None:
    pytest.importorskip("imapclient")
    (tmp_path / "password").write_text("secret\n")
    source = Source("imap", "127.0.0.1", port=IMAP, tls=False, user="bot", password_file=tmp_path / "password")
    folder = ImapFolder(source, 1 << 20)
    cursors = folder.tips()
    assert list(folder.news(cursors)) == []
    mail = a_patch(1, 1, series="imap")
    (servers.box("bot") / "new" / "1.here").write_bytes(mail)
    os.chown(servers.box("bot") / "new" / "1.here", 8, 8)
    (chunk,) = folder.news(cursors)
    assert [arrival.data.replace(b"\r\n", b"\n") for arrival in chunk.arrivals] == [mail]
    assert list(folder.news(chunk.cursors)) == []
    assert "imap-v1-1@example.org" in list(folder.present())
    assert "imap-v1-1@example.org" in list(folder.sent_by("ann@example.org"))
    assert not [path for path in (servers.box("bot") / "cur").iterdir() if "S" in path.name.partition(":2,")[2]]
    started = time.monotonic()
    assert not folder.wait(0.5)
    assert time.monotonic() - started < 5


def test_what_public_inbox_makes_is_what_we_read(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    servers.post(b"Message-ID: <first@example.org>\nFrom: A <a@example.org>\nTo: " + LIST.encode() + b"\n\nhello\n")
    monkeypatch.setenv("HOME", servers.environment["HOME"])
    source = PublicInbox(servers.inbox, LIST, 1 << 20)
    assert "first@example.org" in list(source.present())
    assert "first@example.org" in list(source.sent_by("a@example.org"))
