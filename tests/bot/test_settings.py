"""bot.toml: every key has a default that is safe, and what is wrong is named with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfunclint.bot.settings import DAY, HOUR, MINUTE, BotSettings, Delivery, ListPolicy, Mode, Patchwork, Smtp, read
from kfunclint.errors import InputError
from kfunclint.finding import Level


def settings(tmp_path: Path, text: str) -> BotSettings:
    path = tmp_path / "bot.toml"
    path.write_text(text)
    return read(path)


DEFAULTS: dict[str, object] = {
    "instance": "",
    "sender": "",
    "reply_to": "",
    "bounces": "",
    "unsubscribe": "",
    "deliver": Delivery.DRAFTS,
    "drafts": None,
    "pages": None,
    "url": "",
    "metrics": None,
    "config": None,
    "tree": None,
    "sources": (),
    "lists": {},
    "allow_authors": None,
    "ignore_senders": (),
    "levels": (Level.ERROR, Level.WARNING),
    "precision": 95,
    "precision_from": 20,
    "quiet": 15 * MINUTE,
    "quiet_incomplete": 2 * HOUR,
    "embargo": 6 * HOUR,
    "max_age": 3 * DAY,
    "keep": 60 * DAY,
    "author_mails_a_day": 5,
    "author_series_a_day": 3,
    "mails_an_hour": 30,
    "mails_a_day": 100,
    "largest_mail": 1024,
    "most_patches": 200,
    "poll": MINUTE,
    "smtp": None,
    "sendmail": ("/usr/sbin/sendmail",),
    "patchwork": None,
}


def test_every_key_has_its_default(tmp_path: Path) -> None:
    made = settings(tmp_path, "")
    assert {name: getattr(made, name) for name in DEFAULTS} == DEFAULTS
    assert set(BotSettings.__match_args__) - set(DEFAULTS) == {"file", "state", "journal"}
    assert (made.state, made.journal) == (tmp_path / "state", tmp_path / "journal")
    assert not made.may_mail


SET = {
    'state = "s"': ("state", "s"),
    'journal = "j"': ("journal", "j"),
    'drafts = "d"': ("drafts", "d"),
    'pages = "p"': ("pages", "p"),
    'metrics = "m.prom"': ("metrics", "m.prom"),
    'config = "c.toml"': ("config", "c.toml"),
    'tree = "linux"': ("tree", "linux"),
    'instance = "bot.example.org"': ("instance", "bot.example.org"),
    'from = "A bot <bot@example.org>"': ("sender", "A bot <bot@example.org>"),
    'reply-to = "people@example.org"': ("reply_to", "people@example.org"),
    'bounces = "b@example.org"': ("bounces", "b@example.org"),
    'unsubscribe = "u@example.org"': ("unsubscribe", "u@example.org"),
    'url = "https://example.org/kfunclint"': ("url", "https://example.org/kfunclint"),
    'allow-authors = ["*@example.org"]': ("allow_authors", ("*@example.org",)),
    'ignore-senders = ["bot@example.org"]': ("ignore_senders", ("bot@example.org",)),
    'levels = ["error"]': ("levels", (Level.ERROR,)),
    "precision = 90": ("precision", 90),
    "precision-from = 5": ("precision_from", 5),
    'quiet = "5 min"': ("quiet", 5 * MINUTE),
    'quiet-incomplete = "4h"': ("quiet_incomplete", 4 * HOUR),
    'embargo = "1 d"': ("embargo", DAY),
    'max-age = "2 d"': ("max_age", 2 * DAY),
    'keep = "90 d"': ("keep", 90 * DAY),
    'poll = "30 s"': ("poll", 30.0),
    "author-mails-a-day = 1": ("author_mails_a_day", 1),
    "author-series-a-day = 2": ("author_series_a_day", 2),
    "mails-an-hour = 3": ("mails_an_hour", 3),
    "mails-a-day = 4": ("mails_a_day", 4),
    "largest-mail = 512": ("largest_mail", 512),
    "most-patches = 20": ("most_patches", 20),
    'sendmail = ["msmtp", "-t"]': ("sendmail", ("msmtp", "-t")),
    '[lists."BPF@vger.kernel.org"]\nmode = "author"\nembargo = "2 h"': (
        "lists",
        {"bpf@vger.kernel.org": ListPolicy(Mode.AUTHOR, 2 * HOUR)},
    ),
    '[smtp]\nhost = "localhost"\nport = 587\nstarttls = false\ntimeout = "9 s"': (
        "smtp",
        Smtp("localhost", 587, starttls=False, timeout=9.0),
    ),
}


@pytest.mark.parametrize("text", SET)
def test_every_key_is_read(text: str, tmp_path: Path) -> None:
    name, value = SET[text]
    found = getattr(settings(tmp_path, text), name)
    assert found == value or found == tmp_path / str(value)


def test_sources_and_patchwork(tmp_path: Path) -> None:
    made = settings(
        tmp_path,
        """
