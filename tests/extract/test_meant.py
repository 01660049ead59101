"""What a tree tells of names in messages and comments: which of them are slips."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Lint
from trees import commit

from kfunclint.fixture.marks import read
from kfunclint.tree.tree import DirectoryTree

FIXTURE = read(ROOT / "fixtures" / "text" / "name-misspelled.tree.patch")


def names(lint: Lint, tree: str | None, text: str = FIXTURE.text) -> list[str]:
    found = lint(text, only=("text/name-misspelled",), tree=tree)
    return [one.message.split('"')[1] for one in found.findings]


def test_a_repository_tells_the_same_as_a_folder(lint: Lint, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "fixtures" / "trees" / "shelf", tmp_path / "linux")
    commit(tmp_path / "linux", {})
    assert names(lint, str(tmp_path / "linux")) == names(lint, "shelf") != []


def test_without_a_tree_only_swapped_and_doubled_letters_are_told(lint: Lint) -> None:
    assert names(lint, None) == ["bpf_house_upt", "bpf_shelf_acquuire"]  # in bpf_house_put the code has the slip


def test_any_file_of_the_tree_may_have_the_word(lint: Lint, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "fixtures" / "trees" / "shelf", tmp_path / "linux")
    (tmp_path / "linux" / "notes.txt").write_text("shelf_accuires\n")
    assert names(lint, str(tmp_path / "linux")) == ["bpf_shelf_acqire", "bpf_house_upt", "bpf_shelf_acquuire"]


@pytest.mark.parametrize(("files", "slip"), [(2, True), (3, False)])
def test_a_word_of_many_files_is_none_that_is_misspelled(files: int, slip: bool, lint: Lint, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "fixtures" / "trees" / "shelf", tmp_path / "linux")
    for number in range(files):
        (tmp_path / "linux" / f"{number}.txt").write_text("they accuires it\n")
    assert ("bpf_shelf_accuire" in names(lint, str(tmp_path / "linux"))) is slip


def test_the_tree_is_searched_once_and_for_few_words(lint: Lint, monkeypatch: pytest.MonkeyPatch) -> None:
    sought = words_sought(monkeypatch)
    letters = "abcdefghijklmnoprstuvwxyz"
    many = " ".join(f"bpf_shelf_acq{one}uire()" for one in letters)
    names(lint, "shelf", FIXTURE.text.replace("are others.", f"are others. {many}"))
    (words,) = sought
    assert len(words) == 16


def test_nothing_is_sought_where_no_name_is_a_slip(lint: Lint, monkeypatch: pytest.MonkeyPatch) -> None:
    sought = words_sought(monkeypatch)
    assert (
        names(
            lint,
            "shelf",
            FIXTURE.text.replace("accuire", "acquire")
            .replace("acqire", "acquire")
            .replace("upt", "utp")
            .replace("acquuire", "acquire")
            .replace("bpf_house_put", "bpf_house_utp"),
        )
        == []
    )
    assert sought == []


def words_sought(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The words that any file of a tree is searched for, search by search; filled while a review runs."""
    sought: list[list[str]] = []
    search = DirectoryTree.containing

    def containing(self: DirectoryTree, words: Sequence[str], *where: Any, **options: Any) -> Iterator[str]:
        if options.get("suffixes") == ("",):
            sought.append(list(words))
        return search(self, words, *where, **options)

    monkeypatch.setattr(DirectoryTree, "containing", containing)
    return sought
