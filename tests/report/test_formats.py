"""What the formats for other programs promise: checkpatch's lines, b4, GitHub's commands and SARIF."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Lint
from jsonschema import Draft202012Validator
from sample import PATH, a_finding, a_mail, a_review, mails, of_title, place, sample, trouble

from kfunclint.checker.result import Review
from kfunclint.cli.main import main
from kfunclint.errors import InputError
from kfunclint.finding import Edit, Fix, Level, Place, Reason, SuppressedFinding
from kfunclint.report import formats
from kfunclint.value import replace

Output = pytest.CaptureFixture[str]
SERIES = ROOT / "fixtures" / "series.mbox"
BODY = "Add.\n---\ndiff --git a/a.c b/a.c\n--- a/a.c\n+++ b/a.c\n@@ -1 +1,2 @@\n a\n+\tb;\n"


def said(message: str, level: Level = Level.CHECK, path: str = "a.c", **more: object) -> Review:
    """A review with one finding in a file of that name."""
    found = a_review([a_mail(1, 1, "depot", BODY.replace("a.c", path))])
    return replace(found, findings=(a_finding(found, place(found, "b;"), "a/b", level, message, **more),))


# checkpatch's lines.

CHECKPATCH = re.compile(r"(?P<file>.+?):(?P<line>\d+): (?P<level>ERROR|WARNING|CHECK):(?P<type>[A-Z_]+): (?P<text>.+)")


def test_terse_lines_are_those_of_checkpatch_and_point_into_the_input(capsys: Output) -> None:
    main([str(SERIES), "--format", "terse"])
    *lines, totals = capsys.readouterr().out.splitlines()
    assert len(lines) == 6
    input_lines = SERIES.read_text().split("\n")
    for line in lines:
        found = CHECKPATCH.fullmatch(line)
        assert found
        assert found["file"] == str(SERIES)
        named = re.search(r"bpf_\w+|necessarily", found["text"])
        assert named
        assert (
            named[0] in input_lines[int(found["line"]) - 1] or "root_mem_cgroup" in input_lines[int(found["line"]) - 1]
        )
    assert totals == "total: 0 errors, 3 warnings, 3 checks, 89 lines checked"


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("terse", "series.mbox:107: CHECK:TEXT_X: no word [text/x]"),
        ("b4", "-:107: CHECK: no word [text/x]"),
        ("b4-review", "2/2 subject: CHECK: no word [text/x]"),
        (
            "github",
            "subject of [PATCH bpf-next 2/2] depot: register bpf_depot_top(): depot: register bpf_depot_top()%0A",
        ),
        ("sarif", "subject of [PATCH bpf-next 2/2] depot: register bpf_depot_top(): no word"),
    ],
)
def test_a_remark_on_a_subject_points_at_it(kind: str, line: str) -> None:
    assert line in formats.render(kind, of_title())


@pytest.mark.parametrize("kind", ["terse", "b4", "github"])
def test_nothing_found_is_nothing_said(kind: str) -> None:
    assert formats.render(kind, a_review(mails())) == ""


ENCODED = """\
From mboxrd@z Thu Jan  1 00:00:00 1970
From: Ann Author <ann@example.org>
Subject: [PATCH] depot: count

From mboxrd@z Thu Jan  1 00:00:00 1970
From: Ann Author <ann@example.org>
Subject: [PATCH] depot: name
Content-Transfer-Encoding: base64

