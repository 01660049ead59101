"""A bot in a world of its own: a Maildir that mails come to, a clock that tests move, and a server that takes mail."""

from __future__ import annotations

import asyncio
import json
import mailbox
import os
import re
import signal
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from kfunclint.bot import steps
from kfunclint.bot.ledger.database import Database, open_database
from kfunclint.bot.settings import BotSettings, read
from kfunclint.cli.main import main

NOON = 1_760_000_000.0
HOUR, DAY = 3600.0, 86400.0
LIST = "bpf@lists.example.org"
AUTHOR = "Ann Author <ann@example.org>"

_FUNCTION = """\
+__bpf_kfunc struct depot *bpf_depot_{name}(u32 id)
+{{
+	if (id > 7)
+		return NULL;
+	return depot_get(id);
+}}
"""


def a_patch(
    number: int, total: int, *, guilty: bool = True, version: int = 1, name: str = "", by: str = AUTHOR, **fields: str
) -> bytes:
    """Patch n of m of a series about depots; a guilty one registers a kfunc without KF_RET_NULL. `fields` are those of
    the header, by name with _ for -; `series` names the series in the message-ids."""
    series = fields.pop("series", "depot")
    name = name or f"find{number}"
    counted = f" {number}/{total}" if total > 1 else ""
    marked = f" v{version}" if version > 1 else ""
    parent = {} if number <= 1 else {"in_reply_to": f"<{series}-v{version}-1@example.org>"}
    header = {
        "from": by,
        "to": LIST,
        "date": "Tue, 21 Oct 2025 09:30:00 +0200",
        "message_id": f"<{series}-v{version}-{number}@example.org>",
        "subject": f"[PATCH bpf-next{marked}{counted}] {series}: add bpf_depot_{name}()",
        **parent,
        **fields,
    }
    lines = "".join(f"{key.replace('_', '-').title()}: {value}\n" for key, value in header.items() if value)
    flags = "KF_ACQUIRE" if guilty else "KF_ACQUIRE | KF_RET_NULL"
    body = f"""\

Let programs look a depot up.

Signed-off-by: {AUTHOR}
---
 kernel/{series}/{name}.c | 18 ++++++++++++++++++
 1 file changed, 18 insertions(+)

diff --git a/kernel/{series}/{name}.c b/kernel/{series}/{name}.c
new file mode 100644
index 000000000000..222222222222
--- /dev/null
+++ b/kernel/{series}/{name}.c
@@ -0,0 +1,17 @@
+// SPDX-License-Identifier: GPL-2.0-only
+#include <linux/bpf.h>
+
+__bpf_kfunc_start_defs();
+
{_FUNCTION.format(name=name)}+
+__bpf_kfunc_end_defs();
+
+BTF_KFUNCS_START(bpf_{series}_{name}_ids)
+BTF_ID_FLAGS(func, bpf_depot_{name}, {flags})
+BTF_KFUNCS_END(bpf_{series}_{name}_ids)
"""
    return (lines + body).encode()


def an_answer(
    parent: str, text: str, *, number: int = 1, by: str = "Max Maintainer <max@example.org>", **fields: str
) -> bytes:
    """An answer to a mail, by its message-id; `number` tells answers apart."""
    header = {
        "from": by,
        "to": AUTHOR,
        "date": "Tue, 21 Oct 2025 11:30:00 +0200",
        "message_id": f"<answer-{number}-to-{parent}>",
        "in_reply_to": f"<{parent}>",
        "references": f"<{parent}>",
        "subject": "Re: [PATCH bpf-next] depot: add",
        **fields,
    }
    lines = "".join(f"{key.replace('_', '-').title()}: {value}\n" for key, value in header.items() if value)
    return f"{lines}\n{text}".encode()


def ids(series: str = "depot", version: int = 1, total: int = 2) -> list[str]:
    """The message-ids of the patches of a series."""
    return [f"{series}-v{version}-{number}@example.org" for number in range(1, total + 1)]


