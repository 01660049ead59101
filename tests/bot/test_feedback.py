"""Answers to our mails: what they may do, who may do it, and what comes of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from email import message_from_bytes
from pathlib import Path

import pytest
from bots import AUTHOR, HOUR, Server, World, a_patch, an_answer, log_lines, smtp_settings

from kfunclint.bot.delivery.bounces import bounce_address
from kfunclint.bot.feedback import signature
from kfunclint.bot.feedback.precision import Precision, counted, precision_of_rules
from kfunclint.bot.ledger.database import read_database
from kfunclint.bot.manners.maintainers import is_maintainer
from kfunclint.cli.main import main
from kfunclint.mail.inbox import only_mail
from kfunclint.mail.mbox import Raw

pytest_plugins = ["bot_fixtures"]
RULE = "flags/ret-null-missing"
TREE = Path(__file__).parents[2] / "fixtures" / "trees" / "shelf"

# made for these tests, used nowhere else
KEY = b"""\
-----BEGIN RSA PRIVATE KEY-----
MIICXQIBAAKBgQDLbk/LXMQ8UpxGuM320p6qs0IaFyB1gD7K7v1fS8FE4a2ss8n/
eC7TVumvmAZCKT+lEeGH4CxS8kllBh+JbnD7dkYARW99Ipuiz7anNVUh3oI1dBA0
m+UiydOLfDgiWABvgBIrkS5XNFgkBkDallPqOWydDyOg+4agvesZOID7fQIDAQAB
AoGASAhpjNLuUYXW/FvX4nw13q/WyjJCNhkRIv55DVNfvipDOxH2htVhj0gJOzoT
jT3Z4XNxbpF8YGqWfoUqiZlnu6Ej7el6pkaOG27YxQqFrJWdKs4phJ5a07Spl89x
MOHJG2oa7Zj2m7d85WESUY2TFtA51yCibzafyGyWHPkA+akCQQDuRs9Ys/r3M7Zs
LFLYO4s7pFw/PTlJZJHi+iI49WwQ9BeX5/GQB58Kv7pMV4rZzlUiE1u7jujVaKIR
gpyXuSVrAkEA2o/7DYMjubtYPt51PujWpkoFHp/8I9gzW/JcCRGYezpapsQCwmEG
a3gw6eb86YBv918s3l0ZevYjEuLVHIi0twJBAIkUNZ87U8s5dd4/lZ2Oi+hRAzzi
dP2THRaufle0YWpTcutSZbdNmyKs8HmQ93GccX+8EU8SxUJZArv+HyZuPmcCQEwf
ncdFB6pm8ANlo9x3aFueqE3UVxN899ZsgVW/RSaWWoB/AJ8HAB9qS08MXsZNL7Iu
+gew0XEcTXcEfklj690CQQDsYcoQ2HgWqlgbbd/tNlICss+8lOzX79Jnw3/yCXSh
Ak31XZ5x4Zmk6mYSzvkTZOUpn5nXRahJ5lSfcr6AMPAj
-----END RSA PRIVATE KEY-----
"""
PUBLIC = (
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDLbk/LXMQ8UpxGuM320p6qs0IaFyB1gD7K7v1fS8FE4a2ss8n/eC7TVumvmAZC"
    "KT+lEeGH4CxS8kllBh+JbnD7dkYARW99Ipuiz7anNVUh3oI1dBA0m+UiydOLfDgiWABvgBIrkS5XNFgkBkDallPqOWydDyOg+4ag"
    "vesZOID7fQIDAQAB"
)


def txt(name: bytes, timeout: int = 5) -> bytes | None:
    """The DNS of these tests: example.org signs, example.com does not."""
    return f"v=DKIM1; k=rsa; p={PUBLIC}".encode() if name == b"mail._domainkey.example.org." else None


def signed(mail: bytes, domain: bytes = b"example.org") -> bytes:
    import dkim

    wire = mail.replace(b"\n", b"\r\n")
    header: bytes = dkim.sign(wire, b"mail", domain, KEY, include_headers=[b"from", b"subject", b"message-id"])
    return header.replace(b"\r\n", b"\n") + mail


@pytest.fixture
def told(world: World, server: Server, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world whose bot has told Ann of a guilty patch."""
    pytest.importorskip("dkim")
    is_signed = signature.is_signed
    monkeypatch.setattr(
        "kfunclint.bot.feedback.answers.is_signed", lambda data, domain, lookup: is_signed(data, domain, txt)
    )
    world.configure(smtp_settings(server.port))
    world.begin()
    world.judged(a_patch(1, 1))
    assert world.states() == {"depot-v1-1": "sent"}
    return world


