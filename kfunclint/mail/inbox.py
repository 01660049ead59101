"""Bytes in, series of patches out."""

from __future__ import annotations

import re
from collections.abc import Iterable

from kfunclint.errors import InputError
from kfunclint.mail import mime, roles, series, versions
from kfunclint.mail.body import diff_start, layout
from kfunclint.mail.mbox import Input, Raw, label, raw_mails
from kfunclint.mail.message import Headers, Inbox, Mail, MailSource, Series, TitlePlace, subject
from kfunclint.mail.roles import Role, SortedMails
from kfunclint.mail.threads import Threads
from kfunclint.value import replace

MAX_MAILS = 2000
MAX_INPUT = 64 << 20
NO_PATCH = "no patch in it"
_MAIL_FIELDS = {"from", "subject", "date", "message-id", "received", "return-path", "mime-version"}


def read_inbox(inputs: Iterable[Input]) -> Inbox:
    """Read files, folders of patches, Maildirs, standard input for "-", and bytes that are the content of a file; never
    raises for what they hold.

    Answers, forwards and mails that bring no patch are set aside; where there is nothing else, every input is broken,
    and so is one in which there was no mail at all. Of more than MAX_MAILS mails, or MAX_INPUT bytes, those behind are
    not read: see stream.read_inboxes().
    """
    inputs = list(inputs)
    mails: list[tuple[Input, Raw | InputError]] = []
    size = 0
    for name, raw in raw_mails(inputs):
        size += len(raw.data) if isinstance(raw, Raw) else 0
        if len(mails) == MAX_MAILS or size > MAX_INPUT:
            refusal = _limit(raw, size)
            unread = inputs[inputs.index(name) + 1 :]
            more = [(other, InputError(label(other), None, f"not read, as {refusal}")) for other in unread]
            return Assembly().inbox([*mails, (name, refusal), *more], inputs)
        mails.append((name, raw))
    return Assembly().inbox(mails, inputs)


def _limit(raw: Raw | InputError, size: int) -> InputError:
    """What is said of the first mail that is not read."""
    reason = f"more than {MAX_MAILS} mails" if size <= MAX_INPUT else f"more than {MAX_INPUT >> 20} MiB of mail"
    return InputError(raw.file, raw.line, reason)


class Assembly:
    """Makes inboxes of mails; remembers which inputs have brought something."""

    def __init__(self) -> None:
        self._useful: set[Input] = set()
        self._with_answers: set[Input] = set()
        self._has_posts = False

    def inbox(self, mails: Iterable[tuple[Input, Raw | InputError]], ended: Iterable[Input] = ()) -> Inbox:
        """The inbox of some mails, each with the input that it is from; `ended` are the inputs of which no more comes:
        those that brought nothing are broken."""
        parsed: list[Mail] = []
        names: list[Input] = []
        broken: list[InputError] = []
        for name, raw in mails:
            try:
                of_raw = _mails(raw)
            except InputError as refusal:
                broken.append(refusal)
                self._useful.add(name)
            else:
                parsed += of_raw
                names += [name] * len(of_raw)
        sorted_mails = roles.sorted_mails(parsed)
        self._note(names, sorted_mails)
        useful = self._useful | (self._with_answers if self._has_posts else set())
        broken += [
            *sorted_mails.refusals,
            *(InputError(label(name), None, NO_PATCH) for name in ended if name not in useful),
        ]
        return Inbox(_series(sorted_mails), tuple(broken), sorted_mails.answers)

    def spare(self, inputs: Iterable[Input]) -> None:
        """Nothing has to come of these inputs: mails of them may be left out."""
        self._useful.update(inputs)

    def _note(self, names: Iterable[Input], mails: SortedMails) -> None:
        for name, role in zip(names, mails.roles, strict=True):
            if role.is_useful:
                self._useful.add(name)
            elif role is Role.ANSWER:
                self._with_answers.add(name)
        self._has_posts |= bool(mails.posts)


def _series(mails: SortedMails) -> tuple[Series, ...]:
    threads = Threads([*mails.posts, *mails.answers])
    return versions.families(series.assembled_series(mails.posts, threads), threads)


def only_mail(raw: Raw) -> Mail:
    """The mail in bytes that are known to be a patch, whatever the subject looks like. Raises InputError."""
    try:
        return _from_mail(mime.decode(raw.data)[0], raw)
    except mime.MailError as error:
        raise InputError(raw.file, error.line, str(error)) from error


def select_series(inbox: Inbox, version: int | None, every: bool) -> tuple[Series, ...]:
    """Choose what to review, in order of appearance: of every family of rerolls the newest version that is complete,
    or else the newest; or the given version; or all. Raises InputError if nothing has the given version."""
    return versions.select_versions(inbox.series, version, every)


