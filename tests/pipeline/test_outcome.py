"""What the callers of the pipeline are told: notes in order, and the status."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT
from sample import a_review, mails, sample

from kfunclint.checker.result import Review
from kfunclint.clang import Parser
from kfunclint.cli.main import main
from kfunclint.errors import InputError
from kfunclint.finding import Level
from kfunclint.mail.inbox import read_inbox
from kfunclint.pipeline import pipeline
from kfunclint.pipeline.outcome import CLEAN, FINDINGS, TROUBLE, Note, NoteKind, Outcome, troubles
from kfunclint.pipeline.request import Request
from kfunclint.settings import merged
from kfunclint.settings.selection import ActiveRules
from kfunclint.value import replace

SERIES = str(ROOT / "fixtures" / "series.mbox")
V1, V2 = (str(ROOT / "fixtures" / "threads" / f"v{version}.mbox") for version in (1, 2))


@pytest.fixture
def empty(tmp_path: Path) -> str:
    path = tmp_path / "empty.mbox"
    path.touch()
    return str(path)


def broken() -> Review:
    failures = {"flags/x": "Traceback:\n  there\nKeyError: 'depot'\n"}
    return replace(a_review(mails()), unreadable=(InputError("a.mbox", 7, "cut off"),), failures=failures)


def outcome(review: Review, fail_on: Level = Level.WARNING) -> Outcome:
    return Outcome((review,), tuple(troubles(review)), fail_on)


def test_a_cover_letter_alone_is_not_reviewed(capsys: pytest.CaptureFixture[str]) -> None:
    cover = str(ROOT / "fixtures" / "mail" / "cover.eml")
    assert main([cover]) == TROUBLE
    out, err = capsys.readouterr()
    assert err == f"kfunclint: {cover}:1: a cover letter alone, its patches are not in the input\n"
    assert out.endswith(f"not all of it could be checked\nnot read: {err.removeprefix('kfunclint: ')}")
    assert (main(["--format", "b4-review", cover]), capsys.readouterr().out) == (TROUBLE, "[]\n")


def test_troubles_of_a_review_are_told_in_one_line_each() -> None:
    assert [note.text for note in troubles(broken())] == [
        "a.mbox:7: cut off",
        "flags/x: the rule failed: KeyError: 'depot'",
    ]
    assert {note.kind for note in troubles(broken())} == {NoteKind.TROUBLE}


@pytest.mark.parametrize(
    ("review", "fail_on", "status"),
    [
        (lambda: a_review(mails()), Level.CHECK, CLEAN),
        (sample, Level.ERROR, FINDINGS),
        (lambda: replace(sample(), findings=sample().findings[:1]), Level.WARNING, CLEAN),
        (lambda: replace(sample(), failures=broken().failures), Level.ERROR, TROUBLE),
        (broken, Level.ERROR, TROUBLE),
    ],
    ids="clean findings below-fail-on findings-and-trouble trouble".split(),
)
def test_trouble_goes_before_findings_that_count(review: Callable[[], Review], fail_on: Level, status: int) -> None:
    assert outcome(review(), fail_on).status == status


def test_a_note_that_is_no_trouble_changes_no_status() -> None:
    found = Outcome((), (Note(NoteKind.NO_TREE, "no"), Note(NoteKind.OTHER_TITLES, "other")), Level.CHECK)
    assert found.status == CLEAN


def test_notes_come_in_order_and_nothing_is_printed(
    empty: str, linux: Path, parser: Parser, capsys: pytest.CaptureFixture[str]
) -> None:
    (linux / ".git" / "HEAD").write_text("ref: refs/heads/nothing\n")
    heard: list[Note] = []
    request = Request(since=7)
    found = pipeline.run(read_inbox([empty, V2]), request, ActiveRules(merged.merge({}, ())), parser, tell=heard.append)
    assert [(note.kind, note.text.partition(": ")[0]) for note in found.notes] == [
        (NoteKind.NO_TREE, str(linux)),
        (NoteKind.TROUBLE, empty),
        (NoteKind.TROUBLE, "--since"),
    ]
    assert heard == list(found.notes)
    assert found.status == TROUBLE
    assert capsys.readouterr() == ("", "")


def test_notes_before_an_exception_are_told(empty: str, parser: Parser, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([empty, SERIES, "--revision", "7"], parser) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first == f"kfunclint: {empty}: empty"
    assert "version 7" in second


def test_one_parser_serves_one_inbox_after_the_other(parser: Parser) -> None:
    rules = ActiveRules(merged.merge({}, ()))
    found = [pipeline.run(read_inbox([name]), Request(), rules, parser) for name in (SERIES, V1, SERIES)]
    assert found[0] == found[2]
    assert found[0].status == FINDINGS
