"""bot.toml: what the bot reads, what it may say to whom, and how. All that writes to people is off by default."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from kfunclint import toml
from kfunclint.errors import hint
from kfunclint.finding import Level
from kfunclint.toml import Document, Key
from kfunclint.value import Value, field

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


class Delivery(StrEnum):
    """How mails go out."""

    DRAFTS = "drafts"
    SMTP = "smtp"
    SENDMAIL = "sendmail"


class Mode(StrEnum):
    """What may be said about what is posted to a list, the strictest first: nothing, a draft for a person, a mail to
    the author, a mail to author and list."""

    OFF = "off"
    DRAFT = "draft"
    AUTHOR = "author"
    LIST = "list"

    @property
    def rank(self) -> int:
        """0 for off, 3 for list."""
        return list(Mode).index(self)


class ListPolicy(Value):
    """What is allowed on a list, and how many seconds a patch rests there before a mail."""

    mode: Mode
    embargo: float | None = None


class Source(Value):
    """Where mails come from: `kind` is "public-inbox", "maildir" or "imap", `place` a folder or the name of a host.

    `list` is the address whose mails it has, "" if it has those of several.
    """

    kind: str
    place: str
    list: str = ""
    port: int = 993
    tls: bool = True
    user: str = ""
    password_file: Path | None = None
    folder: str = "INBOX"


class Smtp(Value):
    """The server that takes mails; `starttls` may be off only for one on this machine."""

    host: str
    port: int = 25
    starttls: bool = True
    user: str = ""
    password_file: Path | None = None
    timeout: float = MINUTE


class Patchwork(Value):
    """A Patchwork that takes checks; `url` ends with the version, ".../api/1.3"."""

    url: str
    token_file: Path
    context: str = "kfunclint"
    timeout: float = MINUTE


class BotSettings(Value):
    """All that is set; the defaults are those of a bot that writes drafts. Times are seconds."""

    file: str
    state: Path
    journal: Path
    instance: str = ""
    sender: str = ""
    reply_to: str = ""
    bounces: str = ""
    unsubscribe: str = ""
    deliver: Delivery = Delivery.DRAFTS
    drafts: Path | None = None
    pages: Path | None = None
    url: str = ""
    metrics: Path | None = None
    config: Path | None = None
    tree: Path | None = None
    sources: tuple[Source, ...] = ()
    lists: Mapping[str, ListPolicy] = field(default_factory=dict)
    allow_authors: tuple[str, ...] | None = None
    ignore_senders: tuple[str, ...] = ()
    levels: tuple[Level, ...] = (Level.ERROR, Level.WARNING)
    precision: int = 95
    precision_from: int = 20
    quiet: float = 15 * MINUTE
    quiet_incomplete: float = 2 * HOUR
    embargo: float = 6 * HOUR
    max_age: float = 3 * DAY
    keep: float = 60 * DAY
    author_mails_a_day: int = 5
    author_series_a_day: int = 3
    mails_an_hour: int = 30
    mails_a_day: int = 100
    largest_mail: int = 1024
    most_patches: int = 200
    poll: float = MINUTE
    smtp: Smtp | None = None
    sendmail: tuple[str, ...] = ("/usr/sbin/sendmail",)
    patchwork: Patchwork | None = None

    @property
    def may_mail(self) -> bool:
        """Does anything but drafts ever leave?"""
        return self.deliver is not Delivery.DRAFTS


def read(path: Path) -> BotSettings:
    """The settings in a file. Raises InputError, naming the line, for what is wrong in it."""
    document = toml.read(path)
    source = _File(document, path.absolute().parent)
    values = _table(source, (), document.values, _KEYS)
    values.setdefault("state", source.folder / "state")
    values.setdefault("journal", source.folder / "journal")
    settings = BotSettings(file=str(path), **values)
    for key, reason in _objections(settings):
        raise document.refusal((key,), reason)
    return settings


def _objections(settings: BotSettings) -> Iterator[tuple[str, str]]:
    """What does not go together: the key to blame, and why."""
    if settings.may_mail:
        for key, value in (("instance", settings.instance), ("from", settings.sender), ("bounces", settings.bounces)):
            if not value:
                yield "deliver", f"{key} must be set where mails are sent"
        if settings.deliver is Delivery.SMTP and settings.smtp is None:
            yield "smtp", 'deliver = "smtp" needs a table [smtp]'
    if settings.journal.is_relative_to(settings.state):
        yield "journal", "the journal must not lie in the state folder: who restores that would lose it, too"
    smtp = settings.smtp
    if smtp and not smtp.starttls and smtp.host not in _THIS_MACHINE:
        yield "smtp", "starttls may be off only for this machine"
    if smtp and smtp.user and not smtp.password_file:
        yield "smtp", "user without password-file"


_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
_DURATION = re.compile(r"(\d{1,6}) ?(s|min|h|d)")
_SECONDS = {"s": 1.0, "min": MINUTE, "h": HOUR, "d": DAY}
_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[A-Za-z0-9.-]{1,255}", re.ASCII)
_MOST = 200


class _File(Value):
    """The file that is read, and the folder that its paths start from."""

    document: Document
    folder: Path


_Kind = Callable[[_File, Key, Any], Any]


def _table(source: _File, key: Key, value: Any, kinds: Mapping[str, _Kind]) -> dict[str, Any]:
    """The values of a table by the names of fields. Raises InputError."""
    if not isinstance(value, dict):
        raise source.document.refusal(key, f"{key[-1]} must be a table")
    values = {}
    for name, inner in value.items():
        if name not in kinds:
            reason = f"unknown key {name!r}{hint(name, {kind: kind for kind in kinds})}"
            raise source.document.refusal((*key, name), reason)
        values[_FIELDS.get(name, name.replace("-", "_"))] = kinds[name](source, (*key, name), inner)
    return values


def _plain(expected: str, convert: Callable[[Any], Any]) -> _Kind:
    def kind(source: _File, key: Key, value: Any) -> Any:
        try:
            return convert(value)
        except (TypeError, ValueError) as error:
            raise source.document.refusal(key, f"{key[-1]} must be {expected}") from error

    return kind


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise TypeError
    return value


def _address(value: Any) -> str:
    if not _ADDRESS.fullmatch(_text(value)):
        raise ValueError
    return str(value)


def _mailbox(value: Any) -> str:
    """A name and an address in ASCII, as they stand in a header."""
    text = _text(value)
    name, bracket, address = text.rpartition("<")
    _address(address.removesuffix(">") if bracket else text)
    if not text.isascii() or "," in text or (bracket and not (name.strip() and text.endswith(">"))):
        raise ValueError
    return text


def _like(pattern: str) -> Callable[[Any], str]:
    """Takes texts that a pattern matches."""

    def convert(value: Any) -> str:
        if not re.fullmatch(pattern, _text(value), re.ASCII):
            raise ValueError
        return str(value)

    return convert


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 1_000_000:
        raise ValueError
    return value


def _duration(value: Any) -> float:
    match = _DURATION.fullmatch(_text(value))
    if match is None:
        raise ValueError
    return int(match[1]) * _SECONDS[match[2]]


def _listed(convert: Callable[[Any], Any]) -> Callable[[Any], tuple[Any, ...]]:
    def values(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or len(value) > _MOST:
            raise TypeError
        return tuple(map(convert, value))

    return values


def _path(source: _File, key: Key, value: Any) -> Path:
    text: str = _plain("a path", _text)(source, key, value)
    try:
        return source.folder / Path(text).expanduser()
    except RuntimeError as error:
        raise source.document.refusal(key, f"{text!r} cannot be found") from error


def _sources(source: _File, key: Key, value: Any) -> tuple[Source, ...]:
    if not isinstance(value, list) or len(value) > _MOST:
        raise source.document.refusal(key, "source must be tables, each below a line [[source]]")
    return tuple(_source(source, (*key, number), table) for number, table in enumerate(value))


def _source(source: _File, key: Key, value: Any) -> Source:
    values = _table(source, key, value, _SOURCE)
    kinds = [kind for kind in _PLACES if kind.replace("-", "_") in values]
    if len(kinds) != 1:
        raise source.document.refusal(key, f"a source has one of {', '.join(_PLACES)}")
    place = values.pop(kinds[0].replace("-", "_"))
    made = Source(kinds[0], str(place), **values)
    if made.kind == "imap" and not (made.user and made.password_file):
        raise source.document.refusal(key, "imap needs user and password-file")
    if made.kind == "imap" and not made.tls and made.place not in _THIS_MACHINE:
        raise source.document.refusal(key, "tls may be off only for this machine")
    return made


def _lists(source: _File, key: Key, value: Any) -> dict[str, ListPolicy]:
    if not isinstance(value, dict):
        raise source.document.refusal(key, 'lists must be tables, each below a line [lists."ADDRESS"]')
    return {
        _plain("an address", _address)(source, (*key, name), name).lower(): _policy(source, (*key, name), table)
        for name, table in value.items()
    }


def _policy(source: _File, key: Key, value: Any) -> ListPolicy:
    values = _table(source, key, value, _LIST)
    if "mode" not in values:
        raise source.document.refusal(key, "a list without mode")
    return ListPolicy(**values)


def _made(make: Callable[..., Any], kinds: Mapping[str, _Kind], *required: str) -> _Kind:
    """A table that makes one value, with the keys that it must have."""

    def kind(source: _File, key: Key, value: Any) -> Any:
        values = _table(source, key, value, kinds)
        for name in required:
            if name.replace("-", "_") not in values:
                raise source.document.refusal(key, f"{key[-1]} without {name}")
        return make(**values)

    return kind


_TEXT, _NUMBER = _plain("a text of one line", _text), _plain("a number from 0 on", _number)
_DURATIONS = _plain('a time such as "15 min", "2 h" or "3 d"', _duration)
_WEB = _plain("an address of the web without / at its end", _like(r"https?://\S{1,500}[^/\s]"))
_TRUTH = _plain("true or false", _boolean)
_FIELDS = {"from": "sender", "source": "sources"}
_PLACES = ("public-inbox", "maildir", "imap")
_SOURCE: dict[str, _Kind] = {
    "public-inbox": _path,
    "maildir": _path,
    "imap": _TEXT,
    "list": _plain("an address", lambda value: _address(value).lower()),
    "port": _NUMBER,
    "tls": _TRUTH,
    "user": _TEXT,
    "password-file": _path,
    "folder": _TEXT,
}
_LIST: dict[str, _Kind] = {"mode": _plain(f"one of {', '.join(Mode)}", Mode), "embargo": _DURATIONS}
_SMTP: dict[str, _Kind] = {
    "host": _TEXT,
    "port": _NUMBER,
    "starttls": _TRUTH,
    "user": _TEXT,
    "password-file": _path,
    "timeout": _DURATIONS,
}
_PATCHWORK: dict[str, _Kind] = {
    "url": _WEB,
    "token-file": _path,
    "context": _plain("letters, digits, - and _", _like(r"[\w-]{1,255}")),
    "timeout": _DURATIONS,
}
_KEYS: dict[str, _Kind] = {
    "state": _path,
    "journal": _path,
    "instance": _plain("a name such as kfunclint.example.org", _like(r"[a-z0-9.-]{1,100}")),
    "from": _plain("a name and an address in ASCII", _mailbox),
    "reply-to": _plain("a name and an address in ASCII", _mailbox),
    "bounces": _plain("an address", _address),
    "unsubscribe": _plain("a name and an address in ASCII", _mailbox),
    "deliver": _plain(f"one of {', '.join(Delivery)}", Delivery),
    "drafts": _path,
    "pages": _path,
    "url": _WEB,
    "metrics": _path,
    "config": _path,
    "tree": _path,
    "source": _sources,
    "lists": _lists,
    "allow-authors": _plain("a list of patterns such as *@example.org", _listed(_text)),
    "ignore-senders": _plain("a list of patterns such as *@example.org", _listed(_text)),
    "levels": _plain(f"a list of {', '.join(Level)}", _listed(Level)),
    "precision": _plain("a number from 0 to 100", _number),
    "precision-from": _NUMBER,
    **dict.fromkeys(("quiet", "quiet-incomplete", "embargo", "max-age", "keep", "poll"), _DURATIONS),
    **dict.fromkeys(("author-mails-a-day", "author-series-a-day", "mails-an-hour", "mails-a-day"), _NUMBER),
    **dict.fromkeys(("largest-mail", "most-patches"), _NUMBER),
    "smtp": _made(Smtp, _SMTP, "host"),
    "sendmail": _plain("a list of words", _listed(_text)),
    "patchwork": _made(Patchwork, _PATCHWORK, "url", "token-file"),
}