def _mails(raw: Raw | InputError) -> list[Mail]:
    """The mails in the bytes of one: itself, or those that it has attached; none where it is empty. Raises
    InputError."""
    if isinstance(raw, InputError):
        raise raw
    if not raw.data.strip():
        return []
    try:
        decoded = mime.decode(raw.data)
        if not _MAIL_FIELDS & decoded[0].fields.keys():
            return [_from_text(mime.plain(raw.data), raw)]
    except mime.MailError as error:
        line = raw.line + error.line - 1 if error.line else raw.line
        raise InputError(raw.file, line, str(error)) from error
    return [_from_mail(part, raw) for part in decoded]


def _from_mail(decoded: mime.Decoded, raw: Raw) -> Mail:
    def field(name: str) -> str:
        return mime.words(decoded.fields.get(name, ("",))[-1])

    parsed = subject(field("subject"))
    parent, references = _ids(decoded.fields, "in-reply-to"), _ids(decoded.fields, "references")
    sender = _mailbox(decoded.fields.get("from", ("",))[0])
    inner = {} if parsed.is_reply else layout(decoded.text.split("\n"), 0).fields
    line = None if "subject" in inner or decoded.subject_line is None else raw.line + decoded.subject_line - 1
    return Mail(
        subject=replace(parsed, title=subject(mime.words(inner["subject"])).title) if "subject" in inner else parsed,
        body=decoded.text,
        source=MailSource(
            file=raw.file,
            line=raw.line,
            body_line=raw.line + decoded.line - 1 if decoded.line else None,
            title=_title_place(line, f"Subject: {field('subject')}", parsed.title),
        ),
        headers=Headers(
            author=_mailbox(inner["from"]) if "from" in inner else sender,
            sender=sender,
            date=field("date"),
            message_id=next(iter(_ids(decoded.fields, "message-id")), ""),
            in_reply_to=parent[0] if parent else "",
            references=references,
            to=_mailboxes(decoded.fields, "to"),
            cc=_mailboxes(decoded.fields, "cc"),
            reply_to=_mailboxes(decoded.fields, "reply-to"),
        ),
    )


def _title_place(line: int | None, text: str, title: str) -> TitlePlace | None:
    return TitlePlace(line, len(text) - len(title) + 1) if line is not None and text.endswith(title) else None


_ID = re.compile(r"<([^<>\s]{1,1000})>")


def _ids(fields: mime.Fields, name: str) -> tuple[str, ...]:
    """The message-ids in a field; b4 writes some without brackets."""
    text = " ".join(fields.get(name, ()))
    return tuple(_ID.findall(text)) or tuple(word for word in text.split()[:1] if "@" in word)


def _mailboxes(fields: mime.Fields, name: str) -> tuple[str, ...]:
    return tuple(_mailbox(entry) for value in fields.get(name, ()) for entry in _entries(value))


def _entries(value: str) -> list[str]:
    """Split a list of addresses at the commas that stand outside of quotes."""
    entries, quoted, start = [], False, 0
    for match in re.finditer(r'\\.|"|,', value):
        if match[0] == '"':
            quoted = not quoted
        elif match[0] == "," and not quoted:
            entries.append(value[start : match.start()])
            start = match.end()
    entries.append(value[start:])
    return [entry for entry in entries if entry.strip()]


def _mailbox(raw: str) -> str:
    """An address with its name decoded; a name that holds special characters only after decoding is quoted."""
    name, bracket, address = raw.rpartition("<")
    decoded = mime.words(name)
    if "=?" in name and re.search(r'[][()<>@,;:\\".]', decoded):
        decoded = '"' + re.sub(r'(["\\])', r"\\\1", decoded.strip('"')) + '"'
    return mime.words(f"{decoded} {bracket}{address}" if bracket else raw)


_POSTED = re.compile(r"Posted by (.{1,200}?)\s{1,8}\d{1,4}\s(?:second|minute|hour|day|week|month|year)s?\b")
_TITLE = re.compile(r"(?:Subject: )?(\[[^\]]{0,200}\].*)", re.I)


def _from_text(text: str, raw: Raw) -> Mail:
    """The patch in a text without header, such as a page of an archive. Raises InputError if it holds none."""
    lines = text.split("\n")
    diff = diff_start(lines, 0)
    if diff is None:
        raise InputError(raw.file, None if raw.line == 1 else raw.line, NO_PATCH)
    titles = ((at, match[1]) for at in range(diff - 1, -1, -1) if (match := _TITLE.match(lines[at])))
    at, line = next(((at, line) for at, line in titles if subject(line).is_marked), (diff - 1, ""))
    posted = _POSTED.match(lines[at + 1]) if line else None
    parsed = subject(mime.words(line))
    return Mail(
        subject=parsed,
        body=text,
        source=MailSource(
            file=raw.file,
            line=raw.line,
            body_line=raw.line,
            title=_title_place(raw.line + at, lines[at], parsed.title) if line else None,
        ),
        headers=Headers(author=mime.words(posted[1]) if posted else ""),
        message_start=at + (3 if posted else 2),
    )