def ours(world: World) -> str:
    return str(world.rows()[0]["msgid"])


def outcomes(world: World) -> list[str | None]:
    return [row["outcome"] for row in world.rows("SELECT outcome FROM finding ORDER BY series, key")]


def effects(world: World) -> list[str]:
    return [row["effect"] for row in world.rows("SELECT effect FROM command ORDER BY seen, mail, number")]


@pytest.mark.parametrize("words", ["wrong", f"wrong {RULE}", f"wrong [{RULE}] since it never is", "WRONG"])
def test_an_author_says_that_it_is_wrong(words: str, told: World) -> None:
    told.post(signed(an_answer(ours(told), f"> [{RULE}]\n\nkfunclint: {words}\n", by=AUTHOR)))
    told.run()
    assert outcomes(told) == ["wrong"]
    assert effects(told) == [f"recorded as wrong: {RULE}"]
    told.judged(a_patch(1, 1, version=2))
    assert [row["patch"] for row in told.rows()] == ["depot-v1-1@example.org"]


NOTHING: dict[str, tuple[Callable[[bytes], bytes], str, str]] = {
    "without a signature": (lambda mail: mail, AUTHOR, "kfunclint: wrong\n"),
    "signed by another domain": (lambda mail: signed(mail, b"example.com"), AUTHOR, "kfunclint: wrong\n"),
    "by a stranger": (signed, "Eve <eve@example.org>", "kfunclint: wrong\n"),
    "of a rule that was not said": (signed, AUTHOR, "kfunclint: stopp\n"),
    "quoted": (signed, AUTHOR, "> kfunclint: wrong\n"),
    "inside of a sentence": (signed, AUTHOR, 'Is "kfunclint: wrong" right?\n'),
    "below a signature": (signed, AUTHOR, "-- \nkfunclint: wrong\n"),
}


@pytest.mark.parametrize("what", NOTHING)
def test_what_has_no_effect(what: str, told: World, server: Server) -> None:
    change, who, text = NOTHING[what]
    told.post(change(an_answer(ours(told), text, by=who)))
    told.run()
    assert outcomes(told) == [None]
    assert all(effect.startswith("nothing: ") for effect in effects(told))
    assert len(server.mails) == 1


MAINTAINERS = """\
List of maintainers
-------------------

\tM: *Mail* patches to: Eve <eve@example.org>

DEPOTS
R:\tRay Reviewer <ray@example.org>
M:\t"Mia, of the Depot" <Mia@example.org>
S:\tMaintained
F:\tkernel/depot/
X:\tkernel/depot/x86/

SHEDS
M:\tEve <eve@example.org>
F:\tkernel/shed/
"""


@pytest.mark.parametrize(
    ("who", "outcome"),
    [
        ("Mia <mia@example.org>", "wrong"),
        ("Ray <ray@example.org>", None),
        ("Eve <eve@example.org>", None),
    ],
)
def test_who_maintains_a_file_of_the_patch_may_say_so(who: str, outcome: str | None, told: World) -> None:
    shutil.copytree(TREE, told.root / "tree")
    (told.root / "tree" / "MAINTAINERS").write_text(MAINTAINERS)
    settings = told.config.read_text()
    told.post(signed(an_answer(ours(told), "kfunclint: wrong\n", by=who)))
    told.config.write_text(f'tree = "tree"\n{settings}')
    told.run()
    assert outcomes(told) == [outcome]


def test_a_tree_that_is_not_there_gives_nobody_a_say(told: World, capsys: pytest.CaptureFixture[str]) -> None:
    told.config.write_text(f'tree = "none"\n{told.config.read_text()}')
    told.post(signed(an_answer(ours(told), "kfunclint: wrong\n", by="Mia <mia@example.org>")))
    told.run()
    assert outcomes(told) == [None]
    assert any(line["event"] == "maintainers" for line in log_lines(capsys.readouterr().err))


