"""The reply mails: the header whatever the mails bring, what is quoted, and how our own words are set."""

from __future__ import annotations

import email
import re
from collections.abc import Iterable
from email import policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import getaddresses
from pathlib import Path

import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from sample import PATH, a_finding, a_mail, a_review, flag_missing, mails, place, sample, titled, unguarded, with_fields

from kfunclint.checker.result import Review
from kfunclint.checker.review import review
from kfunclint.clang import Parser
from kfunclint.finding import Edit, Finding, Fix, Level, Reason
from kfunclint.mail.inbox import read_inbox, select_series
from kfunclint.mail.message import Mail
from kfunclint.report import formats
from kfunclint.rule import loader
from kfunclint.text import visible
from kfunclint.value import replace

FIELDS = [
    *("To", "Cc", "Subject", "In-Reply-To", "References"),
    *("MIME-Version", "Content-Type", "Content-Transfer-Encoding"),
]
WIDTH = 72


def replies(found: Review) -> list[str]:
    return list(formats.files("reply", found).values())


def reply_to(one: Mail, message: str = "this is wrong") -> str:
    """The reply to a mail with a remark on "it's" in its body."""
    found = a_review([one])
    return only_reply(replace(found, findings=(remark(found, "it's", message),)))


def only_reply(found: Review) -> str:
    (text,) = replies(found)
    return text


def remark(found: Review, words: str, message: str = "this is wrong", **more: object) -> Finding:
    return a_finding(found, place(found, words), "text/x", Level.CHECK, message, **more)


def parsed(text: str) -> EmailMessage:
    return email.message_from_bytes(text.encode(), policy=policy.default)


def body(text: str) -> list[str]:
    return text.partition("\n\n")[2].split("\n")


def own(text: str) -> list[str]:
    """The lines of ours between attribution and signature, without marks of cuts."""
    lines = body(text)[1:]
    return [line for line in lines[: lines.index("-- ")] if line and not line.startswith(">") and line != "[ ... ]"]


def addresses(text: str, name: str) -> list[tuple[str, str]]:
    found = parsed(text)[name]
    return [(one.display_name, one.addr_spec) for one in found.addresses] if found else []


HELLO = with_fields(
    a_mail(1, 1, "depot: say hello", "Hello, it's me.\n\nSigned-off-by: A\n---\n"), references=(), cc=()
)


# Where it goes.


def test_threading() -> None:
    message = parsed(reply_to(with_fields(HELLO, references=("a@b", "c@d"), message_id="e@f")))
    assert message["In-Reply-To"] == "<e@f>"
    assert message["References"].split() == ["<a@b>", "<c@d>", "<e@f>"]
    assert message["Subject"] == "Re: [PATCH bpf-next] depot: say hello"


@pytest.mark.parametrize("subject", ["Re: x", "RE: x", "re: x"])
def test_one_re_is_enough(subject: str) -> None:
    assert parsed(reply_to(with_fields(HELLO, subject=subject)))["Subject"] == subject


def test_without_a_message_id_there_is_no_thread() -> None:
    message = parsed(reply_to(with_fields(HELLO, message_id="", references=("a@b",))))
    assert message["In-Reply-To"] is None
    assert message["References"] is None


def test_a_long_thread_keeps_its_root_and_its_end() -> None:
    ids = [f"{number}@example.org" for number in range(1000)]
    found = parsed(reply_to(with_fields(HELLO, references=tuple(ids))))["References"].split()
    assert found == [f"<{name}>" for name in (ids[0], *ids[-100:], HELLO.headers.message_id)]


def test_to_the_author_and_cc_the_rest() -> None:
    one = with_fields(
        HELLO, to=("bpf@example.org",), cc=('"Maintainer, Max" <max@example.org>', "ANN@example.org", "max@example.org")
    )
    text = reply_to(one)
    assert addresses(text, "To") == [("Ann Author", "ann@example.org")]
    assert addresses(text, "Cc") == [("", "bpf@example.org"), ("Maintainer, Max", "max@example.org")]


def test_a_patch_that_somebody_else_sends_goes_to_its_author() -> None:
    text = reply_to(with_fields(HELLO, author="Ann Author <ann@example.org>", sender="Max <max@example.org>"))
    assert addresses(text, "To") == [("Ann Author", "ann@example.org")]
    assert addresses(text, "Cc")[0] == ("Max", "max@example.org")


