"""What somebody has said already: which findings a thread withholds, and which it does not."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

from kfunclint.checker.result import Review
from kfunclint.checker.review import review
from kfunclint.clang import Parser
from kfunclint.discussion import thread
from kfunclint.discussion.quotes import MOST_QUOTED, quoted_blocks
from kfunclint.discussion.said_before import without_answered
from kfunclint.discussion.thread import Thread
from kfunclint.discussion.topic import Matcher, is_reason
from kfunclint.finding import Fix, Origin, Place
from kfunclint.mail.inbox import read_inbox, select_series
from kfunclint.mail.message import Inbox
from kfunclint.report import formats
from kfunclint.rule import loader, names
from kfunclint.rule.rule import Rule
from kfunclint.value import replace

THREADS = ROOT / "fixtures" / "threads"
REPLIES = sorted(path.stem for path in (THREADS / "replies").glob("*.mbox"))

NULL, GRAMMAR, SPELLING = "flags/ret-null-missing", "text/grammar", "text/spelling"
RETURN, TRUSTED = "kerneldoc/return-missing", "flags/trusted-args-with-release"
ALL = {
    1: {NULL, GRAMMAR, SPELLING, RETURN, TRUSTED},
    2: {NULL, GRAMMAR, RETURN},
}

# what is withheld for v1, and for v2
CASES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "point": ({NULL: "Max Maintainer has said it in <max-1@example.org>"}, {}),
    "other-words": (
        dict.fromkeys((NULL, RETURN), "Max Maintainer has said it in <max-1@example.org>"),
        {},
    ),
    "other-point": ({}, {}),
    "split": ({GRAMMAR: "Max Maintainer has said it in <max-1@example.org>"}, {}),
    "split-before": ({}, {}),
    "wrapped": ({TRUSTED: "Max Maintainer has said it in <max-1@example.org>"}, {}),
    "broken": ({}, {}),
    "top-posting": ({}, {}),
    "cut": ({}, {}),
    "nearer": ({}, {}),
    "all": ({NULL: "Max Maintainer has said it in <max-1@example.org>"}, {}),
    "bot": ({NULL: "review-bot@example.org has said it in <bot-1@example.org>"}, {}),
    "carets": ({}, {}),
    "because-far": ({}, {}),
    "subject-only": ({NULL: "Max Maintainer has said it in <max-1@example.org>"}, {}),
    "elsewhere": ({}, {}),
    "not-certain": ({}, {}),
    "correction": (
        dict.fromkeys((SPELLING, TRUSTED), "Max Maintainer has said it in <max-1@example.org>"),
        {},
    ),
    "same-word": ({}, {}),
    "silent": ({NULL: "Max Maintainer has said it in <max-1@example.org>"}, {}),
    "answered": (
        {NULL: "Max Maintainer has said it in <max-1@example.org>"},
        {NULL: "Ann Author has answered it for v1 in <ann-1@example.org>"},
    ),
    "answered-trimmed": (
        {NULL: "Max Maintainer has said it in <max-1@example.org>"},
        {NULL: "Ann Author has answered it for v1 in <ann-1@example.org>"},
    ),
    "answered-late": (
        {NULL: "Max Maintainer has said it in <max-1@example.org>"},
        {NULL: "Ann Author has answered it for v1 in <ann-2@example.org>"},
    ),
    "agreed": ({NULL: "Max Maintainer has said it in <max-1@example.org>"}, {}),
    "thanked": ({NULL: "Max Maintainer has said it in <max-1@example.org>"}, {}),
    "asked-back": ({NULL: "Max Maintainer has said it in <max-1@example.org>"}, {}),
    "answered-by-another": ({NULL: "Max Maintainer has said it in <max-1@example.org>"}, {}),
    "quoted-only": (
        {NULL: "somebody has said it, <ann-1@example.org> quotes it"},
        {NULL: "Ann Author has answered it for v1 in <ann-1@example.org>"},
    ),
    "on-v2": ({}, {NULL: "Max Maintainer has said it in <max-3@example.org>"}),
    "flowed": ({NULL: "Max Maintainer has said it in <max-1@example.org>"}, {}),
    "html": ({}, {}),
    "circle": ({}, {}),
}


def rules() -> tuple[Rule[Any], ...]:
    return names.choose(loader.shipped(), only=(), ignore=(), strict=False)


def inbox(*names: str) -> Inbox:
    found = read_inbox(str(THREADS / f"{name}.mbox") for name in names)
    assert not found.errors
    return found


@cache
def reviewed(version: int) -> Review:
    (series,) = select_series(inbox("v1", "v2"), version, False)
    with Parser() as parser:
        return review(series, rules(), parser)


def listened(version: int, found: Inbox) -> Review:
    """The review of a version with the replies of an inbox that holds it."""
    (series,) = select_series(found, version, False)
    return without_answered(replace(reviewed(version), series=series), found, Thread(found))


def test_every_fixture_has_its_case() -> None:
    assert set(REPLIES) == set(CASES)
    for version, found in ALL.items():
        assert {finding.rule for finding in reviewed(version).findings} == found


@pytest.mark.parametrize("name", REPLIES)
@pytest.mark.parametrize("version", [1, 2])
def test_what_was_said_is_withheld_and_nothing_else(name: str, version: int) -> None:
    found = listened(version, inbox("v1", "v2", f"replies/{name}"))
    expected = CASES[name][version - 1]
    assert {one.finding.rule: one.why for one in found.withheld} == expected
    assert {finding.rule for finding in found.findings} == ALL[version] - set(expected) | (
        {RETURN} if version == 2 else set()
    )
    assert len(found.findings) + len(found.withheld) == len(reviewed(version).findings)


REPLY = """\
From mboxrd@z Thu Jan  1 00:00:00 1970
{head}In-Reply-To: <depot-v1@example.org>
Subject: Re: [PATCH bpf-next] depot: let programs look a depot up

