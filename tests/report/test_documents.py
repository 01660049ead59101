"""The formats that make one document of all series: JSON lines, rdjson, codequality and junit; and gcc beside them."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from sample import a_finding, a_mail, a_review, mails, of_title, place, sample, trouble

from kfunclint.checker.result import Review
from kfunclint.finding import Edit, Fix, Level, Place, SuppressedFinding
from kfunclint.report import formats, markdown
from kfunclint.value import replace

# as https://docs.gitlab.com/ci/testing/code_quality/ describes a report
GITLAB = Draft202012Validator(
    {
        "type": "array",
        "items": {
            "required": ["description", "check_name", "fingerprint", "location", "severity"],
            "properties": {
                "description": {"type": "string", "minLength": 1},
                "check_name": {"type": "string", "minLength": 1},
                "fingerprint": {"type": "string", "minLength": 1},
                "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
                "location": {
                    "required": ["path", "lines"],
                    "properties": {
                        "path": {"type": "string", "minLength": 1},
                        "lines": {"required": ["begin"], "properties": {"begin": {"type": "integer", "minimum": 1}}},
                    },
                },
            },
        },
    }
)


def test_json_of_several_series_is_json_lines() -> None:
    lines = formats.render_all("json", [sample(), trouble()]).splitlines()
    assert [json.loads(line) for line in lines] == [
        json.loads(formats.render("json", review)) for review in (sample(), trouble())
    ]
    assert formats.render_all("json", [sample()]) == formats.render("json", sample())


@pytest.mark.parametrize("reviews", [[], [sample()], [trouble()], [of_title()], [sample(), sample(), trouble()]])
def test_gitlab_takes_the_array_of_all_series(reviews: list[Review]) -> None:
    issues = json.loads(formats.render_all("codequality", reviews))
    GITLAB.validate(issues)
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)
    assert len(issues) >= sum(len(review.findings) for review in reviews)


def test_a_fingerprint_survives_a_reroll() -> None:
    first, second = (json.loads(formats.render("codequality", review))[0] for review in (sample(), moved()))
    assert first["fingerprint"] == second["fingerprint"]
    assert first["location"] != second["location"]


def moved() -> Review:
    first, *others = sample().findings
    return replace(sample(), findings=(replace(first, at=replace(first.at, line=first.at.line + 1)), *others))


def said_of(line: str, fix: Fix | None = None, at: Place | None = None) -> Review:
    """A review with one finding, about the "b;" in a line that the series adds to a.c."""
    body = f"Add.\n---\ndiff --git a/a.c b/a.c\n--- a/a.c\n+++ b/a.c\n@@ -1 +1,2 @@\n a\n+{line}\n"
    found = a_review([a_mail(1, 1, "depot", body)])
    finding = a_finding(found, place(found, "b;"), "a/b", Level.WARNING, "no b")
    if fix and at is None:
        fix = replace(fix, edits=tuple(replace(edit, at=place(found, "b;")) for edit in fix.edits))
    return replace(found, findings=(replace(finding, fix=fix),))


def diagnostic(review: Review) -> dict[str, Any]:
    (only,) = json.loads(formats.render("rdjson", review))["diagnostics"]
    return dict(only)


def test_reviewdog_is_told_bytes() -> None:
    found = diagnostic(said_of("\t/* \u00e4\u6f22 */ b;"))
    assert found["location"]["range"] == {"start": {"line": 2, "column": 14}, "end": {"line": 2, "column": 16}}
    assert found["code"]["value"] == "a/b"


def test_reviewdog_is_told_an_edit_that_stands_alone() -> None:
    edit = Edit(Place("a.c", 2, 1, 1), "c;")
    one = diagnostic(said_of("b;", Fix("write c", (edit,))))
    assert one["suggestions"] == [
        {"range": {"start": {"line": 2, "column": 1}, "end": {"line": 2, "column": 3}}, "text": "c;"}
    ]
    assert "suggestions" not in diagnostic(said_of("b;", Fix("write c", (edit, edit))))
    elsewhere = replace(edit, at=Place("b.c", 2, 1, 1))
    assert "suggestions" not in diagnostic(said_of("b;", Fix("write c", (elsewhere,)), elsewhere.at))


def test_reviewdog_is_told_where_a_title_stands() -> None:
    assert diagnostic(of_title())["location"] == {"path": "series.mbox", "range": {"start": {"line": 107}}}


def suites(*reviews: Review) -> list[ET.Element]:
    return list(ET.fromstring(formats.render_all("junit", reviews)))


def test_junit_has_a_suite_a_series_and_a_case_a_finding() -> None:
    found, clean = suites(sample(), a_review(mails()))
    assert found.get("failures") == str(len(sample().findings)) == str(len(found.findall(".//failure")))
    assert {failure.get("type") for failure in found.iter("failure")} == {one.level for one in sample().findings}
    assert (clean.get("tests"), clean.get("failures"), clean.get("errors")) == ("2", "0", "0")
    assert all(len(case) == 0 for case in clean)


def test_junit_has_no_pass_where_something_was_not_looked_at() -> None:
    (suite,) = suites(trouble())
    assert suite.get("errors") == str(len(trouble().troubles))
    assert all(case.find("error") is not None for case in suite.iter("testcase"))


def test_junit_of_a_tree_has_all_its_findings() -> None:
    tree = replace(sample(), series=None, patches=(), cover=None, tree="linux")
    findings = tuple(replace(one, at=replace(one.at, path="a.c", line=1), because=()) for one in tree.findings)
    (suite,) = suites(replace(tree, findings=findings))
    assert len(suite.findall(".//failure")) == len(findings)
    assert {case.get("classname") for case in suite} == {"linux"}


def test_junit_is_xml_whatever_a_mail_brings() -> None:
    review = said_of("b;")
    odd = replace(review.findings[0], message="<a>&\x00\x1b\ufffe\udc80]]>", quoted="\uffff\tb;")
    (suite,) = suites(replace(review, findings=(odd,)))
    (failure,) = suite.iter("failure")
    assert failure.get("message") == "<a>&\\x00\\x1b\ufffd\\udc80]]>"
    assert failure.text == "\ufffd\tb;"


def test_gcc_has_lines_of_a_compiler_alone() -> None:
    withheld = SuppressedFinding(sample().findings[0], "recorded")
    text = formats.render("gcc", replace(sample(), withheld=(withheld,)))
    *lines, last = text.splitlines()
    assert last == "kfunclint: note: 1 finding not said: recorded"
    for line in lines:
        file, number, column, level, _ = line.split(":", 4)
        assert file.endswith((".c", ".mbox"))
        assert int(number) > 0 < int(column)
        assert level in (" error", " warning", " note")
    assert formats.render("gcc", a_review(mails())) == ""


@pytest.mark.parametrize("kind", ["gcc", "junit"])
def test_a_fix_is_said(kind: str) -> None:
    assert "no b; fix: write c" in formats.render(kind, said_of("b;", Fix("write c")))


def test_markdown_of_a_rule() -> None:
    doc = "A title.\n\nWhat __k and `__k` do.\n\nBad:\n    a_b(*c);\n\n    d();\nGood:\n    e();\n"
    assert markdown.explanation(doc) == (
        "What \\_\\_k and `__k` do.\n\nBad:\n\n```c\na_b(*c);\n\nd();\n```\n\nGood:\n\n```c\ne();\n```\n"
    )
