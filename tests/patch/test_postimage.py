"""The post-image of a series: line numbers, origins, and what happens between patches."""

from __future__ import annotations

import sys
from collections import Counter

from sample import with_fields

from kfunclint.mail.message import Mail, MailSource, Subject
from kfunclint.patch.diff import DiffLine, FileChange, FileDiff, Hunk, Patch
from kfunclint.patch.postimage import PostImage, apply_series

MAIL = Mail(Subject(""), "", MailSource("x.patch", body_line=1))


def hunk(old_start: int, body: list[str], new_start: int | None = None, heading: str = "") -> Hunk:
    """A hunk of lines written with their sign; mail lines count from 100."""
    lines: list[DiffLine] = []
    old = old_start if any(line[0] != "+" for line in body) else old_start + 1
    new = old if new_start is None else new_start
    first_new = new
    for number, text in enumerate(body, 100):
        sign = text[0]
        lines.append(DiffLine(sign, text[1:], old if sign != "+" else None, new if sign != "-" else None, number))
        old += sign != "+"
        new += sign != "-"
    counts = [sum(line[0] != sign for line in body) for sign in "+-"]
    return Hunk(old_start, counts[0], first_new, counts[1], heading, tuple(lines), 99)


def change(path: str, *hunks: Hunk, kind: FileChange = "modified", old_path: str | None = "") -> FileDiff:
    return FileDiff(path if old_path == "" else old_path, path if kind != "deleted" else None, kind, hunks, 98, ())


def series(*files: FileDiff) -> tuple[PostImage, ...]:
    """One patch per file diff, numbered from 1."""
    return apply_series(Patch(with_fields(MAIL, number=number), (), (file,)) for number, file in enumerate(files, 1))


def shown(source: PostImage) -> list[tuple[int, str, int | None]]:
    """(line number, text, patch that added it) of every line in view."""
    return [
        (visible.start + offset, line.text, line.patch)
        for visible in source.ranges
        for offset, line in enumerate(visible.lines)
    ]


def test_lines_stand_at_their_numbers_and_know_who_added_them() -> None:
    (source,) = series(change("a.c", hunk(10, [" a", "-b", "+B", "+C", " d"], heading="f()")))
    assert shown(source) == [(10, "a", None), (11, "B", 1), (12, "C", 1), (13, "d", None)]
    assert source.ranges[0].heading == "f()"
    line = source.line(12)
    assert line is not None
    assert line.mail_line == 103
    assert source.line(14) is None
    assert source.line(9) is None


def test_a_later_patch_moves_the_lines_of_an_earlier_one() -> None:
    (source,) = series(
        change("a.c", hunk(50, [" x", "+y", " z"])),
        change("a.c", hunk(10, [" a", "+b", "+c", " d"])),
    )
    assert shown(source) == [
        (10, "a", None), (11, "b", 2), (12, "c", 2), (13, "d", None), (52, "x", None), (53, "y", 1), (54, "z", None),
    ]  # fmt: skip


def test_a_later_patch_takes_out_what_an_earlier_one_added() -> None:
    (source,) = series(
        change("a.c", hunk(10, [" a", "+b", "+c", " d"])),
        change("a.c", hunk(10, [" a", "-b", "+B", " c", " d"])),
    )
    assert shown(source) == [(10, "a", None), (11, "B", 2), (12, "c", 1), (13, "d", None)]


def test_hunks_that_meet_become_one_stretch() -> None:
    (source,) = series(
        change("a.c", hunk(10, [" a", "+b"])),
        change("a.c", hunk(12, [" c", "+d"])),
    )
    assert [visible.start for visible in source.ranges] == [10]
    assert shown(source) == [(10, "a", None), (11, "b", 1), (12, "c", None), (13, "d", 2)]


def test_an_insertion_hunk_without_context_stands_behind_its_line() -> None:
    (source,) = series(
        change("a.c", hunk(5, ["+b"])),
        change("a.c", hunk(3, ["+a"], new_start=4)),
    )
    assert shown(source) == [(4, "a", 2), (7, "b", 1)]


def test_a_hunk_that_contradicts_an_earlier_patch_wins_and_is_nobodys() -> None:
    (source,) = series(
        change("a.c", hunk(10, [" a", "+b"])),
        change("a.c", hunk(10, [" a", " other", "+c"])),
    )
    assert shown(source) == [(10, "a", None), (11, "other", None), (12, "c", 2)]


def test_new_renamed_copied_and_deleted_files() -> None:
    new = change("a.c", hunk(0, ["+a", "+b"], new_start=1), kind="new", old_path=None)
    renamed = change("b.c", kind="renamed", old_path="a.c")
    copied = change("c.c", hunk(1, [" a", "+x"]), kind="copied", old_path="b.c")
    deleted = change("b.c", hunk(1, ["-a", "-b"]), kind="deleted")
    assert [source.path for source in series(new, renamed)] == ["b.c"]
    b, c = series(new, renamed, copied)
    assert shown(b) == [(1, "a", 1), (2, "b", 1)]
    assert shown(c) == [(1, "a", 1), (2, "x", 3), (3, "b", 1)]
    assert [source.path for source in series(new, renamed, copied, deleted)] == ["c.c"]


def test_hunks_that_overlap_give_each_number_one_line() -> None:
    (source,) = series(change("a.c", hunk(1, [" a", "+b", " c"]), hunk(3, [" x", "+y"], new_start=2)))
    assert shown(source) == [(1, "a", None), (2, "x", None), (3, "y", 1)]


def test_a_hunk_that_only_takes_away_names_the_line_above() -> None:
    (source,) = series(
        change("a.c", hunk(1, [" a", "+b", " c"])), change("a.c", hunk(2, ["-b"], new_start=1, heading="f()"))
    )
    assert shown(source) == [(1, "a", None), (2, "c", None)]
    assert source.ranges[0].heading == "f()"


def calls_for(patches: int) -> int:
    """The calls that it takes to apply patches that make a file longer and longer."""
    grown = [
        change("a.c", hunk(1 + 40 * number, [f"+{number}"] * 40, new_start=1 + 40 * number))
        for number in range(patches)
    ]
    calls = Counter[str]()
    sys.setprofile(lambda frame, event, argument: calls.update([event]))
    try:
        series(*grown)
    finally:
        sys.setprofile(None)
    return calls["call"] + calls["c_call"]


def test_a_patch_costs_what_its_hunks_do() -> None:
    assert calls_for(40) <= 2.5 * calls_for(20)
