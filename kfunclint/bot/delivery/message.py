"""Mails as they go out: what the reply format of the reports says, with a header that says who says it and why."""

from __future__ import annotations

import hashlib
import re
import textwrap
from collections.abc import Sequence
from email import message_from_bytes
from email.message import Message
from email.policy import compat32
from email.utils import formatdate, getaddresses
from quopri import encodestring

from kfunclint.bot import clock
from kfunclint.bot.manners.ignored import bare_address
from kfunclint.bot.manners.recipients import Recipient
from kfunclint.bot.settings import BotSettings
from kfunclint.checker.result import Review
from kfunclint.finding import Finding, Level
from kfunclint.mail.message import Mail
from kfunclint.report import formats
from kfunclint.value import replace

_LONGEST_LINE = 900  # RFC 5322 has 998
_WIDTH = 72


class Unsafe(Exception):
    """A mail that must not go out as it is; says why."""


def own_id(instance: str, patch: str) -> str:
    """The message-id of the one mail of an instance about a patch: the same for ever, whatever rules and versions
    say."""
    digest = hashlib.sha256(f"{instance} {patch}".encode()).hexdigest()
    return f"kfunclint.{digest[:32]}@{instance}"


def compose(
    settings: BotSettings, review: Review, findings: Sequence[Finding], to: Recipient, cc: Sequence[str]
) -> bytes:
    """The mail about the findings of one patch; all of it but what says when and by whom.

    Raises Unsafe for one that is not what it has to be: to these addresses and no other, an answer to this patch.
    """
    patch = formats.mails(review)[findings[0].origin.patch]
    head, body = _reply(review, patch, findings, to, cc)
    body += _postscript(settings, review)
    fields = [line for line in _unfolded(head) if not line.startswith(("MIME-", "Content-"))]
    fields += [
        f"X-Kfunclint-Patch: <{patch.headers.message_id}>",
        f"X-Kfunclint-Rules: {' '.join(sorted({finding.rule for finding in findings}))}",
        *(["X-Patchwork-Action-Required: yes"] if any(one.level is Level.ERROR for one in findings) else []),
        *_content(body),
    ]
    message = "\n".join(fields).encode("ascii", "strict") + b"\n\n" + _encoded(body)
    _check(message, patch.headers.message_id, {to.address, *cc})
    return message


def complete(settings: BotSettings, body: bytes, message_id: str, *, is_draft: bool = False) -> bytes:
    """A composed mail with the fields that say when and by whom; a person sends drafts, so these say nothing of
    programs."""
    fields = [f"Date: {formatdate(clock.now(), usegmt=True)}", f"Message-ID: <{message_id}>"]
    if settings.sender:
        fields.append(f"From: {settings.sender}")
    if settings.reply_to:
        fields.append(f"Reply-To: {settings.reply_to}")
    if not is_draft:
        fields += ["Auto-Submitted: auto-replied", "Precedence: bulk"]
        fields += [f"X-Loop: {settings.instance}", f"Robot-ID: {settings.instance}"]
        fields.append(f"Robot-Unsubscribe: Contact <{bare_address(settings.unsubscribe or settings.sender)}>")
    return "".join(f"{field}\n" for field in fields).encode("ascii") + body


def recipients(body: bytes) -> list[str]:
    """The addresses that a composed mail goes to."""
    message = _parsed(body)
    entries = [str(value) for name in ("to", "cc") for value in message.get_all(name, [])]
    return list(dict.fromkeys(address for _, address in getaddresses(entries)))


def _reply(
    review: Review, patch: Mail, findings: Sequence[Finding], to: Recipient, cc: Sequence[str]
) -> tuple[str, str]:
    """Header and body as the reply format writes them for these recipients alone."""
    headers = replace(patch.headers, sender=to.entry, author=to.entry, reply_to=(), to=(), cc=tuple(cc))
    addressed = replace(patch, headers=headers)
    letter = review.cover and replace(review.cover, mail=addressed if review.cover.mail is patch else review.cover.mail)
    patches = tuple(replace(one, mail=addressed) if one.mail is patch else one for one in review.patches)
    part = replace(review, cover=letter, patches=patches, findings=tuple(findings), withheld=())
    texts = list(formats.files("reply", part).values())
    if len(texts) != 1:
        raise Unsafe(f"{len(texts)} mails about one patch")
    head, _, body = texts[0].partition("\n\n")
    return head, body


def _postscript(settings: BotSettings, review: Review) -> str:
    """What stands below the signature beside what the format says; no line of it is a command to any program."""
    text = (
        'In a reply, a line that begins with the words "kfunclint: wrong" and the rule is recorded, and one with '
        '"kfunclint: stop me" ends these mails for you.'
    )
    page = page_address(settings, review)
    return textwrap.fill(f" {text}", _WIDTH).lstrip() + "\n" + (f"All of it: {page}\n" if page else "")


def page_address(settings: BotSettings, review: Review) -> str:
    """Where the web has the page about a series; "" where it has none."""
    return f"{settings.url}/{page_name(review)}" if settings.url else ""


def page_name(review: Review) -> str:
    """The file of the page about a series: a name for people, and what tells it from all others."""
    mail = formats.first(review)
    if mail is None:
        raise ValueError("a review of a tree has no page here")
    digest = hashlib.sha256(mail.headers.message_id.encode("utf-8", "replace")).hexdigest()
    return f"{formats.slug(mail)}-{digest[:12]}.html"


def _unfolded(head: str) -> list[str]:
    """The fields of a header, each with its continuation lines."""
    fields: list[str] = []
    for line in head.split("\n"):
        if line.startswith((" ", "\t")) and fields:
            fields[-1] += f"\n{line}"
        else:
            fields.append(line)
    return fields


def _is_plain(body: str) -> bool:
    return body.isascii() and all(len(line) <= _LONGEST_LINE for line in body.split("\n"))


def _content(body: str) -> list[str]:
    charset, encoding = ("us-ascii", "7bit") if _is_plain(body) else ("utf-8", "quoted-printable")
    return [
        "MIME-Version: 1.0",
        f"Content-Type: text/plain; charset={charset}",
        f"Content-Transfer-Encoding: {encoding}",
    ]


def _encoded(body: str) -> bytes:
    return body.encode() if _is_plain(body) else encodestring(body.encode("utf-8", "replace"))


_ONCE = ("to", "subject", "in-reply-to", "references", "content-type")


def _parsed(message: bytes) -> Message:
    return message_from_bytes(message, policy=compat32)


def _check(message: bytes, patch: str, allowed: set[str]) -> None:
    """Look at a mail as the world will. Raises Unsafe."""
    parsed = _parsed(message)
    for name in _ONCE:
        if len(parsed.get_all(name, [])) != 1:
            raise Unsafe(f"{name} stands there {len(parsed.get_all(name, []))} times")
    strangers = {address.lower() for address in recipients(message)} - {address.lower() for address in allowed}
    if strangers or not recipients(message):
        raise Unsafe(f"it would go to {', '.join(sorted(strangers)) or 'nobody'}")
    if str(parsed["in-reply-to"]).strip() != f"<{patch}>":
        raise Unsafe("it answers something else")
    if b"\r" in message or b"\0" in message or any(len(line) > 998 for line in message.split(b"\n")):
        raise Unsafe("it has lines that no mail has")
    if re.search(rb"^(?:From:|Message-ID:|Bcc:|Sender:)", message.partition(b"\n\n")[0], re.I | re.M):
        raise Unsafe("it has fields that are not its own")