@pytest.mark.parametrize(
    ("fields", "is_covered"),
    [
        ("F:\tkernel/\n", True),
        ("F:\tkernel/depot/find1.c\n", True),
        ("F:\tkernel/depot\n", False),
        ("F:\tkernel/*\n", False),
        ("F:\tkernel/*/find?.c\n", True),
        ("F:\t*/depot/\n", True),
        ("F:\tdepot/\n", False),
        ("F:\tkernel/depot/find1xc\n", False),
        ("F:\tkernel/\nX:\tkernel/depot/\n", False),
        ("K:\tkernel\n", False),
    ],
)
def test_files_of_a_section(fields: str, is_covered: bool, tmp_path: Path) -> None:
    shutil.copytree(TREE, tmp_path / "tree")
    (tmp_path / "tree" / "MAINTAINERS").write_text(f"DEPOTS\nM:\tMia <mia@example.org>\n{fields}")
    patch = only_mail(Raw("mail", 1, a_patch(1, 1)))
    assert is_maintainer("mia@example.org", tmp_path / "tree", patch) == is_covered
    assert not is_maintainer("eve@example.org", tmp_path / "tree", patch)


def test_a_changed_mail_has_no_signature(told: World) -> None:
    mail = signed(an_answer(ours(told), "kfunclint: right\n", by=AUTHOR))
    told.post(mail.replace(b"kfunclint: right", b"kfunclint: wrong"))
    told.run()
    assert outcomes(told) == [None]
    assert effects(told) == ["nothing: no valid DKIM signature of the sender's domain"]


def test_an_answer_to_somebody_else_is_not_to_us(told: World) -> None:
    told.post(signed(an_answer("depot-v1-1@example.org", "kfunclint: wrong\n", by=AUTHOR)))
    told.run()
    assert effects(told) == []


def test_programs_have_nothing_to_say(told: World) -> None:
    told.post(an_answer(ours(told), "kfunclint: stop me\n", by=AUTHOR, auto_submitted="auto-replied"))
    told.run()
    assert effects(told) == []


def test_no_more_than_ten_commands_of_a_mail_count(told: World) -> None:
    told.post(signed(an_answer(ours(told), "kfunclint: wrong\n" * 30, by=AUTHOR)))
    told.run()
    assert len(effects(told)) == 10


def test_whoever_wants_no_mail_gets_none(told: World, server: Server) -> None:
    told.post(an_answer(ours(told), "kfunclint: stop me\n", by=AUTHOR))
    told.run()
    assert effects(told) == ["gets no mail any more"]
    told.judged(a_patch(1, 1, series="shed"))
    assert list(told.states()) == ["depot-v1-1"]
    assert len(server.mails) == 1


def test_a_mail_to_the_address_of_the_header_is_enough(told: World) -> None:
    told.post(
        an_answer(
            "",
            "kfunclint: stop me\n",
            by=AUTHOR,
            message_id="<please@example.org>",
            to="bot@bot.example.org",
            in_reply_to="",
            references="",
            subject="Please",
        )
    )
    told.run()
    assert effects(told) == ["gets no mail any more"]


def test_stop_ends_all_about_a_series(told: World, server: Server) -> None:
    told.later(HOUR)
    server.fault = "MAIL 450 later"
    told.judged(a_patch(1, 2, series="shed"), a_patch(2, 2, series="shed"))
    server.fault = ""
    first = next(row for row in told.rows() if row["patch"] == "shed-v1-1@example.org")
    told.post(signed(an_answer(first["msgid"], "kfunclint: stop\n", by=AUTHOR)))
    told.later(HOUR)
    told.run()
    assert {state for patch, state in told.states().items() if patch.startswith("shed")} == {"dropped"}


def test_a_reason_of_the_author_disputes(told: World) -> None:
    text = f"> KF_RET_NULL. [{RULE}]\n\nThe id is checked by the caller, so NULL is never returned here.\n"
    told.post(signed(an_answer(ours(told), text, by=AUTHOR)))
    told.run()
    assert outcomes(told) == ["disputed"]