> + * bpf_depot_size - Measure a depot
{text}
"""
MAX = "From: Max Maintainer <max@example.org>\n"
ANN = "From: Ann Author <ann@example.org>\n"


def heard(*replies: str) -> dict[str, str]:
    """What replies to v1 withhold, and why."""
    found = read_inbox([str(THREADS / "v1.mbox"), *(reply.encode() for reply in replies)])
    assert len(found.replies) == len(replies)
    return {one.finding.rule: one.why for one in listened(1, found).withheld}


def test_drafts_are_no_voice() -> None:
    (draft,) = formats.files("reply", reviewed(1)).values()
    sent = f"Message-ID: <bot-1@example.org>\n{draft}"
    bot = "From: Review Bot <bot@example.org>\n"
    assert [heard(text) for text in (draft, sent, bot + draft)] == [{}, {}, {}]
    assert set(heard(bot + sent).values()) == {"Review Bot has said it in <bot-1@example.org>"}
    assert len(heard(bot + sent)) > 2


@pytest.mark.parametrize("head", [MAX, "From: max@example.org (Max Maintainer)\n"])
def test_a_voice_without_a_message_id_is_named_by_its_sender(head: str) -> None:
    said = heard(REPLY.format(head=head, text="Return: is missing."))
    assert said == {RETURN: "Max Maintainer has said it in a mail without Message-ID"}


@pytest.mark.parametrize("text", ["The name says what it returns.", "I returned to it.", "What a name for a return."])
def test_an_answer_of_the_author_is_not_the_point(text: str) -> None:
    assert heard(REPLY.format(head=ANN, text=text)) == {}
    assert RETURN in heard(REPLY.format(head=MAX, text="What does it return?"))
    assert RETURN in heard(REPLY.format(head=ANN, text="I forgot the Return: section."))


def test_what_stands_is_counted_though_others_have_named_it() -> None:
    found = listened(1, inbox("v1", "replies/point"))
    for count, words in ((1, "nothing new: 1 stands that others have named in"), (0, "nothing found in")):
        kept = replace(found, findings=(), withheld=found.withheld[:count])
        assert f"\n{words} 1 patch\n" in formats.render("terminal", kept)


def test_a_lone_series_is_reviewed_as_ever() -> None:
    found = inbox("v1")
    assert listened(1, found) == replace(reviewed(1), series=found.series[0])


# What a remark must name.


def topic(rule: str, **more: Any) -> Matcher:
    return Matcher(replace(next(one for one in reviewed(1).findings if one.rule == rule), **more))


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (NULL, "KF_RET_NULL?"),
        (NULL, "Can it be null?"),
        (TRUSTED, "Same here. [flags/trusted-args-with-release]"),
        (TRUSTED, "KF_TRUSTED_ARGS is not needed."),
        (RETURN, "And what is returned?"),
        (SPELLING, "receive"),
        (SPELLING, "s/recieve/receive/"),
        (SPELLING, "There is a typo in receive here."),
        (SPELLING, "nit: typo"),
    ],
)
def test_a_remark_right_below_that_says_the_same(rule: str, text: str) -> None:
    assert topic(rule).matches_at(text)


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (NULL, "Why does it return a depot and not its number?"),
        (NULL, "Is KF_RCU not enough?"),
        (TRUSTED, "Please add KF_SLEEPABLE, it sleeps."),
        (RETURN, "Please write bpf_depot_size() with brackets."),
        (SPELLING, "Does it receive one that is about to close?"),
        (SPELLING, "There is a typo somewhere in this paragraph."),
    ],
)
def test_a_remark_right_below_that_says_something_else(rule: str, text: str) -> None:
    assert not topic(rule).matches_at(text)


def test_short_words_correct_only_on_their_own() -> None:
    found = topic(SPELLING, message='"may" should read "can"', at=replace(topic_place(), column=11, end_column=14))
    assert found.matches_at("can*")
    assert not found.matches_at("You may say that it can close, if that is what happens here.")


def topic_place() -> Place:
    return next(one.at for one in reviewed(1).findings if one.rule == SPELLING)


def test_a_remark_may_use_the_words_of_the_fix() -> None:
    mend = Fix("check the range of the index first")
    found = topic(NULL, message="bpf_depot_find() is wrong", fix=mend)
    assert found.matches_at("Who checks that the range is right?")
    assert not found.matches_at("Who checks that?")


def test_further_up_a_remark_must_name_what_no_prose_has() -> None:
    assert topic(NULL).matches_nearby("KF_RET_NULL is missing.")
    assert not topic(NULL).matches_nearby("It may be NULL, what about KF_ACQUIRE then?")


# What replies are about.

FIND = "+BTF_ID_FLAGS(func, bpf_depot_find, KF_ACQUIRE)"
PUT = "+BTF_ID_FLAGS(func, bpf_depot_put, KF_RELEASE | KF_TRUSTED_ARGS)"


def a_reply(body: str, number: int = 1, parent: str = "depot-v1", author: str = "max") -> str:
    return (
        f"From mboxrd@z Thu Jan  1 00:00:00 1970\nFrom: <{author}@example.org>\nSubject: Re: depot\n"
        f"Message-ID: <reply-{number}@example.org>\nIn-Reply-To: <{parent}@example.org>\n\n{body}\n\n"
    )


def a_thread(tmp_path: Path, *replies: str, change: tuple[str, str] = ("", "")) -> Inbox:
    """Both versions, v1 with a text of it changed, and replies."""
    path = tmp_path / "thread.mbox"
    versions = [(THREADS / f"v{version}.mbox").read_text() for version in (1, 2)]
    path.write_text(versions[0].replace(*change) + versions[1] + "".join(replies))
    return read_inbox([str(path)])


def heard_at(inbox: Inbox, text: str) -> list[list[tuple[str, ...]]]:
    """What was said about every line of v1 with this text: for each of them the lines of all voices."""
    thread = Thread(inbox)
    (patch,) = inbox.series[0].patches
    lines = [number for number, line in enumerate(patch.body.split("\n"), 1) if line == text]
    return [[voice.lines for point in thread.at(patch, number) for voice in point.comments] for number in lines]


def test_a_line_that_stands_in_several_places_is_known_by_its_neighbours(tmp_path: Path) -> None:
    twice = "+ * @depot: which one"
    assert heard_at(a_thread(tmp_path, a_reply(f"> {twice}\nWhy?")), twice) == [[], []]
    below = a_thread(tmp_path, a_reply(f"> + * bpf_depot_size - Measure a depot\n> {twice}\nWhy?"))
    assert heard_at(below, twice) == [[], [("Why?",)]]
    above = a_thread(
        tmp_path, a_reply(f"> {twice}\n> + */\n> +__bpf_kfunc void bpf_depot_put(struct depot *depot)\nWhy?")
    )
    assert heard_at(above, twice) == [[("Why?",)], []]


def test_the_rest_of_a_broken_line_is_no_remark(tmp_path: Path) -> None:
    broken = PUT.replace("| ", "|\n")
    assert heard_at(a_thread(tmp_path, a_reply(f"> {broken}\n\nFine.")), PUT) == [[("Fine.",)]]
    assert heard_at(a_thread(tmp_path, a_reply(f"> {broken}")), PUT) == [[]]


def test_words_that_are_quoted_again_are_heard_once(tmp_path: Path) -> None:
    first = a_reply(f"> {FIND}\nWhat does it return?")
    second = a_reply(f">> {FIND}\n> What does it return?\n\nA depot.", 2, "reply-1", "ann")
    assert heard_at(a_thread(tmp_path, first, second), FIND) == [[("What does it return?",), ("A depot.",)]]


def test_an_answer_to_words_that_were_said_twice_is_about_nothing(tmp_path: Path) -> None:
    first = a_reply(f"> {FIND}\nIs that so, really?\n> {PUT}\nIs that so, really?")
    second = a_reply("> Is that so, really?\nIt is.", 2, "reply-1", "ann")
    inbox = a_thread(tmp_path, first, second)
    assert heard_at(inbox, FIND) == heard_at(inbox, PUT) == [[("Is that so, really?",)]]


@pytest.mark.parametrize(("author", "withheld"), [("max", 1), ("ann", 0)])
def test_what_an_author_writes_some_lines_below_is_an_answer(author: str, withheld: int, tmp_path: Path) -> None:
    found = a_thread(
        tmp_path, a_reply(f"> {FIND}\n> +BTF_KFUNCS_END(bpf_depot_ids)\nKF_ACQUIRE and NULL?", author=author)
    )
    finding = next(one for one in reviewed(1).findings if one.rule == NULL)
    finding = replace(finding, message="bpf_depot_find() has KF_ACQUIRE and gives NULL", fix=None)
    alone = replace(reviewed(1), series=found.series[0], findings=(finding,))
    assert len(without_answered(alone, found, Thread(found)).withheld) == withheld


def test_of_more_text_than_anybody_reads_the_first_replies_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = a_thread(tmp_path, a_reply(f"> {FIND}\nWhy?"), a_reply(f"> {FIND}\n> Why?\nSo.", 2, "reply-1"))
    monkeypatch.setattr(thread, "MOST_TEXT", len(found.replies[0].body))
    assert heard_at(found, FIND) == [[("Why?",)]]


ANSWERED = (
    a_reply(f"> +BTF_KFUNCS_START(bpf_depot_ids)\n> {FIND}\nKF_RET_NULL is missing."),
    a_reply("> KF_RET_NULL is missing.\nIt never returns that, see depot_by_id().", 2, "reply-1", "ann"),
)


@pytest.mark.parametrize(
    ("change", "withheld"),
    [
        (("", ""), 1),
        (("kernel/depot/bpf.c", "kernel/depot/old.c"), 0),
        (("+BTF_KFUNCS_START", FIND + "\n+BTF_KFUNCS_START"), 0),
    ],
    ids=["same", "another file", "twice"],
)
def test_an_answer_for_an_earlier_version_is_about_the_same_line(
    change: tuple[str, str], withheld: int, tmp_path: Path
) -> None:
    found = a_thread(tmp_path, *ANSWERED, change=change)
    assert len(listened(2, found).withheld) == withheld


def test_what_kfunclint_mailed_itself_is_not_mailed_again(tmp_path: Path) -> None:
    first = reviewed(1)
    (text,) = formats.files("reply", first).values()
    reply = tmp_path / "reply.eml"
    reply.write_text(f"From: kfunclint <kfunclint@example.org>\nMessage-ID: <bot-1@example.org>\n{text}")
    found = read_inbox([str(THREADS / "v1.mbox"), str(reply)])
    again = listened(1, found)
    assert again.findings == ()
    assert {one.why for one in again.withheld} == {"kfunclint has said it in <bot-1@example.org>"}


def test_a_version_that_came_later_has_no_say_about_an_older_one() -> None:
    assert listened(1, inbox("v1", "v2", "replies/on-v2")).withheld == ()


@pytest.mark.parametrize(
    "text",
    [
        "It cannot be NULL, the verifier sees to that.",
        "No, because a KF_RCU pointer is never NULL here.",
        "Yes, but the id comes from the map, which holds valid ones only.",
        "This is on purpose: the caller checks it.",
    ],
)
def test_a_reason(text: str) -> None:
    assert is_reason(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "No.",
        "Will do.",
        "Ok, I'll add it.",
        "Right, that is what the verifier wants to see.",
        "Hi Max, thanks for looking at this so closely.",
        "Good point, let me think about how to do that.",
        "I forgot about that one, it is the same for all of them.",
        "This will be in v3, together with the tests.",
        "I have added the flag to all of the entries.",
        "You are absolutely right about the flag of this one.",
        "Do you mean the other one? Or is it this one here?",
    ],
)
def test_no_reason(text: str) -> None:
    assert not is_reason(text)


# Taking replies apart.


def quotes(body: str) -> list[tuple[tuple[str, ...], list[tuple[int, tuple[str, ...]]]]]:
    return [(one.quoted, [(turn.level, turn.lines) for turn in one.utterances]) for one in quoted_blocks(body)]


def test_levels_say_who_wrote_what() -> None:
    body = "On Monday Max wrote:\n> On Sunday Ann wrote:\n> > +\tx = 1;\n>\n>  Why 1?\n\nBecause.\n\n> Ok.\nFine."
    assert quotes(body) == [
        (("+ x = 1;",), [(1, ("Why 1?",)), (0, ("Because.",)), (1, ("Ok.",)), (0, ("Fine.",))]),
        (("Why 1?",), [(0, ("Because.",))]),
        (("Ok.",), [(0, ("Fine.",))]),
    ]


@pytest.mark.parametrize("mark", ["[...]", "[ ... ]", "[snip]", "<snip>", "...", "(...)", "\u2026", "[Snipped]"])
def test_a_cut_ends_a_quote_and_a_remark(mark: str) -> None:
    assert quotes(f"> a\n{mark}\nText.") == []
    assert quotes(f"> a\n> {mark}\n> b\nText.\n{mark}\nMore.") == [(("b",), [(0, ("Text.",))])]


def test_behind_a_cut_nobody_has_a_say() -> None:
    assert quotes("> > a\n> Text.\n> [...]\nMore.") == [(("a",), [(1, ("Text.",))])]


def test_a_line_that_says_who_wrote_is_no_remark() -> None:
    assert quotes("> > a\n> Max Maintainer wrote:\nText.") == [(("a",), [(0, ("Text.",))])]


@pytest.mark.parametrize("end", ["-- ", "--", "_" * 47])
def test_a_signature_is_no_remark(end: str) -> None:
    assert quotes(f"> a\n{end}\nMax") == []


def test_quotes_are_known_by_any_mailers_marks() -> None:
    for marks in (">> ", "> > ", ">>", "> >", " > > "):
        assert quotes(f"{marks}a\n> b\nc")[0] == (("a",), [(1, ("b",)), (0, ("c",))])


@settings(deadline=None)
@given(st.text("> ab[.]-\n\u2026", max_size=60))
def test_any_text_is_taken_apart(body: str) -> None:
    for one in quoted_blocks(body):
        assert 0 < len(one.quoted) <= MOST_QUOTED
        assert one.utterances
        assert all(turn.lines and turn.level < one.level for turn in one.utterances)
        assert all(line.strip() and line in " ".join(body.split()) for line in one.quoted)


# Hostile replies: what is counted is the work, not the time.


@pytest.mark.parametrize(
    "body",
    [
        "\n".join(">" * level + "a" for level in range(3000, 0, -1)),
        "\n".join("> " * (20 - number % 20) + "a" for number in range(60_000)),
        "> a\n" + "b\n" * 60_000,
        "> a\n" * 60_000 + "b",
        "> a\nb\n" * 60_000,
        ">" * 1_000_000 + "a\nb",
        "> a" + " " * 1_000_000 + "\nb",
    ],
    ids=["stairs", "saw", "long remark", "long quote", "many", "deep", "wide"],
)
def test_a_hostile_reply_is_read_in_bounds(body: str) -> None:
    found = quoted_blocks(body)
    lines = body.count("\n") + 1
    assert sum(len(one.quoted) for one in found) <= lines
    assert sum(len(turn.lines) for one in found for turn in one.utterances) <= 60 * min(lines, 20_000)
    assert all(len(line) <= 1000 for one in found for line in one.quoted)


def test_a_hostile_thread_is_heard_in_bounds(tmp_path: Path) -> None:
    line = "> +BTF_ID_FLAGS(func, bpf_depot_find, KF_ACQUIRE)"
    text = (THREADS / "v1.mbox").read_text()
    for number in range(300):
        parent = f"reply-{number - 1}" if number else "depot-v1"
        text += (
            "From mboxrd@z Thu Jan  1 00:00:00 1970\nFrom: Max Maintainer <max@example.org>\nSubject: Re: depot\n"
            f"Message-ID: <reply-{number}@example.org>\nIn-Reply-To: <{parent}@example.org>\n\n"
            + f"{line}\nWhy so, number {number}?\n" * 50
            + "\n"
        )
    path = tmp_path / "thread.mbox"
    path.write_text(text)
    found = read_inbox([str(path)])
    assert len(found.replies) == 300
    (patch,) = found.series[0].patches
    thread = Thread(found)
    (number,) = [at for at, text in enumerate(patch.body.split("\n"), 1) if text == line[2:]]
    assert len(thread.at(patch, number)) == 20
    assert all(len(point.comments) <= 20 for point in thread.at(patch, number))
    assert listened(1, found).withheld == ()


SUBJECT = "Subject: [PATCH bpf-next] depot: let programs look a depot up"


@pytest.mark.parametrize(
    ("text", "withheld"),
    [
        (f"> {SUBJECT}\nfetch?", 1),
        ("> Subject: [PATCH bpf-next] depot: let programs look\nfetch\n> a depot up", 1),
        ("> Subject: [PATCH bpf-next] depot: let programs\nfetch\n> look a depot up", 0),
        (f"> {SUBJECT}\nWhy?", 0),
        (f"> {FIND}\nfetch?", 0),
    ],
    ids=["whole", "split", "split before", "another point", "elsewhere"],
)
def test_what_was_said_about_a_subject(text: str, withheld: int, tmp_path: Path) -> None:
    found = a_thread(tmp_path, a_reply(text))
    (patch,) = found.series[0].patches
    start = patch.subject.title.index("look") + 1
    of_title = replace(
        next(one for one in reviewed(1).findings if one.rule == SPELLING),
        at=Place(None, 0, start, start + 4, 1),
        origin=Origin(1, patch.headers.message_id, 0),
        quoted=patch.subject.title,
        message='"look" should read "fetch"',
        fix=None,
    )
    alone = replace(reviewed(1), series=found.series[0], findings=(of_title,))
    assert len(without_answered(alone, found, Thread(found)).withheld) == withheld
