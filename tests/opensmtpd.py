"""A real OpenSMTPD beside the servers of servers.py, with the same boxes and the same list: without TLS or login."""

from __future__ import annotations

import contextlib
import subprocess
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import LIST, MAIL, Servers, answers, wait_for

PORT = 10026
_ROOT = Path(__file__).parent.parent
_SECONDS = 20.0


def wait_until_delivered(servers: Servers) -> None:
    """Wait until its queue is empty."""
    queue = servers.root / "opensmtpd" / "spool" / "smtpd" / "queue"
    wait_for(lambda: not any(path.is_file() for path in queue.rglob("*")))


@contextlib.contextmanager
def opensmtpd(servers: Servers) -> Iterator[None]:
    """The server, started; it ends with the block. Skips the test where there is none, or nothing can be mounted."""
    if not (_ROOT / "build/opensmtpd/usr/sbin/smtpd").is_file() or not _may_mount():
        pytest.skip("no OpenSMTPD can be started here")
    folder = servers.root / "opensmtpd"
    (folder / "spool").mkdir(parents=True)
    _configure(servers, folder)
    with (folder / "log").open("w") as log:
        server = subprocess.Popen([str(_ROOT / "tests/integration/run-opensmtpd"), str(folder)], stderr=log)
    try:
        wait_for(lambda: answers(PORT))
        yield
    finally:
        server.terminate()
        server.wait(_SECONDS)


def _configure(servers: Servers, folder: Path) -> None:
    users = "".join(f"{user} {MAIL}:{MAIL}:{servers.box(user).parent}\n" for user in ("ann", "bot", "bpf", "mail"))
    (folder / "users").write_text(users)
    (folder / "smtpd.conf").write_text(
        textwrap.dedent(f"""\
        table users file:{folder}/users
        listen on 127.0.0.1 port {PORT} hostname plain.example.org
        action "box" maildir "{servers.root}/mail/%{{dest.user}}/Maildir" userbase <users>
        action "inbox" mda "{servers.root}/deliver" userbase <users> user mail
        match from any for rcpt-to "{LIST}" action "inbox"
        match from any for domain "example.org" action "box"
        """)
    )


def _may_mount() -> bool:
    return subprocess.run(["unshare", "--mount", "true"], check=False).returncode == 0