class World:
    """A folder with a bot.toml, a Maildir, and a clock; `settings` are lines of the bot.toml."""

    def __init__(self, root: Path, settings: str = "") -> None:
        self.root = root
        self.config = root / "bot.toml"
        self.now = NOON
        self.inbox = root / "inbox"
        self.count = 0
        for folder in ("tmp", "new", "cur"):
            (self.inbox / folder).mkdir(parents=True, exist_ok=True)
        self.configure(settings)

    def configure(self, settings: str, mode: str = "author") -> None:
        """Write another bot.toml."""
        keys, _, tables = settings.partition("\n[")
        tables = f"[{tables}" if tables else ""
        lists = "" if "[lists." in settings else f'[lists."{LIST}"]\nmode = "{mode}"\n'
        self.config.write_text(
            f'drafts = "drafts"\nembargo = "0 s"\n{keys}\n[[source]]\nmaildir = "inbox"\nlist = "{LIST}"\n'
            f"{lists}{tables}\n"
        )

    @property
    def settings(self) -> BotSettings:
        return read(self.config)

    def post(self, *mails: bytes) -> None:
        """Deliver mails, in this order."""
        for mail in mails:
            self.count += 1
            path = self.inbox / "new" / f"{self.count:06}.here"
            path.write_bytes(mail)
            os.utime(path, (self.count, self.count))

    def later(self, seconds: float) -> None:
        """Let time go by."""
        self.now += seconds

    def run(self, *arguments: str) -> int:
        """One run of the command, in this process; its exit status."""
        return main(["bot", "run", "--once", "--config", str(self.config), *arguments])

    def begin(self) -> None:
        """The first start, which sees nothing of what is there."""
        assert self.run() == 0

    def judged(self, *mails: bytes) -> None:
        """Post mails, and run until they are judged."""
        self.post(*mails)
        assert self.run() == 0
        self.later(20 * 60)
        assert self.run() == 0

    def drafts(self) -> list[Message]:
        """The drafts that lie there, by subject."""
        folder = self.root / "drafts"
        found = list(mailbox.Maildir(folder, create=False)) if folder.is_dir() else []
        return sorted(found, key=lambda draft: str(draft["subject"]))

    def rows(self, query: str = "SELECT * FROM outbox WHERE kind='mail' ORDER BY patch") -> list[dict[str, Any]]:
        """What the ledger has."""
        connection = sqlite3.connect(self.settings.state / "bot.sqlite")
        connection.row_factory = sqlite3.Row
        try:
            return [dict(row) for row in connection.execute(query)]
        except sqlite3.OperationalError:
            return []  # the ledger was not made yet
        finally:
            connection.close()

    def states(self) -> dict[str, str]:
        """The state of each mail of ours, by the patch it is about."""
        return {row["patch"].partition("@")[0]: row["state"] for row in self.rows()}

    @contextmanager
    def opened(self) -> Iterator[Database]:
        with open_database(self.settings.state) as database:
            yield database

    def forked(self, watch: Callable[[str], None] = lambda name: None) -> int:
        """One run in a process of its own, which tells `watch` of every step; its exit status, or minus the signal."""
        child = os.fork()
        if child == 0:
            vars(steps)["at"] = watch
            status = 70
            try:
                status = self.run()
            finally:
                os._exit(status)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def killed(self, point: str) -> int:
        """One run in a process of its own that is killed at a step, "NAME@N" for the Nth time."""
        name, _, wanted = point.partition("@")
        counts: dict[str, int] = {}

        def watch(step: str) -> None:
            counts[step] = counts.get(step, 0) + 1
            if step == name and counts[step] == int(wanted):
                os.kill(os.getpid(), signal.SIGKILL)

        return self.forked(watch)

    def points(self) -> list[str]:
        """Every step of a run, as often as it comes."""
        log = self.root / "steps"

        def watch(step: str) -> None:
            with log.open("a") as file:
                file.write(f"{step}\n")

        assert self.forked(watch) == 0
        counts: dict[str, int] = {}
        points = []
        for step in log.read_text().split():
            counts[step] = counts.get(step, 0) + 1
            points.append(f"{step}@{counts[step]}")
        return points


def log_lines(text: str) -> list[dict[str, Any]]:
    """The events in what the bot said on standard error."""
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def our_ids(mails: list[Message]) -> list[str]:
    """The message-ids of mails, without the brackets."""
    return [re.sub(r"[<>\s]", "", str(mail["message-id"])) for mail in mails]


class Server(Controller):  # type: ignore[misc]  # no types where the library is not there
    """An SMTP server that keeps what it takes, by message-id, and has one fault as long as `fault` says so."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port: int = free.getsockname()[1]
        super().__init__(self, hostname="127.0.0.1", port=port)
        self.fault = ""
        self.taken: list[tuple[str, list[str], bytes]] = []
        self.senders: list[str] = []
        self.when_taken: Callable[[], object] = lambda: None

    def factory(self) -> SMTP:
        return _Faulty(self, hostname="mx.example.org")

    @property
    def mails(self) -> list[str]:
        """The message-ids of the mails that were taken, each as often as it was."""
        return [id_ for id_, _, _ in self.taken]

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if self.fault.startswith("MAIL "):
            return self.fault.removeprefix("MAIL ")
        envelope.mail_from = address
        return "250 ok"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if self.fault.startswith("RCPT ") or address in self.fault:
            return self.fault.removeprefix("RCPT ").partition(" for ")[0]
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.fault.startswith("dot "):
            return self.fault.removeprefix("dot ")
        if self.fault == "closed behind the dot":
            server.transport.abort()
            return "250 ok"
        message = message_from_bytes(envelope.content)
        self.taken.append((str(message["message-id"]).strip("<>"), envelope.rcpt_tos, envelope.content))
        self.senders.append(envelope.mail_from)
        self.when_taken()
        if self.fault == "taken and closed":
            server.transport.abort()
        if self.fault == "taken and late":
            await asyncio.sleep(2)
        return "hello world" if self.fault == "taken and garbled" else "250 ok"


class _Faulty(SMTP):  # type: ignore[misc]
    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        fault = self.event_handler.fault
        transport: Any = self.transport
        if fault == "closed at DATA":
            transport.abort()
        elif fault == "closed in the body":
            await self.push("354 go on")
            await self._reader.read(200)
            transport.abort()
        elif fault.startswith("DATA "):
            await self.push(fault.removeprefix("DATA "))
        else:
            await super().smtp_DATA(arg)


def smtp_settings(port: int) -> str:
    """What of bot.toml makes a bot send by SMTP to a port of this machine."""
    return f"""\
deliver = "smtp"
instance = "bot.example.org"
from = "kfunclint bot <bot@bot.example.org>"
bounces = "bounces@bot.example.org"
[smtp]
host = "127.0.0.1"
port = {port}
starttls = false
timeout = "1 s"
"""