def test_reply_to_joins_the_author() -> None:
    text = reply_to(with_fields(HELLO, reply_to=("B4 Relay <ann.author@example.org>",)))
    assert addresses(text, "To") == [("Ann Author", "ann@example.org"), ("B4 Relay", "ann.author@example.org")]


def test_nobody_reads_what_a_relay_sends_from() -> None:
    relay = "Ann Author via B4 Relay <devnull+ann.example.org@kernel.org>"
    one = with_fields(HELLO, author=relay, sender=relay, reply_to=("Ann Author <ann@example.org>",))
    assert addresses(reply_to(one), "To") == [("Ann Author", "ann@example.org")]
    assert "devnull" not in reply_to(one)
    assert addresses(reply_to(with_fields(one, reply_to=())), "To")[0][1] == "devnull+ann.example.org@kernel.org"


def test_a_mail_from_a_page_has_no_addresses_to_go_to() -> None:
    one = with_fields(HELLO, author="Ann Author", sender="Ann Author", to=(), cc=(), message_id="", date="")
    text = reply_to(one)
    assert list(parsed(text)) == ["Subject", *FIELDS[5:]]
    assert body(text)[0] == "Ann Author wrote:"


# Headers that nobody can inject into.

TRICKS = [
    "x\nBcc: evil@example.org",
    "x\r\n\r\nBcc: evil@example.org",
    "x\rBcc: evil@example.org",
    "x\x00\x0b\x0c\x1c\x85\u2028\u2029Bcc: evil@example.org",
    "=?utf-8?q?x=0ABcc=3A_evil=40example=2Eorg?=",
    "\u202egro.elpmaxe\u202c",
    "x" * 5000,
    "\u6f22" * 900,
    "\ud800",
]


@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: ascii(trick[:16]))
def test_a_header_cannot_be_injected_into(trick: str) -> None:
    one = with_fields(
        HELLO,
        subject=trick,
        author=f"{trick} <ann@example.org>",
        sender=f"{trick} <ann@example.org>",
        to=(f"{trick} <to@example.org>", f"<{trick}@example.org>", trick),
        cc=(f'"{trick}" <cc@example.org>',),
        reply_to=(f"{trick} <reply@example.org>",),
        message_id=trick,
        references=(trick, f"<{trick}>", "fine@example.org"),
        date=trick,
    )
    assert_header(reply_to(one), ["ann", "reply", "to", "cc"])
    text = reply_to(with_fields(one, message_id="it@example.org"))
    assert_header(text, ["ann", "reply", "to", "cc"])
    assert parsed(text)["References"].split() == ["<fine@example.org>", "<it@example.org>"]


def assert_header(text: str, names: Iterable[str]) -> None:
    header = text.partition("\n\n")[0]
    assert header.isascii()
    assert all(char.isprintable() or char == "\n" for char in header)
    assert all(len(line) <= 998 for line in header.split("\n"))
    message = parsed(text)
    assert [name for name in FIELDS if name in message] == list(message)
    assert not message.defects
    found = [address for field in ("To", "Cc") for _, address in addresses(text, field)]
    assert sorted(found) == sorted(f"{name}@example.org" for name in names)
    assert message["Subject"] == visible(message["Subject"])
    assert message.get_content().split("\n")[0].endswith(" wrote:")


def test_what_looks_like_an_encoded_word_stays_as_it_is() -> None:
    word = "=?utf-8?q?a=0Ab?="
    text = reply_to(with_fields(HELLO, subject=word, author=f"{word} <ann@example.org>", sender=""))
    assert parsed(text)["Subject"] == f"Re: {word}"
    assert addresses(text, "To") == [(word, "ann@example.org")]


NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
LOCAL = st.from_regex(r"[a-z0-9][a-z0-9._+-]{0,20}[a-z0-9]", fullmatch=True).filter(lambda local: ".." not in local)


@settings(deadline=None, max_examples=200)
@given(subject=NAMES, people=st.lists(st.tuples(NAMES, LOCAL), min_size=1, max_size=4, unique_by=lambda one: one[1]))
def test_any_names_and_subjects_make_a_mail_that_can_be_read(subject: str, people: list[tuple[str, str]]) -> None:
    entries = [f"{quoted(name)} <{local}@example.org>" for name, local in people]
    text = reply_to(with_fields(HELLO, subject=subject, author=entries[0], sender=entries[0], to=(), cc=tuple(entries)))
    assert_header(text, (local for _, local in people))
    assert names(text) == [joined(name) for name, _ in people]
    assert (
        joined(parsed(text)["Subject"]).removeprefix("Re:").strip() == re.sub("(?i)^re:", "", joined(subject)).strip()
    )