"""


def test_what_is_found_in_an_encoded_mail_points_at_the_mail(tmp_path: Path, capsys: Output) -> None:
    text = "It is not necessarily to count.\n---\n" + BODY.partition("---\n")[2]
    text = text.replace("b;", "/* it it is */")
    path = tmp_path / "in.mbox"
    first, second = ENCODED.split("\n\n", 1)
    path.write_text(f"{first}\n\n{BODY}\n{second}{base64.encodebytes(text.encode()).decode()}")
    at = path.read_text().split("\n").index("Subject: [PATCH] depot: name")
    main([str(path), "--only", "text"])
    assert f'\n{path}:{at}:1: check: "necessarily"' in capsys.readouterr().out
    main([str(path), "--only", "text", "--format", "terse"])
    out = capsys.readouterr().out
    assert f'{path}:{at}: CHECK:TEXT_GRAMMAR: "necessarily"' in out
    assert 'a.c:2: CHECK:TEXT_GRAMMAR: "it" stands here twice' in out


# b4.


def test_only_errors_are_failures_to_b4() -> None:
    assert "ERROR:" in formats.render("b4", said("wrong", Level.ERROR))
    assert "ERROR:" not in formats.render("b4", said('"ERROR:" is not a word', Level.WARNING))
    assert formats.render("b4", said("wrong", Level.CHECK, "x/ERROR: y.c")).startswith("-:x/ERROR y.c:2: CHECK: wrong")


def test_b4_hears_nothing_but_findings_and_trouble(
    tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "kernel" / "bpf").mkdir(parents=True)
    (tmp_path / "include" / "linux").mkdir(parents=True)
    for name in ("Kbuild", "MAINTAINERS", "include/linux/btf.h"):
        (tmp_path / name).touch()
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/nothing\n")
    monkeypatch.chdir(tmp_path)
    main([str(SERIES), "--format", "terse"])
    assert capsys.readouterr().err.endswith("reviewed without a tree\n")
    assert main([str(SERIES), "--format", "b4"]) == 1
    assert capsys.readouterr().err == ""
    assert main(["nothing.mbox", "--format", "b4"]) == 2
    assert capsys.readouterr() == ("", "kfunclint: nothing.mbox: No such file or directory\n")


def checks(found: Review) -> Any:
    (check,) = json.loads(formats.render("b4-review", found))
    assert set(check) == {"tool", "status", "summary", "details"}
    assert all(isinstance(value, str) for value in check.values())
    return check


def test_b4_review_is_told_the_worst() -> None:
    assert checks(a_review(mails()))["status"] == "pass"
    assert checks(said("odd"))["status"] == "warn"
    assert checks(said("wrong", Level.WARNING))["status"] == "warn"
    assert checks(sample())["status"] == "fail"
    assert checks(sample())["summary"] == "1 error, 1 warning, 2 checks"
    assert checks(sample())["details"].count("\n") == 3
    assert checks(trouble())["status"] == "warn"
    assert checks(trouble())["summary"] == "could not review all, 1 finding not said"
    refused = checks(replace(said("odd"), unreadable=(InputError("-", 7, "cut off"),)))
    assert (refused["status"], refused["details"].split("\n")[0]) == ("fail", "not checked: -:7: cut off")


# What was not looked at, and what is not said.


def unparsed() -> Review:
    why = {"kernel/depot/bpf.c": "parser stopped (CPU limit)\nERROR: x", "flags/x": "only a part is in view"}
    return replace(a_review(mails()), skipped=why, unchecked=frozenset({"kernel/depot/bpf.c"}))


@pytest.mark.parametrize("name", formats.formats())
def test_what_was_not_looked_at_is_no_pass_in_any_format(name: str) -> None:
    text = formats.render(name, unparsed())
    assert text.count("parser stopped (CPU limit)") == 1
    assert text != formats.render(name, a_review(mails()))
    assert "ERROR:" not in text or name != "b4"


def test_what_was_not_looked_at_is_a_word_to_machines() -> None:
    assert checks(unparsed())["status"] == "warn"
    assert json.loads(formats.render("json", unparsed()))["unchecked"] == ["kernel/depot/bpf.c"]
    (run,) = json.loads(formats.render("sarif", unparsed()))["runs"]
    assert run["invocations"][0]["executionSuccessful"] is False
    assert "total: 0 errors, 0 warnings, 0 checks" in formats.render("terse", unparsed())
    assert COMMAND.fullmatch(formats.render("github", unparsed()).strip())


def silenced(by_sender: bool) -> Review:
    finding = said("wrong").findings[0]
    held = tuple(SuppressedFinding(finding, f"way {at % 2} (a.mbox:{at % 2})", by_sender) for at in range(3))
    return replace(a_review(mails()), withheld=held)


@pytest.mark.parametrize("name", sorted({*formats.formats()} - {"json", "terminal"}))
def test_findings_that_are_not_said_are_counted(name: str) -> None:
    assert formats.render(name, silenced(by_sender=True)).count("3 findings not said") in (1, 2)


def test_nobody_is_answered_about_what_others_have_said() -> None:
    assert formats.render("reply", silenced(by_sender=False)) == ""
    assert "way 0 (a.mbox:0), and 1 other reason" in formats.render("reply", silenced(by_sender=True)).replace(
        "\n", " "
    )


# Long lines.


def long_line(word: str) -> Review:
    """A finding far behind the start of a line."""
    text = f"\t{'a' * 3000} {word * 3000} b;"
    found = a_review([a_mail(1, 1, "depot", BODY.replace("\tb;", text))])
    return replace(found, findings=(a_finding(found, place(found, "b;"), "a/b", Level.CHECK, "m"),))


@pytest.mark.parametrize("name", sorted({*formats.formats()} - {"html"}))
def test_a_quote_is_cut_and_the_cut_is_marked(name: str) -> None:
    text = formats.render(name, long_line("x"))
    assert max(map(len, text.split("\n"))) < 1200
    if name in ("terminal", "json", "reply"):
        assert ("[ ... ]" if name == "reply" else "[...]") in text


def test_the_caret_is_below_what_is_left_of_a_long_line() -> None:
    _, _, _, _, quoted, caret, *_ = formats.render("terminal", long_line("x")).split("\n")
    assert quoted.index("b;") == caret.index("^")


@pytest.mark.parametrize("word", ["x", "\u00e4", "\u4e2d", "\U0001f41d"])
def test_a_reply_has_no_line_that_mail_servers_refuse(word: str) -> None:
    found = long_line(word)
    said_so = replace(found, findings=tuple(replace(one, message=f"{word * 3000} is wrong") for one in found.findings))
    text = formats.render("reply", replace(said_so, skipped={word * 3000: "x"}, unchecked=frozenset({word * 3000})))
    assert max(len(line.encode()) for line in text.split("\n")) <= 998


# GitHub's commands.

COMMAND = re.compile(r"::(error|warning|notice) (?:[a-zA-Z]+=[^:,\r\n]*(?:,(?=[a-zA-Z])|(?=::)))+::([^\r\n]*)")


def test_what_a_mail_brings_is_no_command() -> None:
    evil = "100%\n::set-env name=A::b\r::stop-commands::x"
    one = said(evil, path="a:b,c%0Ad.c", because=(Reason(Place("x::y", 1), evil),), fix=Fix(evil))
    (line,) = formats.render("github", one).splitlines()
    assert COMMAND.fullmatch(line)
    assert line.startswith("::notice file=a%3Ab%2Cc%250Ad.c,line=2,")
    assert "100%25\\x0a::set-env" in line
    assert line.count("%0A") == 2


def test_the_worst_comes_first_for_github() -> None:
    commands = [COMMAND.fullmatch(line) for line in formats.render("github", sample()).splitlines()]
    assert [command and command[1] for command in commands] == ["error", "warning", "notice", "notice"]


def test_a_finding_in_a_message_has_no_file() -> None:
    line = formats.render("github", sample()).splitlines()[2]
    assert line.startswith("::notice title=text/grammar::message of [PATCH bpf-next 1/2] depot: add bpf_depot_top(), ")


# SARIF. What GitHub asks for beyond the standard, from its "SARIF support for code scanning".

TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
LOCATION = {
    "type": "object",
    "required": ["physicalLocation"],
    "properties": {
        "physicalLocation": {
            "type": "object",
            "required": ["artifactLocation", "region"],
            "properties": {
                "artifactLocation": {
                    "required": ["uri"],
                    "properties": {"uri": {"pattern": r"^(?!/)(?!.*\.\.)([\w./~-]|%[0-9A-F]{2})+$"}},
                },
                "region": {
                    "required": ["startLine", "startColumn", "endLine", "endColumn"],
                    "additionalProperties": {"type": "integer", "minimum": 1},
                },
            },
        }
    },
}
RULE = {
    "type": "object",
    "required": ["id", "shortDescription", "fullDescription", "help", "defaultConfiguration", "properties"],
    "properties": {
        "id": {"maxLength": 255},
        "shortDescription": TEXT,
        "fullDescription": TEXT,
        "help": TEXT,
        "properties": {
            "properties": {
                "precision": {"enum": ["very-high", "high", "medium", "low"]},
                "problem.severity": {"enum": ["error", "warning", "recommendation"]},
                "tags": {"maxItems": 10},
            }
        },
    },
}
RESULT = {
    "type": "object",
    "required": ["ruleId", "message", "locations", "partialFingerprints"],
    "properties": {
        "message": TEXT,
        "level": {"enum": ["error", "warning", "note"]},
        "locations": {"type": "array", "minItems": 1, "maxItems": 1, "items": LOCATION},
        "relatedLocations": {"type": "array", "maxItems": 1000, "items": LOCATION},
    },
}
GITHUB = Draft202012Validator(
    {
        "type": "object",
        "required": ["$schema", "version", "runs"],
        "properties": {
            "version": {"const": "2.1.0"},
            "runs": {
                "minItems": 1,
                "maxItems": 1,
                "items": {
                    "required": ["tool", "results"],
                    "properties": {
                        "tool": {
                            "properties": {"driver": {"required": ["name"], "properties": {"rules": {"items": RULE}}}}
                        },
                        "results": {"type": "array", "maxItems": 25000, "items": RESULT},
                    },
                },
            },
        },
    }
)


def log(found: Review) -> Any:
    loaded = json.loads(formats.render("sarif", found))
    GITHUB.validate(loaded)
    return loaded["runs"][0]


def test_github_takes_the_sarif_of_every_review(lint: Lint) -> None:
    for found in (sample(), trouble(), lint(SERIES.read_text())):
        run = log(found)
        rules = run["tool"]["driver"]["rules"]
        for result in run["results"]:
            assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        messages = sum(finding.at.path is None for finding in found.findings)
        assert len(run["results"]) == len(found.findings) - messages


def test_sarif_names_a_strange_file_as_a_relative_address() -> None:
    (result,) = log(said("odd", path="http:/a b/\u202e%.c"))["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "http%3A/a%20b/%E2%80%AE%25.c"


def test_what_a_mail_brings_is_no_link() -> None:
    one = said("see [here](http://example.org)\x1b", because=(Reason(Place("a.c", 1), "[x](y)"),))
    (result,) = log(one)["results"]
    assert result["message"]["text"] == "see [here] (http://example.org)\\x1b. [[x] (y)](1)."


def test_fingerprints_tell_findings_apart_and_know_no_lines() -> None:
    one = said("odd")
    twice = replace(one, findings=one.findings * 2)
    moved = a_review([a_mail(1, 1, "depot", BODY.replace("@@ -1 +1,2 @@", "@@ -9 +9,2 @@"))])
    moved = replace(moved, findings=(a_finding(moved, place(moved, "b;"), "a/b", Level.CHECK, "odd"),))
    prints = [[result["partialFingerprints"] for result in log(found)["results"]] for found in (one, twice, moved)]
    assert prints[0] == prints[2] == prints[1][:1]
    assert prints[1][0] != prints[1][1]


def test_a_fix_is_given_where_its_edits_are_in_files() -> None:
    edits = (Edit(Place("a.c", 2, 2, 3), "c"), Edit(Place("a.c", 1, 1, 1), "int x;\n"))
    (result,) = log(said("odd", fix=Fix("write c", edits)))["results"]
    ((change,),) = (fix["artifactChanges"] for fix in result["fixes"])
    assert [one["deletedRegion"]["startLine"] for one in change["replacements"]] == [1, 2]
    (result,) = log(said("odd", fix=Fix("write c", (*edits, Edit(Place(None, 1, 1, 2), "A")))))["results"]
    assert "fixes" not in result
    (result,) = log(said("odd", fix=Fix("write c")))["results"]
    assert "fixes" not in result


def test_too_many_results_are_cut_and_counted() -> None:
    one = said("odd")
    found = log(replace(one, findings=one.findings * 25_001))
    assert len(found["results"]) == 25_000
    (told,) = found["invocations"][0]["toolExecutionNotifications"]
    assert told["message"]["text"] == "left out: 1 finding"


def test_sarif_says_what_went_wrong() -> None:
    (invocation,) = log(replace(trouble(), unreadable=(InputError("a.mbox", 7, "cut off"),)))["invocations"]
    assert invocation["executionSuccessful"] is False
    texts = [told["message"]["text"] for told in invocation["toolExecutionNotifications"]]
    assert texts[1:3] == ["the rule failed: flags/odd", "not read: a.mbox:7: cut off"]
    assert PATH not in texts[0]
