"""Misspelled words."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from kfunclint.facts.docs import Prose
from kfunclint.facts.spelling import _entry, corrections, kernel_list, one_edit_apart, slips, wrong_word
from kfunclint.finding import Place, Remark
from kfunclint.kernel.kernel import kernel_of_release
from kfunclint.kernel.release import Release
from kfunclint.kernel.vocabulary import Vocabulary
from kfunclint.resources import table
from kfunclint.rule import loader

(SPELLING,) = (found for found in loader.shipped() if found.id == "text/spelling")


def remarks(text: str, names: frozenset[str] = frozenset(), **misspellings: str) -> list[Remark]:
    prose = Prose("comment", ((Place("a.c", 3, 4, 4 + len(text)), text),), None, names)
    listed = "".join(f"{wrong}||{right}\n" for wrong, right in misspellings.items())
    return list(SPELLING.check(prose, kernel_of_release(Release(6, 18), "", Vocabulary(lambda path: listed))))


def test_corrections() -> None:
    assert corrections("whithin") == ("within",)
    assert corrections("overrite") == ("overwrite", "override", "overrate")


@pytest.mark.parametrize("word", ["within", "zzzzzz", "aaaa", "a", "", "uptodate", "clas", "\u00fcber"])
def test_no_corrections(word: str) -> None:
    assert corrections(word) == ()


def test_words_of_the_kernel_alone_are_found() -> None:
    misspelled = table("spelling")["misspelled"]
    assert corrections("withing") == ("within",)
    assert [word for word in misspelled if _entry(word.encode())] == []
    assert not set(misspelled) & set(table("spelling")["accepted"])


def test_every_line_of_the_dictionary_is_found() -> None:
    spec = importlib.util.find_spec("codespell_lib")
    assert spec is not None
    assert spec.origin is not None
    lines = (Path(spec.origin).parent / "data/dictionary.txt").read_text().splitlines()
    words = [wrong for wrong, _, right in (line.lower().partition("->") for line in lines) if "," not in right]
    known = [word for word in words if word.isascii() and word not in table("spelling")["accepted"]]
    assert len(known) > 50_000
    assert [word for word in known if not corrections(word)] == []
    assert "codespell_lib" not in sys.modules


def test_the_list_of_a_tree() -> None:
    text = "# a comment\nabov||above\namount of times||number of times\nuseable||usable\nodd\n\nx||\nwas't||wasn't\n"
    assert kernel_list(text) == {"abov": "above", "was't": "wasn't"}


@pytest.mark.parametrize("word", ["acknowledgement", "useable", "dependant"])
def test_a_word_that_kernel_texts_use_is_right_with_a_tree_too(word: str) -> None:
    assert word in table("spelling")["accepted"]
    assert remarks(f"the {word} of it", frozenset(), **{word: "another"}) == []


@pytest.mark.parametrize(
    ("text", "word", "better"),
    [
        ("a task whithin it", "whithin", "within"),
        ("Acccording to it", "Acccording", "According"),
        ("so. Futher, it is", "Futher", "Further"),
        ("shoudn't be", "shoudn't", "shouldn't"),
        ("the end: alreay", "alreay", "already"),
        ("an abov limit", "abov", "above"),
    ],
)
def test_misspelled(text: str, word: str, better: str) -> None:
    (found,) = remarks(text, abov="above")
    assert found.message == f'"{word}" is misspelled: "{better}"'
    assert (found.at.line, found.at.column) == (3, 4 + text.index(word))
    assert found.fix is not None
    assert [(edit.at, edit.text) for edit in found.fix.edits] == [(found.at, better)]


def test_several_corrections_are_asked_about() -> None:
    (found,) = remarks("do not overrite it")
    assert found.message == '"overrite" is misspelled: "overwrite", "override" or "overrate"?'
    assert found.fix is None


@pytest.mark.parametrize(
    "text",
    [
        "the Futher window",  # a name
        "see Claus Whithin for it",
        "Whithin Ann knows",
        "WHITHIN is a flag",
        "read whithin() first",
        "in whithin.c and whithin/foo and foo/whithin",
        "a whithin_foo, a foo_whithin, foo->whithin, whithin->foo",
        "mail whithin@example.org or <ann whithin>",
        "say \"whithin it\" and `whithin` and 'whithin'",
        "see https://example.org/whithin",
        "--whithin, @whithin, %whithin, #whithin, $whithin",
        "whithin[3], whithin=3, whithin::",
        "non-whithin, whithin-foo",
        "teh",  # too short to be sure
        "Whith\u00e9ment, Cl\u00e9ment and ment\u00e9",
    ],
)
def test_not_misspelled(text: str) -> None:
    assert not remarks(text)


def test_names_of_the_code_are_no_words() -> None:
    assert not remarks("the whithin there", frozenset({"whithin"}))


def test_long_texts_come_to_an_end() -> None:
    for word in ("whithin ", "whithin", "'", '"', "<", "a'"):
        remarks(word * 20_000)


@pytest.mark.parametrize(
    ("one", "other"),
    [("flags", "flag"), ("flag", "flags"), ("key", "pkey"), ("flags", "flagz"), ("flags", "falgs"), ("a", "")],
)
def test_one_edit_apart(one: str, other: str) -> None:
    assert one_edit_apart(one, other)


@pytest.mark.parametrize(
    ("one", "other"), [("flags", "flags"), ("flags", "lfagz"), ("flags", "fla"), ("abc", "cba"), ("", ""), ("ab", "cd")]
)
def test_more_than_one_edit_apart(one: str, other: str) -> None:
    assert not one_edit_apart(one, other)


KNOWN = frozenset({"bpf_shelf_release", "shelf", "bpf_house_table", "bpf_house_tackle", "e_len", "cs_get", "put"})


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("bpf_shelf_reelase", ("bpf_shelf_release",)),
        ("bpf_shelf_rellease", ("bpf_shelf_release",)),
        ("bpf_sehlf_release", ("bpf_shelf_release",)),
        ("bpf_shelf_relase", ()),
        # a letter more at the start of a word, or in a short one, makes another word
        ("sshelf", ()),
        ("bpf_sshelf_release", ()),
        ("shelff", ("shelf",)),
        ("ee_len", ()),
        ("css_get", ()),
        ("puut", ("put",)),
        ("bpf_shelf_release", ()),
    ],
)
def test_slips(name: str, known: tuple[str, ...]) -> None:
    assert slips(name, KNOWN) == known


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("bpf_shelf_rlease", ("rlease", "bpf_shelf_release")),
        ("bpf_shelf_relebse", ("relebse", "bpf_shelf_release")),
        ("bpf_shelf_releasse", ("releasse", "bpf_shelf_release")),
        ("bpf_shelf_relexse", ("relexse", "bpf_shelf_release")),
        ("bpf_shelf_relese", ("relese", "bpf_shelf_release")),
        ("bpf_house_tacle", None),  # either
        ("bpf_shelf_releases", None),
        ("bpf_shelf_releasd", None),
        ("bpf_shelf_release", None),
        ("bpx_shelf_release", None),
        ("bpf_shelf_relea5e", None),
    ],
)
def test_wrong_word(name: str, found: tuple[str, str] | None) -> None:
    assert wrong_word(name, KNOWN) == found
