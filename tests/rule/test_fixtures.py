"""Every fixture of a rule says in itself what must be found; every rule has one with both kinds of case."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Lint
from expect import complaints, read

from kfunclint.mail.message import Mail
from kfunclint.rule import loader
from kfunclint.rule.rule import Rule

FAMILIES = sorted({found.id.partition("/")[0] for found in loader.shipped()})
FIXTURES = sorted(path for family in FAMILIES for path in (ROOT / "fixtures" / family).glob("*"))


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_fixture(path: Path, lint: Lint) -> None:
    fixture = read(path)
    only = (f"{path.parent.name}/{path.name.partition('.')[0]}",)
    found = lint(fixture.text, kernel=fixture.options.get("kernel"), only=only, tree=fixture.options.get("tree"))
    mails = {patch.mail.subject.number: patch.mail for patch in found.patches}
    lines = [(finding, line_of(mails[finding.origin.patch], finding.origin.mail_line)) for finding in found.findings]
    assert not complaints(fixture, lines)


def line_of(mail: Mail, mail_line: int) -> int:
    """The 1-based line of the fixture's bare text."""
    if mail_line == 0:
        assert mail.source.title
        return mail.source.title[0]
    return (mail.source.body_line or 0) + mail_line - 1


@pytest.mark.parametrize("found", loader.shipped(), ids=lambda found: found.id)
def test_rule_has_a_guilty_and_an_innocent_case(found: Rule[Any]) -> None:
    marks = {mark.kind for path in FIXTURES for mark in read(path).marks if mark.rule == found.id}
    assert {"want", "ok"} <= marks
    assert any(path.parent.name + "/" + path.name.partition(".")[0] == found.id for path in FIXTURES)


TESTS_ITSELF = """\
Date: Tue, 14 Oct 2025 10:00:00 +0200
Subject: [PATCH] bpf: test the verifier

diff --git a/{path} b/{path}
--- a/{path}
+++ b/{path}
@@ -1,0 +1,3 @@
+BTF_KFUNCS_START(ids)
+BTF_ID_FLAGS(func, bpf_widget_get, KF_ACQUIRE | KF_ACQUIRE)
+BTF_KFUNCS_END(ids)
"""


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("kernel/bpf/widget.c", ["flags/duplicate-flag"]),
        ("net/bpf/test_run.c", []),
        ("tools/testing/selftests/bpf/bpf_testmod/bpf_testmod.c", []),
    ],
)
def test_files_that_break_the_contract_on_purpose_are_left_alone(path: str, found: list[str], lint: Lint) -> None:
    assert [finding.rule for finding in lint(TESTS_ITSELF.format(path=path)).findings] == found


@pytest.mark.parametrize("found", [found for found in loader.shipped() if found.needs_body], ids=lambda found: found.id)
def test_what_is_said_of_a_body_shows_its_path(found: Rule[Any]) -> None:
    marks = [mark for path in FIXTURES for mark in read(path).marks if mark.rule == found.id]
    assert any(mark.kind == "note" for mark in marks)
