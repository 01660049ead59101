"""Hunks go where git puts them, or nowhere."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample import a_mail

from kfunclint.patch.apply import LineInterner, Misfit, place_hunks
from kfunclint.patch.diff import Hunk, parse_patch
from kfunclint.patch.postimage import HunkPlacement, Line, splice

Text = list[str]


def hunks_of(diff: str) -> tuple[Hunk, ...]:
    (file,) = parse_patch(a_mail(1, 1, "depot: change", f"Why.\n---\n{diff}")).files
    return file.hunks


def ours(image: Sequence[str], hunks: Sequence[Hunk]) -> tuple[Text, bool] | None:
    """The file with the hunks in it, and if they fit without less context; None if they do not fit."""
    try:
        placements = place_hunks(image, hunks, LineInterner(), "a tree")
    except Misfit:
        return None
    lines = [Line(text) for text in image]
    for hunk, placement in zip(hunks, placements, strict=True):
        splice(lines, hunk, placement, 1)
    return [line.text for line in lines], not any(placement.top or placement.bottom for placement in placements)


def gits(folder: Path, image: Sequence[str], diff: str, *options: str) -> Text | None:
    """The same by git apply."""
    (folder / "a.c").write_text("".join(f"{line}\n" for line in image))
    command = ["git", "-C", str(folder), "apply", *options, "-"]
    if subprocess.run(command, input=diff, text=True, capture_output=True, check=False).returncode:
        return None
    return (folder / "a.c").read_text().split("\n")[:-1]


def diff_of(folder: Path, old: Sequence[str], new: Sequence[str]) -> str:
    for name, lines in (("old", old), ("new", new)):
        (folder / name).mkdir(exist_ok=True)
        (folder / name / "a.c").write_text("".join(f"{line}\n" for line in lines))
    command = ["git", "-C", str(folder), "diff", "--no-index", "old/a.c", "new/a.c"]
    made = subprocess.run(command, text=True, capture_output=True, check=False).stdout
    return made.replace("a/old/", "a/").replace("b/new/", "b/")


# few different lines, so that hunks fit at more places than one
LINES = st.lists(st.sampled_from(["{", "}", "", *"abcdefghi"]), min_size=1, max_size=50)
EDITS = st.lists(
    st.tuples(st.integers(0, 50), st.integers(0, 2), st.lists(st.sampled_from(["}", "x", "y", "a"]), max_size=3)),
    min_size=1,
    max_size=4,
)


def edited(lines: Text, edits: list[tuple[int, int, Text]]) -> Text:
    for at, less, more in edits:
        lines = [*lines[:at], *more, *lines[at + less :]]
    return lines


@settings(max_examples=100, deadline=None)
@given(LINES, EDITS, st.one_of(st.just([]), EDITS))
def test_hunks_fit_where_git_puts_them(
    old: Text, edits: list[tuple[int, int, Text]], drift: list[tuple[int, int, Text]]
) -> None:
    new, image = edited(old, edits), edited(old, drift)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        diff = diff_of(folder, old, new)
        if not diff or not new or not image:
            return
        strict, loose = gits(folder, image, diff), gits(folder, image, diff, "-C1")
    found = ours(image, hunks_of(diff))
    if strict is not None:
        assert found == (strict, True)
    elif found is not None:
        assert found[0] == loose


def hunk(text: str, at: int = 1) -> Hunk:
    lines = text.split("\n")
    old, new = (sum(not line.startswith(sign) for line in lines) for sign in "+-")
    (found,) = hunks_of(f"--- a/a.c\n+++ b/a.c\n@@ -{at},{old} +{at},{new} @@\n{text}\n")
    return found


def fit(image: str, found: Hunk) -> HunkPlacement | str:
    try:
        return place_hunks(list(image), [found], LineInterner(), "a tree")[0]
    except Misfit as why:
        return str(why)


@pytest.mark.parametrize(
    ("image", "text", "at", "expected"),
    [
        ("abcdefg", " b\n c\n-d\n e\n f", 2, HunkPlacement(1, 0, 0)),
        ("xxabcdefg", " b\n c\n-d\n e\n f", 2, HunkPlacement(3, 0, 0)),
        ("bcdefxxxxbcdef", " b\n c\n-d\n e\n f", 4, HunkPlacement(0, 0, 0)),
        ("bcdefxxxxbcdef", " b\n c\n-d\n e\n f", 8, HunkPlacement(9, 0, 0)),
        ("bcdefxxxbcdef", " b\n c\n-d\n e\n f", 5, HunkPlacement(8, 0, 0)),
        ("abcdefgabcdefg", " b\n c\n-d\n e\n f", 5, HunkPlacement(1, 0, 0)),
        ("aBcdeFg", " b\n c\n-d\n e\n f", 2, HunkPlacement(2, 1, 1)),
        ("aBcdeFgxcde", " b\n c\n-d\n e\n f", 2, "fits at several places of a tree"),
        ("abCdefg", " b\n c\n-d\n e\n f", 2, "does not apply to a tree"),
        ("abcdefg", "-a\n b\n c\n d", 1, HunkPlacement(0, 0, 0)),
        ("xabcdefg", "-a\n b\n c\n d", 1, HunkPlacement(1, 0, 0)),
        ("xyz", "+a", 2, "without context does not apply to a tree"),
        ("xyz", "+a", 4, HunkPlacement(3, 0, 0)),
    ],
)
def test_where_a_hunk_fits(image: str, text: str, at: int, expected: HunkPlacement | str) -> None:
    found = fit(image, hunk(text, at))
    assert found == (expected if isinstance(expected, HunkPlacement) else f"the hunk at line 5 of the mail {expected}")


def test_a_hunk_does_not_fit_into_what_another_one_brought() -> None:
    first, second = hunk(" a\n+q\n b\n c", 1), hunk(" q\n-b\n c", 2)
    with pytest.raises(Misfit):
        place_hunks(list("abcd"), [first, second], LineInterner(), "a tree")
    assert place_hunks(list("abcdqbc"), [first, second], LineInterner(), "a tree")[1] == HunkPlacement(5, 0, 0)


def test_text_that_repeats_itself_is_searched_in_linear_time() -> None:
    image = ["{"] * 400_000
    for context in ([*[" {"] * 5000, "-x"], [" }", *[" {"] * 5000, "-{", " }"]):
        with pytest.raises(Misfit):
            place_hunks(image, [hunk("\n".join([*context, " {"]), 200_000)], LineInterner(), "a tree")


def test_a_file_of_too_many_lines() -> None:
    with pytest.raises(Misfit, match="more than 500000 lines"):
        place_hunks([""] * 500_001, [], LineInterner(), "a tree")
