"""Replies that quote whole patches, and where drafts go."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import ROOT
from sample import a_review, mails, of_title, sample

from kfunclint.checker.result import Review, TreeState
from kfunclint.cli.main import main
from kfunclint.report import formats
from kfunclint.text import last_line
from kfunclint.value import replace


def bodies(review: Review) -> list[str]:
    return [text.partition("\n\n")[2] for text in formats.files("reply-full", review).values()]


def test_every_line_of_a_patch_is_quoted_once() -> None:
    numbers = {finding.origin.patch for finding in sample().findings}
    patches = [patch.mail for patch in sample().patches if patch.mail.subject.number in numbers]
    for mail, body in zip(patches, bodies(sample()), strict=True):
        quoted = [line[1:].removeprefix(" ") for line in body.splitlines() if line.startswith(">")]
        assert quoted == mail.body.rstrip("\n").split("\n")


def test_a_remark_stands_below_its_line_and_nothing_behind_the_last() -> None:
    first, second = bodies(sample())
    assert "> count references" in first.partition("[text/grammar]")[2]
    assert "\n-- \n" not in first + second
    assert not last_line(second).startswith("kfunclint")


def test_a_remark_on_the_subject_stands_in_front() -> None:
    (body,) = bodies(of_title())
    attribution, _, word, *rest = body.split("\n")
    assert attribution.endswith(" wrote:")
    assert word.endswith("[text/x]")
    assert rest[1] == "> Let all programs call it."


def test_nothing_is_mailed_if_there_is_nothing_to_say() -> None:
    assert formats.render("reply-full", a_review(mails())) == ""


def test_the_signature_names_the_base() -> None:
    found = replace(sample(), base=TreeState("v6.18-rc2 (1f2e3d4c5b6a)", "its base-commit"))
    text = " ".join(formats.render("reply", found).split())
    assert "judged this for Linux 6.18 on top of v6.18-rc2 (1f2e3d4c5b6a). Is" in text


@pytest.mark.parametrize("name", ["box/", "box"])
def test_a_maildir_gets_drafts(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("cur", "new", "tmp"):
        (tmp_path / "box" / folder).mkdir(parents=True)
    assert main([str(ROOT / "fixtures" / "series.mbox"), "--report", f"reply={name}", "-o", "out"]) == 1
    files = [path for path in (tmp_path / "box").rglob("*") if path.is_file()]
    assert len(files) == 2
    assert all(path.parent.name == "cur" and path.name.endswith(".eml:2,DS") for path in files)
