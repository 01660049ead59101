"""What is said to whom: every rule of manners, each on its own."""

from __future__ import annotations

import pytest
from bots import AUTHOR, HOUR, LIST, Server, World, a_patch, ids, log_lines, smtp_settings

from kfunclint.bot.manners.ignored import why_ignored
from kfunclint.bot.manners.lists import permission
from kfunclint.bot.manners.recipients import recipient
from kfunclint.bot.manners.withdrawn import is_taken_back
from kfunclint.bot.settings import BotSettings, ListPolicy, Mode
from kfunclint.mail import mime
from kfunclint.mail.inbox import read_inbox
from kfunclint.mail.message import Headers, Mail
from kfunclint.pipeline import pipeline
from kfunclint.value import replace

pytest_plugins = ["bot_fixtures"]

OTHER = "other@lists.example.org"


def settings(world: World, **values: object) -> BotSettings:
    return replace(world.settings, **values)  # type: ignore[arg-type]


def patch_of(mail: bytes) -> Mail:
    (series,) = read_inbox([mail]).series
    return series.patches[0]


class TestLists:
    """What lists allow."""

    def mode(self, world: World, addresses: list[str], **modes: Mode) -> Mode:
        lists = {f"{name}@lists.example.org": ListPolicy(mode) for name, mode in modes.items()}
        return permission(addresses, settings(world, lists=lists)).mode

    def test_a_list_that_is_not_named_is_off(self, world: World) -> None:
        assert self.mode(world, [LIST]) is Mode.OFF

    def test_a_list_that_is_not_named_does_not_mute_others(self, world: World) -> None:
        assert self.mode(world, [LIST, OTHER], bpf=Mode.LIST) is Mode.LIST

    @pytest.mark.parametrize("mode", list(Mode))
    def test_the_strictest_wins(self, mode: Mode, world: World) -> None:
        assert self.mode(world, [LIST, OTHER], bpf=Mode.LIST, other=mode) is mode

    def test_an_address_counts_as_a_whole(self, world: World) -> None:
        assert self.mode(world, [f"x-{LIST}", f"{LIST}.example.com"], bpf=Mode.LIST) is Mode.OFF

    def test_only_mode_list_gives_lists_a_copy(self, world: World) -> None:
        for mode in Mode:
            lists = {LIST: ListPolicy(mode)}
            allowed = permission([LIST, OTHER], settings(world, lists=lists))
            assert allowed.lists == ((LIST,) if mode is Mode.LIST else ())

    def test_the_longest_embargo_counts_and_netdev_has_a_day(self, world: World) -> None:
        lists = {LIST: ListPolicy(Mode.AUTHOR, HOUR), OTHER: ListPolicy(Mode.AUTHOR, 2 * HOUR)}
        chosen = settings(world, lists=lists, embargo=6 * HOUR)
        assert permission([LIST], chosen).embargo == HOUR
        assert permission([LIST, OTHER], chosen).embargo == 2 * HOUR
        assert permission([LIST, "netdev@vger.kernel.org"], chosen).embargo == 24 * HOUR
        assert permission(["elsewhere@example.org"], chosen).embargo == 6 * HOUR


def test_a_list_in_mode_draft_gets_drafts_where_others_get_mail(world: World, server: Server) -> None:
    world.configure(smtp_settings(server.port), mode="draft")
    world.begin()
    world.judged(a_patch(1, 1))
    assert [(row["state"], row["why"]) for row in world.rows()] == [("draft", "the list wants drafts alone")]


def test_a_list_that_is_off_gets_nothing(world: World) -> None:
    world.configure("", mode="off")
    world.begin()
    world.judged(a_patch(1, 1))
    assert not world.rows()
    assert world.rows("SELECT * FROM finding")


def test_the_lists_of_all_copies_decide(world: World) -> None:
    """A mail that reached another list as a blind copy is as much that list's."""
    (world.root / "other" / "new").mkdir(parents=True)
    (world.root / "other" / "cur").mkdir()
    text = world.config.read_text()
    world.config.write_text(
        text + f'[[source]]\nmaildir = "other"\nlist = "{OTHER}"\n[lists."{OTHER}"]\nmode = "off"\n'
    )
    world.begin()
    world.post(a_patch(1, 1))
    (world.root / "other" / "new" / "copy").write_bytes(a_patch(1, 1, received="by other"))
    world.judged()
    assert not world.rows()


