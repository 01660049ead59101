"""An earlier version beside a newer one: what was mended, what stands, what is new."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st
from sample import a_finding, a_review, mails, place, with_fields

from kfunclint.checker.rerolls import compare, previous_version
from kfunclint.checker.result import Review
from kfunclint.clang import Parser
from kfunclint.cli.main import main
from kfunclint.finding import Finding, Level, SuppressedFinding
from kfunclint.mail.inbox import read_inbox
from kfunclint.value import replace

THREADS = ROOT / "fixtures" / "threads"
V1, V2 = (str(THREADS / f"v{version}.mbox") for version in (1, 2))
LONE = str(ROOT / "fixtures" / "series.mbox")

Output = pytest.CaptureFixture[str]


def a_version(*findings: Finding) -> Review:
    return replace(a_review(mails()), findings=findings)


def entry(**more: Any) -> Finding:
    """A finding about the entry of bpf_depot_top()."""
    review = a_review(mails())
    at = place(review, "bpf_depot_top", "BTF_ID_FLAGS")
    message = "bpf_depot_top() can return NULL"
    return replace(a_finding(review, at, "flags/x", Level.ERROR, message, function="bpf_depot_top"), **more)


def prose(message: str = '"teh" is misspelled: "the"', **more: Any) -> Finding:
    """A finding about the message."""
    review = a_review(mails())
    return replace(a_finding(review, place(review, "kfunc"), "text/x", Level.CHECK, message), **more)


def outcome(old: Finding, new: Finding) -> tuple[bool | None, int]:
    """Does the new finding stand, and how many were fixed?"""
    found = compare(a_version(new), a_version(old))
    assert found.since is not None
    return found.findings[0].persisted, len(found.since.fixed)


STANDS, OTHER = (True, 0), (False, 1)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, STANDS),
        ({"at": replace(entry().at, line=7)}, STANDS),
        ({"key": "b", "quoted": "BTF_ID_FLAGS(func, bpf_depot_top, KF_ACQUIRE | KF_RCU)"}, STANDS),
        ({"key": "b", "at": replace(entry().at, path="kernel/depot/kfuncs.c")}, STANDS),
        ({"key": "b", "message": "bpf_depot_top() may return NULL, from depot_by_id()"}, STANDS),
        (
            {
                "key": "b",
                "function": "bpf_top",
                "message": "bpf_top() can return NULL",
                "quoted": "BTF_ID_FLAGS(func, bpf_top, KF_ACQUIRE)",
            },
            STANDS,
        ),
        ({"key": "b", "rule": "flags/y"}, OTHER),
        ({"key": "b", "function": "bpf_other", "message": "bpf_other() can return NULL"}, OTHER),
        (
            {
                "key": "b",
                "message": "it has no parameter KF_ACQUIRE",
                "at": replace(entry().at, column=35, end_column=45),
            },
            OTHER,
        ),
    ],
    ids="same moved-down line file reason renamed rule function elsewhere".split(),
)
def test_a_finding_about_a_kfunc_is_known_again(change: dict[str, Any], expected: tuple[bool, int]) -> None:
    assert outcome(entry(), entry(**change)) == expected


def test_a_word_is_known_again_by_what_is_said_of_it() -> None:
    assert outcome(prose(), prose(key="b", quoted="teh other line")) == STANDS
    assert outcome(prose(), prose('"anb" is misspelled: "and"', key="b")) == OTHER


def test_what_was_not_looked_at_is_neither_new_nor_fixed() -> None:
    for skipped in ({"flags/x": "no tree"}, {"kernel/depot/bpf.c": "too large"}):
        found = compare(a_version(entry()), replace(a_version(), skipped=skipped))
        assert found.findings[0].persisted is None
        found = compare(replace(a_version(), skipped=skipped), a_version(entry()))
        assert found.since is not None
        assert found.since.fixed == ()


@given(st.lists(st.integers(0, 3), max_size=8), st.lists(st.integers(0, 3), max_size=8))
def test_every_finding_is_matched_once_at_most(old: list[int], new: list[int]) -> None:
    olds, news = ([prose(f"about {key}", key=str(key)) for key in keys] for keys in (old, new))
    found = compare(a_version(*news), a_version(*olds))
    common = sum(min(old.count(key), new.count(key)) for key in range(4))
    assert found.since is not None
    assert sum(one.persisted is True for one in found.findings) == common
    assert len(found.since.fixed) == len(old) - common
    assert [one.key for one in found.findings] == [one.key for one in news]


def test_what_is_withheld_stands_too() -> None:
    withheld = replace(a_version(), withheld=(SuppressedFinding(entry(), "quiet"),))
    found = compare(withheld, a_version(entry()))
    assert found.withheld[0].finding.persisted
    assert found.since is not None
    assert found.since.fixed == ()
    found = compare(a_version(entry()), withheld)
    assert found.findings[0].persisted
    found = compare(a_version(), withheld)
    assert found.since is not None
    assert found.since.fixed == ()


def test_an_rfc_is_called_one() -> None:
    (old,) = read_inbox([V1]).series
    request = replace(old, patches=tuple(with_fields(one, tags=("RFC",)) for one in old.patches))
    found = compare(a_version(), replace(a_version(), series=request))
    assert found.since is not None
    assert found.since.name == "RFC v1"


# Which version it is compared with.


def numbers(*names: str, of: int, version: int | None = None) -> int | None:
    inbox = read_inbox(names)
    series = next(one for one in inbox.series if one.version == of)
    found = previous_version(inbox, series, version)
    return found.version if found else None


def test_the_same_version_in_other_words_will_do(tmp_path: Path) -> None:
    draft = tmp_path / "draft.mbox"
    (series,) = read_inbox([V2]).series
    assert previous_version(read_inbox([V2]), series) is None
    draft.write_text(Path(V2).read_text().replace("Measure a depot", "Count a depot"))
    found = previous_version(read_inbox([str(draft)]), series)
    assert found is not None
    assert found.version == 2


def reroll(path: Path, version: int, title: str = "depot: let programs look a depot up") -> str:
    text = Path(V2).read_text().replace("v2]", f"v{version}]").replace("depot-v2@", f"{path.stem}@")
    path.write_text(text.replace("depot: let programs look a depot up", title))
    return str(path)


def test_the_version_right_before_is_the_one_to_compare_with(tmp_path: Path) -> None:
    v3, v4 = (reroll(tmp_path / f"v{version}.mbox", version) for version in (3, 4))
    assert numbers(V1, V2, v3, v4, of=3) == 2
    assert numbers(V1, V2, v3, v4, of=4, version=1) == 1
    assert numbers(V1, V2, of=1) is None
    assert numbers(V1, V2, of=1, version=2) == 2
    assert numbers(V1, of=1) is None
    assert numbers(V1, V2, of=2, version=5) is None


def test_a_version_of_which_mails_are_missing_is_passed_over(tmp_path: Path) -> None:
    v3, v4 = (reroll(tmp_path / f"v{version}.mbox", version) for version in (3, 4))
    Path(v3).write_text(Path(v3).read_text().replace("v3]", "v3 1/2]"))
    assert numbers(V1, V2, v3, v4, of=4) == 2
    assert numbers(V1, v3, of=3) == 1


def test_another_series_is_no_version(tmp_path: Path) -> None:
    assert numbers(reroll(tmp_path / "a.mbox", 3, "shelf: count the shelves"), V2, of=2) is None


# The option.


def as_json(capsys: Output) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.parametrize("arguments", [[V2, "--since", V1], [V1, V2, "--since", "1"], [V1, V2, "--since", V1]])
def test_an_earlier_version_is_a_file_or_a_number(arguments: list[str], parser: Parser, capsys: Output) -> None:
    assert main([*arguments, "--format", "json"], parser) == 1
    found = as_json(capsys)
    assert found["since"]["version"] == "v1"
    assert [one["stands"] for one in found["findings"]] == [True, True, False, True]


def test_both_versions_are_judged_for_the_same_kernel(tmp_path: Path, parser: Parser, capsys: Output) -> None:
    old = tmp_path / "v1.mbox"  # of a time when KF_RELEASE did not imply KF_TRUSTED_ARGS
    old.write_text(Path(V1).read_text().replace("14 Oct 2025", "14 Mar 2023"))
    main([V2, "--since", str(old), "--format", "json"], parser)
    fixed = as_json(capsys)["since"]["fixed"]
    assert "flags/trusted-args-with-release" in {one["rule"] for one in fixed}


def test_what_was_fixed_does_not_fail(parser: Parser, capsys: Output) -> None:
    assert main([V2, "--since", V1, "--only", "flags/trusted-args-with-release"], parser) == 0
    assert "since v1: fixed 1, stands 0, new 0\nfixed: kernel/depot/bpf.c: " in capsys.readouterr().out


def test_what_was_said_before_is_compared_and_not_said(parser: Parser, capsys: Output) -> None:
    answered = str(THREADS / "replies" / "answered.mbox")
    assert main([V1, V2, answered, "--since", "1"], parser) == 0
    out = capsys.readouterr().out
    assert "since v1: fixed 2, stands 2, new 1\n" in out
    assert "Ann Author has answered it for v1" in out


@pytest.mark.parametrize("text", ["", "no patch\n", "From: a@example.org\nSubject: [PATCH] x\n\ncut\n"])
def test_an_earlier_version_that_cannot_be_read(text: str, tmp_path: Path, parser: Parser, capsys: Output) -> None:
    path = tmp_path / "old.mbox"
    path.write_text(text)
    assert main([V2, "--since", str(path)], parser) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"kfunclint: {path}:")
    assert err.count("\n") == 1


CUT_OFF = Path(V1).read_text().replace("@@ -0,0 +1,46 @@", "@@ -0,0 +1,60 @@")
NO_DIFF = "From mboxrd@z Thu Jan  1 00:00:00 1970\nFrom: a@example.org\nSubject: [PATCH] x\n\ncut\n"


@pytest.mark.parametrize("text", [CUT_OFF, Path(V1).read_text() + NO_DIFF], ids=["cut off", "no diff"])
def test_an_earlier_version_of_which_a_part_cannot_be_read(
    text: str, tmp_path: Path, parser: Parser, capsys: Output
) -> None:
    path = tmp_path / "old.mbox"
    path.write_text(text)
    assert main([V2, "--since", str(path)], parser) == 2
    out, err = capsys.readouterr()
    assert "\nsince v1: " in out
    assert err.startswith(f"kfunclint: {path}:")
    assert err.count("\n") == 1


def test_a_version_that_is_not_there(parser: Parser, capsys: Output) -> None:
    assert main([V1, V2, "--since", "7"], parser) == 2
    out, err = capsys.readouterr()
    assert "[flags/ret-null-missing]" in out
    assert (
        err
        == "kfunclint: --since: no version 7 of [PATCH bpf-next v2] depot: let programs look a depot up in the input\n"
    )


def test_a_version_is_not_compared_with_itself(parser: Parser, capsys: Output) -> None:
    assert main([V1, V2, "--revision", "all", "--since", "1"], parser) == 1
    assert capsys.readouterr().out.count("\nsince v1: ") == 1


def test_a_file_that_is_named_is_compared_whatever_its_title(tmp_path: Path, parser: Parser, capsys: Output) -> None:
    other = reroll(tmp_path / "a.mbox", 1, "shelf: count the shelves")
    assert main([V2, "--since", other], parser) == 1
    out, err = capsys.readouterr()
    assert "\nsince v1: fixed 0, stands 4, new 0\n" in out
    assert err.startswith(f"kfunclint: {other}: by its titles no version of [PATCH bpf-next v2] depot: ")


def test_versions_in_the_wrong_order(parser: Parser, capsys: Output) -> None:
    assert main([V1, "--since", V2], parser) == 2
    title = "[PATCH bpf-next] depot: let programs look a depot up"
    assert capsys.readouterr().err == f"kfunclint: --since: no earlier version of {title} in {V2}\n"


def test_of_several_series_only_those_with_an_earlier_version_are_compared(parser: Parser, capsys: Output) -> None:
    assert main([V1, V2, LONE, "--since", V1], parser) == 1
    out, err = capsys.readouterr()
    assert out.count("\nsince v1: ") == 1
    assert err == ""