def names(text: str) -> list[str]:
    """The names in To and Cc, decoded without email.policy, which puts a space between two encoded words."""
    raw = email.message_from_string(text)
    return [
        str(make_header(decode_header(name)))
        for field in ("To", "Cc")
        for name, _ in getaddresses(raw.get_all(field, []))
    ]


def quoted(name: str) -> str:
    return '"' + re.sub(r'(["\\])', r"\\\1", name) + '"' if name else ""


def joined(text: str) -> str:
    return visible(" ".join(text.split()))


# What is quoted, and what is said.


SMALLER = "And some smaller things:"


def the_reply(parser: Parser, monkeypatch: pytest.MonkeyPatch, path: str) -> str:
    monkeypatch.chdir(ROOT)
    (series,) = select_series(read_inbox([path]), None, False)
    return only_reply(review(series, loader.shipped(), parser))


def test_the_reply_to_a_page_reads_like_one_of_a_reviewer(parser: Parser, monkeypatch: pytest.MonkeyPatch) -> None:
    path = "fixtures/reports/page.txt"
    text = the_reply(parser, monkeypatch, path)
    lines = body(text)
    assert len(own(text)) <= 8
    word = lines.index("necessary* [text/grammar]")
    assert lines[word - 2].endswith("it's not necessarily")
    assert lines[word + 2] == "> to count references to"
    code = lines.index("> +\treturn root_mem_cgroup;")
    assert lines[code + 1] == ""
    assert lines[code + 2].startswith("bpf_top_memcg() uses root_mem_cgroup without testing")
    assert "> @@ -11,6 +11,20 @@" in lines[:code]
    assert "> +__bpf_kfunc struct mem_cgroup *bpf_top_memcg(void)" in lines[:code]
    assert code < lines.index(SMALLER) < word
    posted = Path(path).read_text().split("\n")
    for line in lines:
        if line.startswith(">"):
            assert any(line[2:] in one for one in posted)


def test_every_line_between_what_is_shown_is_quoted_or_marked_as_cut() -> None:
    posted = iter(mails()[0].body.split("\n"))
    for line in body(replies(sample())[0])[1:]:
        if line == SMALLER:
            posted = iter(mails()[0].body.split("\n"))
        if line.startswith("> diff"):
            continue
        if line.startswith("> ") and line != "> to":
            text = line[2:]
            assert any(one.startswith(text) for one in posted), line


def test_no_line_is_quoted_below_the_last_remark() -> None:
    paragraph = a_review([replace(HELLO, body="Above.\nHere it's so.\nBelow.\n---\n")])
    word = Fix("write it", (Edit(place(paragraph, "it's"), "it"),))
    found = [replace(paragraph, findings=(remark(paragraph, "it's", fix=fix),)) for fix in (None, word)]
    for text in (*replies(sample()), *map(only_reply, found)):
        lines = body(text)
        last = max(index for index, line in enumerate(lines) if line.startswith(">"))
        assert lines[last + 1] == ""
        assert lines[last + 2]
        assert not lines[last + 2].startswith((">", "--"))


