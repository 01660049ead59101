"""Real mail servers of one's own: Postfix, Dovecot and a public-inbox in a folder, on ports of this machine alone.

Nothing can leave the machine: Postfix knows two domains, and refuses all others. They run as root starts them.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import smtplib
import socket
import subprocess
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

LIST = "bpf@lists.example.org"
PLAIN, SUBMISSION, IMAP = 10025, 10587, 10143
MAIL = 8  # the user "mail" of Debian, whom mails belong to
_SECONDS = 20.0
_SERVICES = (
    "cleanup unix n - n - 0 cleanup",
    "qmgr unix n - n 300 1 qmgr",
    "tlsmgr unix - - n 1000? 1 tlsmgr",
    "rewrite unix - - n - - trivial-rewrite",
    "bounce unix - - n - 0 bounce",
    "defer unix - - n - 0 bounce",
    "trace unix - - n - 0 bounce",
    "verify unix - - n - 1 verify",
    "proxymap unix - - n - - proxymap",
    "proxywrite unix - - n - 1 proxymap",
    "error unix - - n - - error",
    "retry unix - - n - - error",
    "virtual unix - n n - - virtual",
    "anvil unix - - n - 1 anvil",
    "showq unix n - n - - showq",
    "postlog unix-dgram n - n - 1 postlogd",
)


class Servers:
    """A mail server with the boxes of ann and bot, the list that goes into an inbox, and IMAP."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.inbox = root / "bpf"
        self.certificate = root / "certificate.pem"
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(root / "home"),
            "PI_CONFIG": str(root / "config"),
            "GIT_CONFIG_NOSYSTEM": "1",
        }

    def run(self, *words: str | Path, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """Run a program of public-inbox."""
        command = [str(word) for word in words]
        return subprocess.run(command, input=data, env=self.environment, capture_output=True, check=True)

    def box(self, user: str) -> Path:
        """The Maildir of somebody."""
        return self.root / "mail" / user / "Maildir"

    def mails(self, user: str) -> list[bytes]:
        """What has come to somebody."""
        return [path.read_bytes() for name in ("new", "cur") for path in (self.box(user) / name).glob("*")]

    def post(self, *mails: bytes, port: int = PLAIN) -> None:
        """Send mails to the list, and wait until the inbox has them."""
        count = len(self.archived())
        for mail in mails:
            with smtplib.SMTP("127.0.0.1", port) as server:
                server.sendmail("ann@example.org", [LIST], mail)
        wait_for(lambda: len(self.archived()) == count + len(mails))

    def archived(self) -> list[str]:
        """The commits of the inbox."""
        epoch = self.inbox / "git" / "0.git"
        done = subprocess.run(
            ["git", f"--git-dir={epoch}", "rev-list", "master"], env=self.environment, capture_output=True, check=False
        )
        return done.stdout.decode().split()

    def wait_until_delivered(self) -> None:
        """Wait until the queue of the mail server is empty."""
        queue = [self.root / "queue" / name for name in ("incoming", "active", "deferred", "maildrop")]
        wait_for(lambda: not any(path.is_file() for folder in queue for path in folder.rglob("*")))


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until something is so; fails after a while."""
    deadline = time.monotonic() + _SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.05)


@contextlib.contextmanager
def running() -> Iterator[Servers]:
    """All of them, started; they end, and their folder goes, with the block."""
    root = Path(tempfile.mkdtemp(prefix="kfunclint-servers-"))
    root.chmod(0o755)
    servers = Servers(root)
    try:
        _make_inbox(servers)
        _make_boxes(servers)
        with _dovecot(servers), _postfix(servers):
            yield servers
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _make_inbox(servers: Servers) -> None:
    root = servers.root
    (root / "home").mkdir()
    git = "[user]\n\tname = T\n\temail = t@example.org\n[gc]\n\tauto = 0\n[safe]\n\tdirectory = *\n"
    (root / "home" / ".gitconfig").write_text(git)
    servers.run("public-inbox-init", "-V2", "-L", "basic", "bpf", servers.inbox, "http://127.0.0.1/bpf", LIST)
    servers.run("git", "config", "-f", root / "config", "publicinboxmda.spamcheck", "none")
    exports = "".join(f"export {name}={value}\n" for name, value in servers.environment.items())
    script = root / "deliver"
    script.write_text(
        f"#!/bin/sh\numask 022\n{exports}export ORIGINAL_RECIPIENT={LIST}\nexec public-inbox-mda --no-precheck\n"
    )
    script.chmod(0o755)
    for path in (root / "home", root / "config", servers.inbox):
        subprocess.run(["chown", "-R", f"{MAIL}:{MAIL}", str(path)], check=True)
    (root / "config").chmod(0o644)


def _make_boxes(servers: Servers) -> None:
    for user in ("ann", "bot"):
        for name in ("new", "cur", "tmp"):
            (servers.box(user) / name).mkdir(parents=True)
    subprocess.run(["chown", "-R", f"{MAIL}:{MAIL}", str(servers.root / "mail")], check=True)
    subprocess.run(
        f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
        f" -keyout {servers.root}/key.pem -out {servers.certificate}",
        shell=True,
        check=True,
        capture_output=True,
    )


@contextlib.contextmanager
def _dovecot(servers: Servers) -> Iterator[None]:
    root = servers.root
    (root / "dovecot.conf").write_text(
        textwrap.dedent(f"""\
        base_dir = {root}/dovecot
        state_dir = {root}/dovecot-state
        log_path = {root}/dovecot.log
        listen = 127.0.0.1
        protocols = imap
        ssl = no
        disable_plaintext_auth = no
        mail_location = maildir:{root}/mail/%u/Maildir
        first_valid_uid = {MAIL}
        passdb {{
          driver = static
          args = password=secret
        }}
        userdb {{
          driver = static
          args = uid={MAIL} gid={MAIL} home={root}/mail/%u
        }}
        service imap-login {{
          inet_listener imap {{
            port = {IMAP}
          }}
          inet_listener imaps {{
            port = 0
          }}
        }}
        service auth {{
          unix_listener {root}/auth {{
            mode = 0666
          }}
        }}
        service stats {{
          chroot =
        }}
        """)
    )
    server = subprocess.Popen(["dovecot", "-F", "-c", str(root / "dovecot.conf")])
    try:
        wait_for(lambda: (root / "auth").exists() and answers(IMAP))
        yield
    finally:
        server.terminate()
        server.wait(_SECONDS)


@contextlib.contextmanager
def _postfix(servers: Servers) -> Iterator[None]:
    root, etc = servers.root, servers.root / "postfix"
    for folder in (etc, root / "queue", root / "data"):
        folder.mkdir()
    subprocess.run(["chown", "postfix", str(root / "data")], check=True)
    (etc / "main.cf").write_text(
        textwrap.dedent(f"""\
        compatibility_level = 3.6
        queue_directory = {root}/queue
        data_directory = {root}/data
        maillog_file = {root}/postfix.log
        maillog_file_prefixes = {root}
        inet_interfaces = 127.0.0.1
        inet_protocols = ipv4
        myhostname = mx.example.org
        mydestination =
        mynetworks = 127.0.0.0/8
        default_transport = error:nothing leaves this machine
        relay_domains = lists.example.org
        relay_transport = inbox
        virtual_mailbox_domains = example.org
        virtual_mailbox_base = {root}/mail
        virtual_mailbox_maps = inline:{{ {{ann@example.org = ann/Maildir/}}, {{bot@example.org = bot/Maildir/}} }}
        virtual_uid_maps = static:{MAIL}
        virtual_gid_maps = static:{MAIL}
        virtual_minimum_uid = {MAIL}
        virtual_transport = virtual
        recipient_delimiter = +
        smtpd_tls_cert_file = {servers.certificate}
        smtpd_tls_key_file = {root}/key.pem
        smtpd_sasl_type = dovecot
        smtpd_sasl_path = {root}/auth
        smtpd_tls_auth_only = yes
        """)
    )
    by_login = "permit_sasl_authenticated,reject"
    (etc / "master.cf").write_text(
        "\n".join(
            (
                f"{PLAIN} inet n - n - - smtpd",
                f"{SUBMISSION} inet n - n - - smtpd -o smtpd_tls_security_level=encrypt -o smtpd_sasl_auth_enable=yes"
                f" -o smtpd_relay_restrictions={by_login} -o smtpd_recipient_restrictions={by_login}",
                *_SERVICES,
                f"inbox unix - n n - - pipe flags=R user=mail argv={root}/deliver",
                "",
            )
        )
    )
    subprocess.run(["postfix", "-c", str(etc), "start"], check=True, capture_output=True)
    try:
        wait_for(lambda: answers(PLAIN) and answers(SUBMISSION))
        yield
    finally:
        subprocess.run(["postfix", "-c", str(etc), "abort"], check=False, capture_output=True)
        wait_for(lambda: not answers(PLAIN))


def answers(port: int) -> bool:
    """Whether a program of this machine listens there."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
