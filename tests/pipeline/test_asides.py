"""Words that are not about kfuncs are for --strict."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import kfunclint
from kfunclint.clang import Parser

KFUNC = "+__bpf_kfunc int bpf_shelf_count(void)\n+{\n+\treturn 0;\n+}\n"
Words = Callable[..., list[str]]


def mail(number: str, message: str, diff: str = "") -> str:
    lines = diff.count("\n")
    patch = (
        f"---\ndiff --git a/mm/s{number[0]}.c b/mm/s{number[0]}.c\n--- a/mm/s{number[0]}.c\n+++ b/mm/s{number[0]}.c\n"
    )
    return (
        f"From mboxrd@z Thu Jan  1 00:00:00 1970\nFrom: Ann Author <ann@example.org>\n"
        f"Subject: [PATCH {number}] shelf: tidy up\nMessage-ID: <{number[0]}@example.org>\n"
        + ("" if number[0] in "01" else "In-Reply-To: <1@example.org>\n")
        + f"\n{message}\n"
        + (f"{patch}@@ -1,0 +1,{lines} @@\n{diff}\n" if diff else "\n")
    )


@pytest.fixture
def words(parser: Parser, tmp_path: Path) -> Words:
    """The misspelled words that are said of a mailbox."""

    def run(*mails: str, strict: bool = False) -> list[str]:
        path = tmp_path / "series.mbox"
        path.write_text("".join(mails))
        outcome = kfunclint.review(str(path), parser=parser, strict=strict, only=["text/spelling"])
        return [finding.message.split('"')[1] for review in outcome.reviews for finding in review.findings]

    return run


PLAIN = mail("2/2", "It is wierd.", "+/* the occured rows */\n+int x;\n")


def test_a_patch_without_kfuncs_beside_one_that_has_some(words: Words) -> None:
    series = (mail("1/2", "It is realy so.", KFUNC), PLAIN)
    assert words(*series) == ["realy"]
    assert words(*series, strict=True) == ["realy", "wierd", "occured"]


def test_a_patch_that_calls_a_kfunc_of_the_series(words: Words) -> None:
    call = "+/* the occured rows */\n+int x = bpf_shelf_count();\n"
    assert words(mail("1/2", "Count.", KFUNC), mail("2/2", "It is wierd.", call)) == ["wierd", "occured"]


def test_a_mail_that_is_read_alone(words: Words) -> None:
    assert words(PLAIN) == ["wierd", "occured"]


def test_a_series_without_any_kfunc(words: Words) -> None:
    other = mail("1/2", "It is realy so.", "+int y;\n")
    assert words(other, PLAIN) == []


@pytest.mark.parametrize(
    "heading",
    [
        "v1 -> v2:", "v2:", "Changelog:", "Changes since v1:", "Changes in v2", "Changes from RFC:", "RFC -> v1",
        "Changes since the last version:", "Change log:", "v3: rebased", "History:", "rfc v2 => v3:",
    ],
)  # fmt: skip
def test_the_changelog_of_a_cover_letter(heading: str, words: Words) -> None:
    cover = mail("0/1", f"This realy counts.\n\n{heading}\n - drop the occured rows\n\nand the wierd ones")
    patch = mail("1/1", "Count.", KFUNC).replace("\nSubject", "\nIn-Reply-To: <0@example.org>\nSubject")
    assert words(cover, patch) == ["realy"]
    assert words(cover, patch, strict=True) == ["realy", "occured", "wierd"]


@pytest.mark.parametrize(
    "line", ["Changes the order of rows.", "Changes in the order are made:", "History shows that:", "The v2 format:"]
)
def test_what_is_no_changelog(line: str, words: Words) -> None:
    cover = mail("0/1", f"{line}\n\nThis realy counts.")
    patch = mail("1/1", "Count.", KFUNC).replace("\nSubject", "\nIn-Reply-To: <0@example.org>\nSubject")
    assert words(cover, patch) == ["realy"]