@pytest.mark.parametrize("length", [10, 60, 71, 72, 73, 200])
def test_own_lines_are_wrapped_and_quoted_ones_are_not(length: int) -> None:
    long = " ".join(["word"] * (length // 5 + 1))[:length].strip() + " it's " + "z" * 300
    text = reply_to(replace(HELLO, body=f"{long}\n---\n"), message="one two three four five six " * 9)
    assert f"> {long}" in body(text)
    assert len(own(text)) == 4
    assert max(map(len, own(text))) <= WIDTH


def test_a_word_longer_than_a_line_is_not_cut() -> None:
    assert "x" * 90 + "." in own(reply_to(HELLO, message="see " + "x" * 90))


COMMANDS = ["Acked-by: Nobody", "pw-bot: changes", "#syz fix", "> said", "@@ -1 +1 @@", "--", "From here", "diff it"]


@pytest.mark.parametrize("words", COMMANDS)
@pytest.mark.parametrize("before", [0, 60, 66, 69, 70, 71, 72, 73])
def test_no_line_of_ours_means_something_to_a_program(words: str, before: int) -> None:
    text = reply_to(HELLO, message=f"{'x' * before} {words} {'y ' * 40}{words}")
    commands = re.compile(r"[\w-]+:( |$)|[#@]|--|From |diff ")
    assert not [line for line in own(text) if commands.match(line) or (before and line.startswith("|"))]
    assert body(text).count("-- ") == 1


def test_a_name_cannot_make_a_line_mean_something() -> None:
    one = with_fields(HELLO, author="Reviewed-by: Nobody <ann@example.org>", sender="", date="")
    assert body(reply_to(one))[0] == "| Reviewed-by: Nobody wrote:"


def test_what_was_said_is_not_said_again() -> None:
    found = a_review([replace(HELLO, body="One a.\nTwo bb.\nThree.\nFour.\n---\n")])
    findings = [
        remark(found, word, f"{name or 'it'} has no test", function=name, fix=Fix(fix))
        for word, name, fix in (
            ("One", "bpf_a", "add one"),
            ("Two", "bpf_bb", "add one"),
            ("Three", "bpf_a", "drop bb"),
            ("Four", None, "x"),
        )
    ]
    text = only_reply(replace(found, findings=(*findings, findings[-1])))
    assert own(text) == [
        "bpf_a has no test. Please add one. [text/x]",
        "Same for bpf_bb(). [text/x]",
        "Same for bpf_a(). Please drop bb. [text/x]",
        "It has no test. Please x. [text/x]",
        "Same here. [text/x]",
    ]


def test_an_identifier_is_not_set_right_like_a_word() -> None:
    found = a_review(mails())
    at = place(found, "bpf_depot_top", " - Give")
    finding = a_finding(found, at, "a/b", Level.CHECK, "wrong name", fix=Fix("write bpf_x", (Edit(at, "bpf_x"),)))
    assert own(only_reply(replace(found, findings=(finding,)))) == ["Wrong name. Please write bpf_x. [a/b]"]


def test_a_fix_is_asked_for() -> None:
    text = reply_to_finding(unguarded)
    assert "Please return NULL first if depot_disabled()." in " ".join(own(text))


def reply_to_finding(make: object) -> str:
    found = a_review(mails())
    assert callable(make)
    return only_reply(replace(found, findings=(make(found),)))


def test_a_reason_in_another_patch_is_quoted_with_its_number() -> None:
    words = " ".join(own(reply_to_finding(flag_missing)))
    assert 'NULL is returned here: "return NULL;" (patch 1/2).' in words


def test_a_reason_in_a_comment_is_quoted_without_its_stars() -> None:
    found = a_review(mails())
    at = place(found, "bpf_depot_top", " - Give")
    because = (Reason(place(found, "It has no parent"), "this says it"),)
    finding = a_finding(found, at, "a/b", Level.CHECK, "no", because=because)
    text = only_reply(replace(found, findings=(finding,)))
    assert 'This says it: "It has no parent, and is never freed. What it holds is what all' in " ".join(own(text))


def test_a_reason_on_the_line_itself_is_not_repeated() -> None:
    found = a_review([HELLO])
    because = (Reason(place(found, "me"), "as said here"),)
    (text,) = replies(replace(found, findings=(remark(found, "it's", because=because),)))
    assert own(text) == ["This is wrong. [text/x]"]


def test_of_many_reasons_the_first_and_the_last_are_given() -> None:
    found = a_review(mails())
    at = place(found, "bpf_depot_top", " - Give")
    because = tuple(Reason(place(found, "It has no parent"), f"this is reason {number}") for number in (1, 2, 3))
    finding = a_finding(found, at, "a/b", Level.CHECK, "no", because=because)
    words = " ".join(own(only_reply(replace(found, findings=(finding,)))))
    assert [number for number in (1, 2, 3) if f"This is reason {number}" in words] == [1, 3]


def test_two_wrong_words_of_one_line_are_set_right_one_after_the_other() -> None:
    found = a_review([replace(HELLO, body="Hello teh wrold, you all.\nBye.\n---\n")])
    fixes = [("teh", "the"), ("wrold", "world")]
    findings = [
        remark(found, wrong, fix=Fix("write it", (Edit(place(found, wrong), right),))) for wrong, right in fixes
    ]
    (text,) = replies(replace(found, findings=tuple(findings)))
    assert body(text)[1:8] == ["> Hello teh", "", "the* [text/x]", "", "> wrold,", "", "world* [text/x]"]


def test_two_remarks_on_one_line_stand_below_it() -> None:
    found = a_review([HELLO])
    findings = (remark(found, "it's", "one thing"), remark(found, "me", "another"))
    text = only_reply(replace(found, findings=findings))
    assert body(text)[1:7] == ["> Hello, it's me.", "", "One thing. [text/x]", "", "Another. [text/x]", ""]


def test_code_that_is_mended_by_a_word_gets_a_sentence() -> None:
    found = a_review(mails())
    at = place(found, "top_depot", "return")
    finding = a_finding(found, at, "a/b", Level.ERROR, "no", fix=Fix("return NULL", (Edit(at, "NULL"),)))
    text = only_reply(replace(found, findings=(finding,)))
    assert own(text) == ["No. Please return NULL. [a/b]"]


def test_a_long_function_is_shown_by_its_head_and_its_end() -> None:
    inner = "".join(f"+\tstep({number});\n" for number in range(30))
    added = f"+static int\n+odd(void)\n+{{\n{inner}+\treturn -1;\n+}}\n"
    diff = f"diff --git a/{PATH} b/{PATH}\n--- a/{PATH}\n+++ b/{PATH}\n@@ -1 +1,36 @@ heading\n }}\n{added}"
    found = a_review([replace(HELLO, body=f"Odd.\n---\n{diff}")])
    finding = a_finding(found, place(found, "-1"), "a/b", Level.ERROR, "no")
    text = only_reply(replace(found, findings=(finding,)))
    assert [line for line in body(text)[4:] if line.startswith((">", "["))] == [
        "> @@ -1 +1,36 @@ heading",
        ">  }",
        "> +static int",
        "> +odd(void)",
        "[ ... ]",
        *(f"> +\tstep({number});" for number in range(26, 30)),
        "> +\treturn -1;",
    ]


# Several mails.


def test_a_file_is_named_after_the_patch() -> None:
    names = list(formats.files("reply", sample()))
    assert names == ["0001-reply-depot-add-bpf_depot_top.eml", "0002-reply-depot-register-bpf_depot_top.eml"]
    later = a_review([with_fields(one, version=3) for one in mails()])
    assert list(formats.files("reply", replace(later, findings=(unguarded(later),)))) == [f"v3-{names[0]}"]


def test_series_follow_each_other_in_an_mbox(tmp_path: Path) -> None:
    path = tmp_path / "replies"
    path.write_text(formats.render("reply", sample()) + formats.render("reply", sample()))
    found = path.read_text().split("From mboxrd@z Thu Jan  1 00:00:00 1970\n")
    assert found[0] == ""
    assert [text.removesuffix("\n") for text in found[1:]] == replies(sample()) * 2


def test_from_at_the_start_of_a_line_is_quoted_in_an_mbox() -> None:
    found = a_review([replace(HELLO, body="From it's\n---\n")])
    text = formats.render("reply", replace(found, findings=(remark(found, "it's"),)))
    assert len(re.findall("^From ", text, re.MULTILINE)) == 1
    assert "\n> From it's\n" in text


def test_a_word_of_the_title_is_quoted_as_the_subject() -> None:
    found = sample()
    at = titled(found, "register")
    fix = Fix('write "list"', (Edit(at, "list"),))
    of_title = a_finding(found, at, "text/x", Level.CHECK, "no word", fix=fix)
    lines = body(only_reply(replace(found, findings=(of_title,))))
    assert lines[1:7] == [
        "> Subject: [PATCH bpf-next 2/2] depot: register",
        "",
        "list* [text/x]",
        "",
        "-- ",
        lines[6],
    ]


def test_the_body_is_quoted_on_below_the_subject() -> None:
    found = a_review([HELLO])
    at = titled(found, HELLO.subject.title[:4])
    both = (a_finding(found, at, "text/x", Level.CHECK, "this title is wrong"), remark(found, "it's"))
    lines = body(only_reply(replace(found, findings=both)))
    assert lines[1:5] == [f"> Subject: {HELLO.subject.text}", "", "This title is wrong. [text/x]", ""]
    assert lines[5].startswith("> ")
    assert "[ ... ]" not in lines


def test_the_subject_ends_as_a_header_does() -> None:
    found = a_review([HELLO])
    fix = Fix('write "Hello"', (Edit(titled(found, HELLO.subject.title[:4]), "Hello"),))
    word = a_finding(found, titled(found, HELLO.subject.title[:4]), "text/x", Level.CHECK, "no word", fix=fix)
    lines = body(only_reply(replace(found, findings=(word, remark(found, "it's")))))
    rest = lines.index(f"> {HELLO.subject.title[4:].strip()}")
    assert lines[rest + 1] == ">"
    assert lines[rest + 2].startswith("> ")