IGNORED = {
    "our own address": {"by": "A bot <bot@bot.example.org>"},
    "the sender is a program": {"by": "kernel test robot <lkp@intel.com>"},
    "sent by a program (Auto-Submitted)": {"auto_submitted": "auto-generated; x"},
    "sent by a program (Return-Path)": {"return_path": "<>"},
    "a report or a digest": {"content_type": "multipart/report; boundary=x"},
    "our own loop (X-Loop)": {"x_loop": "bot.example.org"},
    "announced by a program": {"subject": "[tip: core/bpf] [PATCH] bpf: x"},
}


def fields(mail: bytes) -> dict[str, tuple[str, ...]]:
    return dict(mime.decode(mail)[0].fields)


@pytest.mark.parametrize("why", IGNORED)
def test_mails_of_programs_are_not_looked_at(why: str, world: World) -> None:
    world.configure(smtp_settings(25))
    mail = a_patch(1, 1, **IGNORED[why])  # type: ignore[arg-type]  # none of them is a flag or a number
    sender = fields(mail)["from"][0].rpartition("<")[2].rstrip(">")
    assert why_ignored(fields(mail), sender, world.settings) == why


@pytest.mark.parametrize(
    "header",
    [{"precedence": "bulk"}, {"list_id": "<bpf.lists.example.org>"}, {"auto_submitted": "no"}, {"x_loop": "another"}],
)
def test_what_lists_add_is_no_reason(header: dict[str, str], world: World) -> None:
    mail = a_patch(1, 1, **header)  # type: ignore[arg-type]
    assert why_ignored(fields(mail), "ann@example.org", world.settings) == ""


@pytest.mark.parametrize(
    "sender",
    [
        "noreply@example.org",
        "mailer-daemon@example.org",
        "Postmaster@example.org",
        "bugzilla-daemon@kernel.org",
        "syzbot+1234@syzkaller.appspotmail.com",
        "patchwork-bot+netdevbpf@kernel.org",
        "pr-tracker-bot@kernel.org",
        "tip-bot2@linutronix.de",
        "sashiko-bot@kernel.org",
        "bot+bpf-ci@kernel.org",
        "mine@example.net",
    ],
)
def test_senders_that_are_programs(sender: str, world: World) -> None:
    assert why_ignored({}, sender, settings(world, ignore_senders=("*@example.net",))) == "the sender is a program"


def test_a_mail_that_claims_to_be_ours_is_not_judged(world: World) -> None:
    world.begin()
    world.judged(a_patch(1, 1, message_id=f"<kfunclint.{'0' * 32}@bot.example.org>"))
    assert [row["kind"] for row in world.rows("SELECT * FROM mail")] == ["ours"]
    assert not world.rows()


class TestRecipients:
    """Only who is in the header of the list's own mail."""

    def to(self, world: World, headers: Headers, **values: object) -> tuple[str, str]:
        with world.opened() as database:
            return tuple(recipient(headers, (LIST,), settings(world, **values), database))  # type: ignore[return-value]

    def test_the_sender(self, world: World) -> None:
        assert self.to(world, Headers(author=AUTHOR, sender=AUTHOR)) == (AUTHOR, "")

    def test_a_stranger_that_the_text_names_is_not_written_to(self, world: World) -> None:
        headers = Headers(author="Eve <eve@example.com>", sender=AUTHOR)
        assert self.to(world, headers)[0] == AUTHOR

    def test_an_author_that_the_header_has_too_is(self, world: World) -> None:
        eve = "Eve <eve@example.com>"
        assert self.to(world, Headers(author=eve, sender=AUTHOR, cc=(eve,)))[0] == eve

    def test_the_relay_of_b4_names_its_author(self, world: World) -> None:
        relay = "Ann Author via B4 Relay <devnull+ann.example.org@kernel.org>"
        assert self.to(world, Headers(author=AUTHOR, sender=relay))[0] == AUTHOR
        assert self.to(world, Headers(author="Eve <eve@example.com>", sender=relay))[0] == relay

    def test_a_list_that_sends_in_the_name_of_others_is_not(self, world: World) -> None:
        headers = Headers(author=f"Ann via bpf <{LIST}>", sender=f"Ann via bpf <{LIST}>")
        assert self.to(world, headers) == ("", "the list has put itself in the place of the sender")

    def test_allow_authors(self, world: World) -> None:
        headers = Headers(author=AUTHOR, sender=AUTHOR)
        assert self.to(world, headers, allow_authors=("*@EXAMPLE.org",)) == (AUTHOR, "")
        assert self.to(world, headers, allow_authors=("*@example.com",))[1] == "the author is not in allow-authors"
        assert self.to(world, headers, allow_authors=())[1] == "the author is not in allow-authors"

    def test_who_wants_no_mail_gets_none(self, world: World) -> None:
        with world.opened() as database, database.transaction("test"):
            database.execute("INSERT INTO optout VALUES ('ann@example.org', 0, 'test')")
        assert self.to(world, Headers(author=AUTHOR, sender=AUTHOR)) == ("", "the author does not want mail")


