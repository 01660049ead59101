"""What the formats print, pinned in fixtures/reports/, and what terminal and JSON promise whatever comes in."""

from __future__ import annotations

import ast
import base64
import copy
import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import ROOT, Golden
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from sample import a_finding, a_mail, a_review, mails, of_title, place, sample, trouble, with_fields

from kfunclint.checker.rerolls import compare
from kfunclint.checker.result import Review, TreeState
from kfunclint.checker.review import review
from kfunclint.clang import Parser
from kfunclint.errors import InputError
from kfunclint.finding import Comparison, Level, SuppressedFinding, UnusedSuppression
from kfunclint.mail.inbox import read_inbox, select_series
from kfunclint.mail.message import Mail
from kfunclint.report import formats
from kfunclint.rule import loader, names
from kfunclint.value import replace

INPUTS = {"series": "fixtures/series.mbox", "page": "fixtures/reports/page.txt"}
SCHEMA = json.loads((ROOT / "reports" / "json.schema.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA)
FREE = ("skipped", "failures")  # their keys are names that the mails bring


def reviewed(path: str, parser: Parser, monkeypatch: pytest.MonkeyPatch) -> Review:
    monkeypatch.chdir(ROOT)  # the reports name the input as the user did
    (series,) = select_series(read_inbox([path]), None, False)
    return review(series, names.choose(loader.shipped(), only=(), ignore=(), strict=False), parser)


# Golden files.


@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("kind", sorted({*formats.formats()} - {"html"}))  # the sample is enough of a page
def test_a_review_is_told_as_ever(
    name: str, kind: str, golden: Golden, parser: Parser, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = reviewed(INPUTS[name], parser, monkeypatch)
    golden(f"{name}.{kind}", formats.render(kind, found))


def rerolled(parser: Parser, monkeypatch: pytest.MonkeyPatch) -> Review:
    old, new = (reviewed(f"fixtures/threads/v{version}.mbox", parser, monkeypatch) for version in (1, 2))
    return compare(new, old)


@pytest.mark.parametrize("kind", ["terminal", "reply", "json"])
def test_a_reroll_is_told_as_ever(kind: str, golden: Golden, parser: Parser, monkeypatch: pytest.MonkeyPatch) -> None:
    golden(f"reroll.{kind}", formats.render(kind, rerolled(parser, monkeypatch)))


def test_a_page_says_what_a_reroll_mended(parser: Parser, monkeypatch: pytest.MonkeyPatch) -> None:
    text = formats.render("html", rerolled(parser, monkeypatch))
    assert re.search(r"Since <a [^>]*>v1</a>: fixed 2, stands 3, new 1\.", text)
    assert text.count("Stands since v1.") == 3
    assert text.count("&#34;recieve&#34; is misspelled") == 1


@pytest.mark.parametrize("kind", formats.formats())
def test_the_sample_is_told_as_ever(kind: str, golden: Golden) -> None:
    golden(f"sample.{kind}", without_assets(formats.render(kind, sample())))


def without_assets(text: str) -> str:
    """A page without its style and script, which are files of their own; other texts as they are."""
    folder = ROOT / "reports"
    script = (folder / "html.js").read_text()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    for asset in ((folder / "html.css").read_text(), script, digest):
        text = text.replace(asset, "")
    return text


@pytest.mark.parametrize("kind", ["terminal", "sarif", "b4-review"])
def test_trouble_is_told_as_ever(kind: str, golden: Golden) -> None:
    golden(f"trouble.{kind}", formats.render(kind, trouble()))


def test_the_readme_shows_what_is_printed_today(parser: Parser, monkeypatch: pytest.MonkeyPatch) -> None:
    command = "    $ kfunclint fixtures/series.mbox\n"
    shown = (ROOT / "README.md").read_text().partition(command)[2].partition("\n\nIt says")[0]
    printed = formats.render("terminal", reviewed(INPUTS["series"], parser, monkeypatch))
    parts = re.sub(r"^    ", "", shown, flags=re.MULTILINE).split("\n[...]\n")
    assert printed.startswith(parts[0])
    assert printed.endswith(parts[-1] + "\n")
    at = 0
    for part in parts:
        assert part in printed[at:], part
        at = printed.index(part, at) + len(part)


# JSON.


def valid(found: object) -> bool:
    return bool(VALIDATOR.is_valid(found))


def objects(node: Any) -> Iterator[dict[str, Any]]:
    """Every object in a value, at any depth, but for those whose keys are free."""
    if isinstance(node, dict):
        yield node
        for name, below in node.items():
            if name not in FREE:
                yield from objects(below)
    elif isinstance(node, list):
        for below in node:
            yield from objects(below)


def as_json(found: Review) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(formats.render("json", found))
    return loaded


def test_a_title_in_the_terminal() -> None:
    text = formats.render("terminal", of_title())
    assert "\nseries.mbox:107:38: check: no word [text/x]\n    depot: register bpf_depot_top()\n" in text
    assert "\n           ^~~~~~~~\n" in text
    (patch,) = [one for one in of_title().patches if one.mail.subject.number == 2]
    unknown = replace(patch, mail=replace(patch.mail, source=replace(patch.mail.source, title=None)))
    text = formats.render("terminal", replace(of_title(), patches=(unknown,)))
    assert "\nseries.mbox:1:1: check: no word [text/x]\n" in text


def test_a_title_in_json() -> None:
    found = as_json(of_title())
    VALIDATOR.validate(found)
    (one,) = found["findings"]
    assert (one["where"], one["path"], one["line"], one["mail_line"], one["patch"]) == ("subject", None, 0, 0, 2)
    assert one["quoted"][one["column"] - 1 : one["end_column"] - 1] == "register"
    assert one["fix"]["diff"].startswith("--- a/subject\n+++ b/subject\n@@ -1,1 +1,1 @@\n-depot: register")
    for name in ("line", "mail_line"):
        assert not valid(found | {"findings": [one | {name: 1}]})


def test_a_title_on_the_page() -> None:
    text = formats.render("html", of_title())
    assert "<span>depot: <mark>register</mark> bpf_depot_top()</span>" in text
    assert '<span class="place">subject <code>' in text
    assert text.count("depot: <") == 1


@pytest.mark.parametrize("found", [sample(), trouble()], ids=["sample", "trouble"])
def test_json_is_what_the_schema_says(found: Review) -> None:
    VALIDATOR.validate(as_json(found))


def test_json_of_real_mails_is_what_the_schema_says(parser: Parser, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in (*INPUTS.values(), "fixtures/mail/kinds.patch"):
        VALIDATOR.validate(as_json(reviewed(path, parser, monkeypatch)))
    VALIDATOR.validate(as_json(rerolled(parser, monkeypatch)))


def test_the_schema_is_strict() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    described = [node for node in objects(SCHEMA) if "required" in node]
    assert len(described) == 11
    for node in described:
        assert node["additionalProperties"] is False
        assert set(node["required"]) == set(node["properties"])
    for node in described:
        assert all(field.get("description") or "items" in field for field in node["properties"].values())


def test_a_missing_or_surplus_key_is_against_the_schema() -> None:
    good = as_json(sample())
    count = len(list(objects(good)))
    assert count > 10
    for number in range(count):
        for name in list(list(objects(good))[number]):
            bad = copy.deepcopy(good)
            del list(objects(bad))[number][name]
            assert not valid(bad), name
        bad = copy.deepcopy(good)
        list(objects(bad))[number]["surplus"] = None
        assert not valid(bad), list(objects(good))[number]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("level", "fatal"),
        ("line", 0),
        ("column", "9"),
        ("where", "message"),
        ("where", "subject"),
        ("path", None),
        ("rule", "Flags/x"),
        ("message", ""),
        ("fix", {}),
        ("because", None),
    ],
)
def test_a_wrong_value_is_against_the_schema(name: str, value: object) -> None:
    bad = as_json(sample())
    assert bad["findings"][3][name] != value
    bad["findings"][3][name] = value
    assert not valid(bad)


def test_json_names_what_was_not_looked_at() -> None:
    found = replace(trouble(), unreadable=(InputError("a.mbox", 7, "cut off"), InputError("b.mbox", None, "empty")))
    skipped = as_json(found)["skipped"]
    assert skipped["a.mbox:7"] == "cut off"
    assert skipped["b.mbox"] == "empty"
    assert "guards/depot-disabled-unchecked" in skipped


# Terminal.

HOSTILE = "\x1b[2J\x00\x07\r\u202e\u2066\u200b\ud800\x9b31m"


def hostile() -> Review:
    """A review whose every text has characters in it that work unseen."""
    one = a_mail(1, 1, "depot", f"Say {HOSTILE} it's.\n---\n")
    body = one.body + "diff --git a/a.c b/a.c\n--- a/a.c\n+++ b/a.c\n@@ -1 +1,2 @@\n a\n+\tb" + HOSTILE + "c\n"
    one = with_fields(one, subject=HOSTILE, title=HOSTILE, author=f"{HOSTILE} <a@example.org>", file=HOSTILE, body=body)
    found = a_review([one])
    at = replace(place(found, "c", "\tb"), end_column=20)
    first = a_finding(found, at, "a/b", Level.ERROR, f"wrong {HOSTILE}")
    second = a_finding(found, place(found, "it's"), "text/x", Level.CHECK, HOSTILE)
    refused = (InputError(HOSTILE, 1, HOSTILE),)
    return replace(
        found,
        findings=(second, replace(first, persisted=True)),
        withheld=(SuppressedFinding(first, HOSTILE),),
        unused=(UnusedSuppression(HOSTILE, 1, HOSTILE, HOSTILE),),
        since=Comparison(HOSTILE, HOSTILE, HOSTILE, (first,)),
        skipped={HOSTILE: HOSTILE},
        failures={"a/b": HOSTILE},
        unreadable=refused,
    )


@pytest.mark.parametrize(("count", "lines"), [(1, 1), (formats.MANY, formats.MANY), (formats.MANY + 1, 1)])
def test_what_many_share_is_told_once(count: int, lines: int) -> None:
    found = sample()
    review = replace(found, withheld=(SuppressedFinding(found.findings[0], "recorded"),) * count)
    text = formats.render("terminal", review)
    assert text.count("not said: ") == text.count(": recorded\n") == lines
    assert ("not said: 6 findings: recorded\n" in text) == (count == 6)
    assert formats.render("html", review).count(": recorded</li>") == lines


@pytest.mark.parametrize("kind", ["terminal", "reply", "html", "terse", "b4", "github"])
def test_nothing_that_works_unseen_is_printed(kind: str) -> None:
    text = formats.render(kind, hostile())
    assert {char for char in HOSTILE if char in text} == set("[2J31m")
    assert "\\x1b[2J" in text
    assert all(char.isprintable() or char in "\n\t" for char in text)


def test_colour_only_when_asked_for() -> None:
    plain = formats.render("terminal", sample())
    painted = formats.render("terminal", sample(), colour=True)
    assert "\x1b" not in plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == plain
    assert painted != plain


def test_colour_is_nothing_to_the_other_formats() -> None:
    assert formats.render("json", sample(), colour=True) == formats.render("json", sample())


def columns(text: str) -> int:
    """How far a terminal moves to the right over a text of ASCII, tabs and wide Chinese."""
    at = 0
    for char in text:
        at = (at // 8 + 1) * 8 if char == "\t" else at + (1 if char.isascii() else 2)
    return at


def under_the_mark(before: str, marked: str) -> tuple[str, str, str]:
    """The line of the finding, the part of the line below left of the caret, and the rest of it."""
    body = f"Add.\n---\ndiff --git a/a.c b/a.c\n--- a/a.c\n+++ b/a.c\n@@ -1 +1,2 @@\n a\n+{before}{marked};\n"
    found = a_review([a_mail(1, 1, "depot", body)])
    found = replace(found, findings=(a_finding(found, place(found, marked), "a/b", Level.CHECK, "no"),))
    lines = formats.render("terminal", found).split("\n")
    below = next(index for index, line in enumerate(lines) if line.strip().startswith("^"))
    left, caret, tail = lines[below].partition("^")
    return lines[below - 1], left, caret + tail


@settings(deadline=None)
@given(before=st.text("a1 (\t\u6f22", max_size=20), marked=st.text("z\u5b57", min_size=1, max_size=9))
def test_the_caret_stands_under_what_is_marked(before: str, marked: str) -> None:
    line, left, carets = under_the_mark(before, marked)
    assert columns(left) == columns(line.partition(marked)[0])
    assert len(carets) == columns(marked)
    assert set(carets[1:]) <= {"~"}


@pytest.mark.parametrize("mark", ["\u0301", "\u20dd", "\ufe0f"])
def test_marks_on_a_letter_take_no_column(mark: str) -> None:
    _, left, carets = under_the_mark(f"e{mark} ", f"z{mark}")
    assert (len(left), carets) == (4 + 2, "^")


def test_findings_stand_under_their_patch() -> None:
    text = formats.render("terminal", sample())
    first, second = ("\n\n[PATCH bpf-next 1/2] depot: add ", "\n\n[PATCH bpf-next 2/2] depot: register ")
    assert text.count(first) == text.count(second) == 1
    assert text.index(first) < text.index("bpf.c:28:9") < text.index(second) < text.index("bpf.c:59:20")
    alone = a_review(mails()[:1])
    assert formats.render("terminal", replace(alone, findings=sample().findings[:1])).count("[PATCH") == 1


def test_a_commit_or_a_file_of_its_own_names_a_patch() -> None:
    review = sample()
    one, two = (patch.mail for patch in review.patches)
    commits = [with_fields(mail, file=name, commit=name * 40) for mail, name in ((one, "a"), (two, "b"))]
    assert f"bpf_depot_top() ({'a' * 12})\n" in formats.render("terminal", with_mails(review, commits))
    files = [with_fields(mail, file=name) for mail, name in ((one, "0001.patch"), (two, "0002.patch"))]
    assert "bpf_depot_top() (0002.patch)\n" in formats.render("terminal", with_mails(review, files))


def with_mails(review: Review, mails: list[Mail]) -> Review:
    pairs = zip(review.patches, mails, strict=True)
    return replace(review, patches=tuple(replace(patch, mail=mail) for patch, mail in pairs))


def test_the_same_fault_of_another_patch_names_that() -> None:
    review = sample()
    last = review.findings[-1]
    elsewhere = replace(last, origin=replace(last.origin, patch=1), function="bpf_depot_up", message="bpf_depot_up() x")
    other = replace(last, message="bpf_depot_top() x")
    text = formats.render("terminal", replace(review, findings=(elsewhere, other)))
    assert "error: the same for bpf_depot_top(), from patch 2 [flags/ret-null-missing]\n" in text


def test_what_was_not_checked_is_told_by_reason() -> None:
    lack, many = "without the whole body of bpf_a()", "too much to follow: bpf_b()"
    skipped = {"flags/ret-null-missing": lack, "text/grammar": lack, "kerneldoc/return-missing": many, "a.c": lack}
    text = formats.render("terminal", replace(sample(), skipped=skipped))
    assert re.findall("^not checked.*", text, re.MULTILINE) == [
        f"not checked {lack}: 2 rules (--tree DIR shows it)",
        f"not checked: kerneldoc/return-missing: {many}",
        f"not checked {lack}: a.c (--tree DIR shows it)",
    ]
    whole = replace(sample(), skipped=skipped, base=TreeState("linux", "HEAD"))
    assert "(--tree DIR" not in formats.render("terminal", whole)


# The formats as such.


def test_every_format_says_what_it_is_in_a_line() -> None:
    for name in formats.formats():
        text = (ROOT / "reports" / f"{name.replace('-', '_')}.py").read_text()
        line = (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0]
        assert line.endswith(".")
        assert len(line) <= 110


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(ValueError, match="'xml' is not a format, only b4, b4-review, codequality, gcc, github, html, "):
        formats.render("xml", sample())


@pytest.mark.parametrize("kind", ["terminal", "json", "html"])
def test_a_review_is_one_file_named_after_its_first_mail(kind: str) -> None:
    assert formats.files(kind, sample()) == {f"0001-depot-add-bpf_depot_top.{kind}": formats.render(kind, sample())}


def test_file_names_leave_no_folder() -> None:
    one = with_fields(a_mail(1, 1, "x", "y"), title="../../etc/pass wd\x00\n\u202e%s", version=2)
    assert formats.slug(one) == "v2-0001-etc-pass-wd-s"
    assert formats.slug(with_fields(one, title="\u6f22")) == "v2-0001"
    assert len(formats.slug(with_fields(one, title="a" * 500))) < 80


def test_nothing_found_is_said_but_not_mailed() -> None:
    found = a_review(mails())
    assert formats.render("reply", found) == ""
    assert formats.files("reply", found) == {}
    assert formats.render("terminal", found).endswith("\n\nnothing found in 2 patches\n")
    assert "Nothing found in 2 patches." in formats.render("html", found)


@pytest.mark.parametrize("kind", ["json", "sarif", "b4-review"])
def test_json_has_no_half_of_a_character(kind: str) -> None:
    name = "kernel/\udcff\U0001f41d\\\\udcff.c"
    text = formats.render(kind, replace(sample(), skipped={name: name}, unchecked=frozenset({name})))
    json.loads(text)
    assert not any("\ud800" <= char <= "\udfff" for char in json.dumps(json.loads(text), ensure_ascii=False))
