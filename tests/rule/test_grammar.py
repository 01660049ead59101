"""The examples of rules/tables/grammar.toml, and where the remarks point."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kfunclint.facts.docs import Prose
from kfunclint.finding import Place, Remark
from kfunclint.kernel.kernel import kernel_of_release
from kfunclint.kernel.release import Release
from kfunclint.resources import table
from kfunclint.rule import loader

(GRAMMAR,) = (found for found in loader.shipped() if found.id == "text/grammar")
CLASSES = table("grammar")


def prose(*lines: str) -> Prose:
    return Prose(
        "comment", tuple((Place("a.c", number, 4, 4 + len(line)), line) for number, line in enumerate(lines, 1))
    )


def remarks(*lines: str) -> list[Remark]:
    return list(GRAMMAR.check(prose(*lines), kernel_of_release(Release(6, 18), "")))


def examples(kind: str) -> Iterator[tuple[str, str]]:
    return ((name, text) for name, row in CLASSES.items() for text in row[kind])


@pytest.mark.parametrize(("name", "text"), list(examples("wrong")))
def test_wrong(name: str, text: str) -> None:
    assert len(remarks(text)) == 1, name


@pytest.mark.parametrize(("name", "text"), list(examples("right")))
def test_right(name: str, text: str) -> None:
    assert not remarks(text), name


@pytest.mark.parametrize("row", CLASSES.values(), ids=CLASSES)
def test_every_class_is_measured(row: dict[str, str]) -> None:
    assert "of" in row["measured"]


def test_the_word_is_pointed_at_and_replaced() -> None:
    (found,) = remarks("however it's not necessarily", "to bump the counter")
    assert found.message == '"necessarily" should read "necessary"'
    assert (found.at.line, found.at.column, found.at.end_column) == (1, 21, 32)
    assert found.fix is not None
    assert [(edit.at, edit.text) for edit in found.fix.edits] == [(found.at, "necessary")]


def test_a_word_repeated_over_a_line_break_is_pointed_at_in_the_second_line() -> None:
    (found,) = remarks("drop the", "the lock")
    assert (found.at.line, found.at.column, found.at.end_column) == (2, 4, 7)
    assert found.fix is not None
    (edit,) = found.fix.edits
    assert (edit.at.line, edit.at.column, edit.at.end_column, edit.text) == (2, 4, 8, "")


def test_a_word_repeated_in_a_line_is_mended() -> None:
    (found,) = remarks("drop the the lock")
    assert found.fix is not None
    (edit,) = found.fix.edits
    assert (edit.at.column, edit.at.end_column, edit.text) == (9, 16, "the")


@pytest.mark.parametrize("word", ["the ", "it's not necessarily ", "a ", '"', "`"])
def test_long_texts_come_to_an_end(word: str) -> None:
    remarks(word * 100_000)