HOSTILE = [
    "Ann <ann@example.org\r\nBcc: eve@example.com>",
    "=?utf-8?q?Ann?= <=?utf-8?q?eve=40example=2Ecom?=@example.org>",
    '"Ann, eve@example.com" <ann@example.org>',
    "ann@example.org, eve@example.com",
    "<ann@example.org> <eve@example.com>",
    "Ann (eve@example.com) <ann@example.org>",
    "Ann",
    "",
]


@pytest.mark.parametrize("sender", HOSTILE)
def test_nobody_else_is_ever_written_to(sender: str, world: World) -> None:
    world.begin()
    world.judged(a_patch(1, 1, by=sender))
    for row in world.rows():
        assert row["rcpt"] in {"ann@example.org", "eve@example.com"}
        assert row["rcpt"] == row["author"]
    for draft in world.drafts():
        assert draft["bcc"] is None
        assert len(draft.get_all("to", [])) == 1


@pytest.mark.parametrize(
    ("text", "taken_back"),
    [
        ("Please ignore this one.\n", True),
        ("I withdraw this.\n", True),
        ("Withdrawn.\n", True),
        ("NAK, I will send another.\n", True),
        ("Self-NAK.\n", True),
        ("pls disregard\n", True),
        ("> please ignore\n\nNo.\n", False),
        ("Errors are ignored here.\n", False),
    ],
)
def test_what_takes_a_series_back(text: str, taken_back: bool) -> None:
    mail = patch_of(a_patch(1, 1))
    assert is_taken_back(replace(mail, body=text), {"ann@example.org"}) is taken_back
    assert not is_taken_back(replace(mail, body=text), {"max@example.org"})


@pytest.mark.usefixtures("remembered")
class TestLimits:
    """How many mails are too many."""

    @pytest.fixture
    def mailing(self, world: World, server: Server) -> World:
        world.configure(smtp_settings(server.port))
        world.begin()
        return world

    def test_one_author_gets_no_more_than_three_series_a_day(self, mailing: World) -> None:
        for name in ("a", "b", "c", "d"):
            mailing.judged(a_patch(1, 1, series=name))
        assert mailing.states() == {"a-v1-1": "sent", "b-v1-1": "sent", "c-v1-1": "sent", "d-v1-1": "draft"}
        mailing.later(24 * HOUR)
        mailing.judged(a_patch(1, 1, series="e"))
        assert mailing.states()["e-v1-1"] == "sent"

    def test_one_author_gets_no_more_than_five_mails_a_day(self, mailing: World) -> None:
        mailing.judged(*(a_patch(number, 6) for number in range(1, 7)))
        assert list(mailing.states().values()) == ["sent"] * 5 + ["draft"]
        mailing.judged(a_patch(1, 1, series="b", by="Ben <ben@example.org>"))
        assert mailing.states()["b-v1-1"] == "sent"

    def test_above_a_global_limit_all_waits(
        self, mailing: World, server: Server, capsys: pytest.CaptureFixture[str]
    ) -> None:
        mailing.configure(f"mails-an-hour = 2\n{smtp_settings(server.port)}")
        people = [f"P <p{number}@example.org>" for number in range(3)]
        mailing.judged(*(a_patch(1, 1, series=f"s{number}", by=who) for number, who in enumerate(people)))
        assert sorted(mailing.states().values()) == ["queued", "sent", "sent"]
        limits = [line for line in log_lines(capsys.readouterr().err) if line["event"] == "limit"]
        assert limits[0]["why"] == "2 mails in this hour"
        mailing.later(HOUR)
        mailing.run()
        assert sorted(mailing.states().values()) == ["sent"] * 3

    def test_a_mail_rests_before_it_goes(self, mailing: World, server: Server) -> None:
        mailing.configure(smtp_settings(server.port) + f'[lists."{LIST}"]\nmode = "author"\nembargo = "6 h"\n')
        mailing.judged(a_patch(1, 1))
        assert mailing.states() == {"depot-v1-1": "queued"}
        mailing.later(6 * HOUR - 21 * 60)
        mailing.run()
        assert not server.mails
        mailing.later(60)
        mailing.run()
        assert len(server.mails) == 1