@pytest.mark.parametrize("text", ["Right, will fix.\n", "Why?\n", "Thanks, I will add it in the next version.\n"])
def test_an_agreement_does_not(text: str, told: World) -> None:
    told.post(signed(an_answer(ours(told), f"> KF_RET_NULL. [{RULE}]\n\n{text}", by=AUTHOR)))
    told.run()
    assert outcomes(told) == [None]


def test_the_next_version_tells_what_was_mended_and_what_stands(told: World) -> None:
    told.later(HOUR)
    told.judged(a_patch(1, 2, series="shed"), a_patch(2, 2, series="shed"))
    told.judged(a_patch(1, 2, series="shed", version=2), a_patch(2, 2, series="shed", version=2, guilty=False))
    rows = told.rows("SELECT patch, outcome FROM finding WHERE series='shed-v1-1@example.org' ORDER BY patch")
    assert [row["outcome"] for row in rows] == ["stands", "mended"]
    told.judged(a_patch(1, 2, series="shed", version=3, guilty=False), a_patch(2, 2, series="shed", version=3))
    rows = told.rows("SELECT patch, outcome FROM finding WHERE series='shed-v1-1@example.org' ORDER BY patch")
    assert [row["outcome"] for row in rows] == ["mended", "mended"]
    with read_database(told.root / "state") as database:
        assert precision_of_rules(database) == {RULE: Precision(2, 0)}


def test_a_file_that_is_not_touched_any_more_says_nothing(told: World) -> None:
    told.judged(
        a_patch(1, 1, version=2, name="other", guilty=False, subject="[PATCH bpf-next v2] depot: add bpf_depot_find1()")
    )
    assert outcomes(told) == [None]


def test_precision_counts_a_finding_once() -> None:
    found = counted([("a/b", True, False), ("a/b", False, True), ("a/b", True, True), ("a/c", False, False)])
    assert found == {"a/b": Precision(1, 2), "a/c": Precision(0, 0)}
    assert found["a/b"].percent == pytest.approx(33.3, abs=0.1)
    assert found["a/c"].percent is None


def bounce(world: World, message_id: str, number: int, status: str = "5.1.1") -> bytes:
    return (
        f"Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.org\nTo: {bounce_address(world.settings, message_id)}\n"
        f"Message-ID: <bounce-{number}@mx.example.org>\nSubject: Undelivered\n"
        "Content-Type: multipart/report; boundary=b\n\n--b\n\nno\n--b\nContent-Type: message/delivery-status\n\n"
        f"Status: {status}\n--b--\n"
    ).encode()


def test_after_two_bounces_an_address_gets_no_more(told: World, server: Server) -> None:
    told.judged(a_patch(1, 1, series="shed"))
    first, second = (message_id for message_id, _, _ in server.taken)
    told.post(bounce(told, first, 1), bounce(told, first, 2), bounce(told, second, 3, "4.0.0"))
    told.run()
    assert not told.rows("SELECT * FROM optout")
    told.post(bounce(told, second, 4))
    told.run()
    assert [(row["who"], row["by"]) for row in told.rows("SELECT * FROM optout")] == [("ann@example.org", "bounces")]


def test_the_envelope_says_which_mail_it_is_about(told: World, server: Server) -> None:
    assert server.senders == [bounce_address(told.settings, ours(told))]


def test_status_tells_of_it(told: World, capsys: pytest.CaptureFixture[str]) -> None:
    told.post(signed(an_answer(ours(told), "kfunclint: wrong\nkfunclint: stop me\n", by=AUTHOR)))
    told.run()
    capsys.readouterr()
    assert main(["bot", "status", "--disputed", "--config", str(told.config)]) == 0
    out = capsys.readouterr().out
    assert f"{RULE}: 0 mended, 1 refuted, 0 % right" in out
    assert "wrong: <depot-v1-1@example.org>: kernel/depot/find1.c" in out
    assert "ann@example.org: wrong: recorded as wrong" in out
    assert "no mail: ann@example.org" in out


def test_our_own_mail_says_no_command(told: World, server: Server) -> None:
    text = message_from_bytes(server.taken[0][2]).get_payload()
    assert not any(line.startswith("kfunclint:") for line in str(text).splitlines())
    told.post(server.taken[0][2].replace(b"Message-ID: <kfunclint.", b"Message-ID: <x."))
    told.run()
    assert effects(told) == []
