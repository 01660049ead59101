"""What carries a mail away: an SMTP server, or the sendmail command.

Both in two parts. As long as only the first is done, the mail is certain not to be sent; behind the second, what is not
a clear answer is not known.
"""

from __future__ import annotations

import os
import re
import shutil
import smtplib
import ssl
import subprocess
from collections.abc import Sequence
from typing import Protocol

from kfunclint.bot import steps
from kfunclint.bot.settings import BotSettings, Delivery, Smtp

_SENDMAIL_SECONDS = 120
_USAGE, _LATER, _CONFIG = 64, 75, 78  # sysexits.h


class Refused(Exception):
    """The mail is certain not to be sent. `is_final`: nor will it be when it is tried again as it is."""

    def __init__(self, why: str, *, is_final: bool) -> None:
        super().__init__(why)
        self.is_final = is_final


class Unanswered(Exception):
    """What was said is no answer: the mail may be sent or not."""


class Courier(Protocol):
    """Carries one mail. Both parts raise Refused; whatever else they raise says nothing."""

    def prepare(self, sender: str, recipients: Sequence[str], data: bytes) -> None:
        """All but the last word. `data` has "\\n" line ends; the first recipient is the one it is for."""

    def finish(self) -> None:
        """The last word, and the answer to it."""

    def close(self) -> None:
        """Hang up; never raises."""


def courier(settings: BotSettings) -> Courier:
    """The one that the settings name."""
    if settings.deliver is Delivery.SENDMAIL:
        return SendmailCourier(settings.sendmail)
    assert settings.smtp is not None
    return SmtpCourier(settings.smtp, settings.instance)


class SmtpCourier:
    """Speaks to an SMTP server, one command after the other."""

    def __init__(self, settings: Smtp, name: str) -> None:
        """`name` is what to greet with."""
        self.settings = settings
        self.name = name
        self.server: smtplib.SMTP | None = None

    def prepare(self, sender: str, recipients: Sequence[str], data: bytes) -> None:
        server = self._greeted()
        _expect(server.mail(sender), 250)
        steps.at("smtp.mail")
        for number, address in enumerate(recipients):
            reply = server.rcpt(address)
            if number == 0 or reply[0] < 500:  # without its author it goes to nobody; another may be refused
                _expect(reply, 250, 251)
        steps.at("smtp.rcpt")
        _expect(server.docmd("DATA"), 354)
        steps.at("smtp.data")
        wire = _on_the_wire(data)
        server.send(wire[: len(wire) // 2])
        steps.at("smtp.half")
        server.send(wire[len(wire) // 2 :])
        steps.at("smtp.body")

    def finish(self) -> None:
        assert self.server is not None
        self.server.send(b".\r\n")
        steps.at("smtp.dot")
        reply = self.server.getreply()
        steps.at("smtp.answer")
        _expect(reply, 250)

    def close(self) -> None:
        if self.server is not None:
            self.server.close()

    def _greeted(self) -> smtplib.SMTP:
        """A connection that is ready for a mail; trouble before that says nothing about the mail, so it is tried
        again."""
        settings = self.settings
        self.server = server = smtplib.SMTP(
            settings.host, settings.port, local_hostname=self.name, timeout=settings.timeout
        )
        steps.at("smtp.connected")
        if settings.starttls:
            server.starttls(context=ssl.create_default_context())
        server.ehlo_or_helo_if_needed()
        if settings.user and settings.password_file:
            server.login(settings.user, settings.password_file.read_text(encoding="utf-8").split("\n", 1)[0])
        return server


def _on_the_wire(data: bytes) -> bytes:
    """A mail as RFC 5321 wants it, up to the dot that ends it."""
    lines = re.sub(rb"\r?\n", b"\r\n", data if data.endswith(b"\n") else data + b"\n")
    return re.sub(rb"^\.", b"..", lines, flags=re.M)


def _expect(reply: tuple[int, bytes], *good: int) -> None:
    """Raises Refused for an answer that refuses, and Unanswered for one that is none."""
    code, text = reply
    if code in good:
        return
    why = f"{code} {text.decode('utf-8', 'replace')}"[:500]
    if 400 <= code < 600:
        raise Refused(why, is_final=code >= 500)
    raise Unanswered(why)


class SendmailCourier:
    """Gives the mail to a program that takes it as sendmail does."""

    def __init__(self, command: Sequence[str]) -> None:
        self.command = command
        self.arguments: list[str] = []
        self.data = b""

    def prepare(self, sender: str, recipients: Sequence[str], data: bytes) -> None:
        program = shutil.which(self.command[0]) if self.command else None
        if program is None:
            raise Refused(f"no command {' '.join(self.command[:1])}", is_final=False)
        self.arguments = [program, *self.command[1:], "-i", "-f", sender, "--", *recipients]
        self.data = data

    def finish(self) -> None:
        steps.at("sendmail.before")
        done = subprocess.run(
            self.arguments,
            input=self.data,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=_SENDMAIL_SECONDS,
            check=False,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
        )
        steps.at("sendmail.after")
        if done.returncode == 0:
            return
        why = f"sendmail: status {done.returncode} {done.stderr.decode('utf-8', 'replace').strip()}"[:500]
        if _USAGE <= done.returncode <= _CONFIG:
            raise Refused(why, is_final=done.returncode != _LATER)
        raise Unanswered(why)

    def close(self) -> None:
        pass