def test_levels(world: World) -> None:
    world.configure('levels = ["error"]')
    world.begin()
    world.judged(a_patch(1, 1, date="Tue, 21 Oct 2025 09:30:00 +0200", subject="[PATCH 6.12] depot: add"))
    assert [row["level"] for row in world.rows("SELECT * FROM finding")] == ["warning"]
    assert not world.drafts()


def test_a_rule_that_is_wrong_too_often_is_not_mailed(world: World) -> None:
    world.begin()
    with world.opened() as database, database.transaction("test"):
        for number in range(20):
            database.execute(
                "INSERT INTO series (key, family, title, author, version, age, total, complete, first, last, state)"
                " VALUES (?, ?, 't', 'a', 1, 1, 1, 1, 0, 0, 'reviewed')",
                *(f"s{number}", f"s{number}"),
            )
            database.execute(
                "INSERT INTO finding VALUES ('k', ?, 'p', 'flags/ret-null-missing', 'warning', '', '', NULL, ?)",
                *(f"s{number}", "wrong" if number < 2 else "mended"),
            )
    world.judged(a_patch(1, 1))
    assert not world.drafts()
    assert len(world.rows("SELECT * FROM finding WHERE series='depot-v1-1@example.org'")) == 1
    world.configure("precision = 90")
    world.judged(a_patch(1, 1, series="shed"))
    assert len(world.drafts()) == 1


def test_too_many_patches_are_parked(world: World) -> None:
    world.configure("most-patches = 2")
    world.begin()
    world.judged(a_patch(1, 3), a_patch(2, 3), a_patch(3, 3))
    assert [(row["state"], row["why"]) for row in world.rows("SELECT * FROM series")] == [
        ("parked", "more than 2 patches")
    ]


def test_a_mail_without_an_id_is_parked(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.begin()
    world.judged(a_patch(1, 1, message_id=""), a_patch(1, 1, message_id="<\u00e4@example.org>"))
    reasons = {row["parked"] for row in world.rows("SELECT * FROM mail")}
    assert reasons == {"no message-id that an answer could name"}
    assert not world.rows()


def test_a_mail_of_40_mib_is_parked(world: World) -> None:
    world.begin()
    world.judged(a_patch(1, 1) + b"x\n" * (20 << 20))
    assert [row["parked"] for row in world.rows("SELECT * FROM mail")] == ["larger than 1024 KiB"]


def test_a_review_that_fails_parks_the_series_and_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    run = pipeline.run

    def failing(inbox: object, *arguments: object) -> object:
        if "shed" in str(inbox):
            raise RecursionError("too deep")
        return run(inbox, *arguments)  # type: ignore[arg-type]

    world.begin()
    monkeypatch.setattr(pipeline, "run", failing)
    world.judged(a_patch(1, 1, series="shed"), a_patch(1, 1))
    series = {row["key"]: (row["state"], row["why"]) for row in world.rows("SELECT * FROM series")}
    assert series["shed-v1-1@example.org"] == ("parked", "the review failed: RecursionError: too deep")
    assert len(world.drafts()) == 1


def test_a_review_that_ends_the_program_is_not_tried_for_ever(world: World) -> None:
    world.begin()
    world.post(a_patch(1, 1))
    world.run()
    world.later(20 * 60)
    for _ in range(2):
        assert world.killed("review.before@1") == -9
    assert world.run() == 0
    (series,) = world.rows("SELECT * FROM series")
    assert (series["state"], series["why"]) == ("parked", "the review of it ended the program 2 times")


def test_a_forged_newer_version_silences_and_says_nothing(world: World) -> None:
    world.begin()
    world.judged(a_patch(1, 1))
    forged = a_patch(1, 1, version=9, guilty=False, in_reply_to="<depot-v1-1@example.org>", by="E <e@x.org>")
    world.judged(forged)
    assert {row["patch"] for row in world.rows()} == set(ids(total=1))
