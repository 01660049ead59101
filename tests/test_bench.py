"""What README says of speed is what bench/results.md says."""

from __future__ import annotations

import re

import mails
import pytest
import results
import slopes
from conftest import ROOT

from kfunclint.mail.inbox import read_inbox

README = (ROOT / "README.md").read_text()


def unmeasured(text: str, measured: str) -> list[str]:
    """The figures of a text that another does not have."""
    return [
        figure
        for figure in re.findall(r"\d+(?:[.,]\d+)*", text)
        if figure not in re.findall(r"\d+(?:[.,]\d+)*", measured)
    ]


def test_every_figure_of_the_readme_was_measured() -> None:
    said = README.partition("\n## Speed\n")[2].partition("\n## ")[0]
    assert said
    assert unmeasured(said.partition("![")[0], results.RESULTS.read_text()) == []


def test_a_figure_that_nobody_measured_is_told() -> None:
    assert unmeasured("0.8 of 12,000 in 3 s", "12,000 mails: 0.81, 3 s") == ["0.8"]


def test_what_is_written_can_be_read() -> None:
    sections = {title: f"{title}\nratio 0.5" for title, _ in results.SUBJECTS.values()}
    assert results.parsed(results.written(sections)) == sections


@pytest.mark.parametrize("kind", slopes.KINDS)
def test_what_is_generated_is_a_mail_as_people_send(kind: str) -> None:
    inbox = read_inbox([slopes.KINDS[kind](3).encode()])
    assert inbox.errors == ()
    assert inbox.series


def test_an_archive_has_mails_without_a_patch() -> None:
    assert "diff --git" not in mails.talk("x")


def test_ten_times_as_much_for_ten_times_the_input() -> None:
    assert slopes.exponent(2, 20) == "1.00"
    assert slopes.exponent(0.02, 2) == "-"