[[source]]
public-inbox = "lore/bpf"
list = "bpf@vger.kernel.org"
[[source]]
maildir = "Maildir"
[[source]]
imap = "imap.example.org"
user = "ann"
password-file = "password"
folder = "lists"
[patchwork]
url = "https://patchwork.example.org/api/1.3"
token-file = "token"
context = "kfuncs"
""",
    )
    assert [(one.kind, one.list) for one in made.sources] == [
        ("public-inbox", "bpf@vger.kernel.org"),
        ("maildir", ""),
        ("imap", ""),
    ]
    assert made.sources[0].place == str(tmp_path / "lore" / "bpf")
    assert (made.sources[2].place, made.sources[2].port, made.sources[2].tls) == ("imap.example.org", 993, True)
    assert made.patchwork == Patchwork("https://patchwork.example.org/api/1.3", tmp_path / "token", "kfuncs")


WRONG = {
    'embargoo = "1 h"': "bot.toml:1: unknown key 'embargoo', did you mean embargo?",
    "embargo = 6": 'bot.toml:1: embargo must be a time such as "15 min", "2 h" or "3 d"',
    'deliver = "mail"': "bot.toml:1: deliver must be one of drafts, smtp, sendmail",
    'deliver = "smtp"': "bot.toml:1: instance must be set where mails are sent",
    'state = "x"\njournal = "x/journal"': "bot.toml:2: the journal must not lie in the state folder: who restores that "
    "would lose it, too",
    '\n[lists."bpf"]\nmode = "author"': "bot.toml:2: bpf must be an address",
    '[lists."bpf@vger.kernel.org"]': "bot.toml:1: a list without mode",
    '[lists."bpf@vger.kernel.org"]\nmode = "loud"': "bot.toml:2: mode must be one of off, draft, author, list",
    '[smtp]\nhost = "mx.example.org"\nstarttls = false': "bot.toml:1: starttls may be off only for this machine",
    "[smtp]\nport = 25": "bot.toml:1: smtp without host",
    '[smtp]\nhost = "mx.example.org"\nuser = "u"': "bot.toml:1: user without password-file",
    '[[source]]\nlist = "a@example.org"': "bot.toml:1: a source has one of public-inbox, maildir, imap",
    '[[source]]\nmaildir = "a"\nimap = "b"': "bot.toml:1: a source has one of public-inbox, maildir, imap",
    '[[source]]\nimap = "b"': "bot.toml:1: imap needs user and password-file",
    'from = "\u00c4nn <ann@example.org>"': "bot.toml:1: from must be a name and an address in ASCII",
    'from = "Ann <ann@example.org>\\nBcc: x@example.org"': "bot.toml:1: from must be a name and an address in ASCII",
    "precision = -1": "bot.toml:1: precision must be a number from 0 to 100",
    '[patchwork]\nurl = "https://example.org/api/1.3/"\ntoken-file = "t"': "bot.toml:2: url must be an address of the "
    "web without / at its end",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_named(text: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as raised:
        settings(tmp_path, text)
    assert str(raised.value).removeprefix(f"{tmp_path}/") == WRONG[text]
