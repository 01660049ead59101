"""Which kernel a series is judged for, and what that kernel has."""

from __future__ import annotations

import pytest

from kfunclint.content import table
from kfunclint.kernel import Release, known, target

DEC_2025 = "Thu, 18 Dec 2025 17:57:47 -0800"


@pytest.mark.parametrize("text", ["6.12", "v6.12", "6.12.117", "6.12-rc3"])
def test_releases_are_read(text: str) -> None:
    assert Release.parse(text) == Release(6, 12)


@pytest.mark.parametrize("text", ["", "6", "six", "6.12.1.2", "6.12 ", "../6.12", "6.9999"])
def test_what_is_no_release(text: str) -> None:
    with pytest.raises(ValueError, match="is not a kernel release"):
        Release.parse(text)


def test_releases_compare_in_order() -> None:
    assert Release(6, 2) < Release(6, 12) < Release(7, 0)


@pytest.mark.parametrize(
    ("asked", "tags", "dates", "flags", "release", "why"),
    [
        ("6.6", ["bpf-next"], [DEC_2025], {"KF_IMPLICIT_ARGS"}, "6.6", "given with --kernel"),
        (None, ["6.1"], [DEC_2025], set(), "6.1", "the subject says 6.1"),
        (None, ["stable", "5.15.y"], [DEC_2025], set(), "5.15", "the subject says 5.15.y"),
        (None, ["linux-6.6.y"], [], set(), "6.6", "the subject says linux-6.6.y"),
        (None, ["bpf-next"], [DEC_2025], set(), "6.19", "in development on 18 Dec 2025"),
        (None, [], ["Sun, 30 Nov 2025 00:00:00 +0000"], set(), "6.19", "in development on 30 Nov 2025"),
        (None, [], ["Sat, 29 Nov 2025 00:00:00 +0000"], set(), "6.18", "in development on 29 Nov 2025"),
        (None, [], ["Mon, 1 Jan 2024 00:00:00 +0000", DEC_2025], set(), "6.19", "in development on 18 Dec 2025"),
        (None, [], ["Fri, 1 Jan 2100 00:00:00 +0000"], set(), "7.3", "in development on 1 Jan 2100"),
        (None, [], [""], {"KF_TRUSTED_ARGS"}, "6.19", "its context uses KF_TRUSTED_ARGS, which went after 6.19"),
        (None, [], [DEC_2025], {"KF_IMPLICIT_ARGS"}, "7.0", "its context uses KF_IMPLICIT_ARGS, which came with 7.0"),
        (None, [], [DEC_2025], {"KF_RCU", "KF_NOBODY_KNOWS"}, "6.19", "in development on 18 Dec 2025"),
        (None, [], [], set(), "7.3", "the newest known, as the mail has no date"),
    ],
)
def test_target(  # noqa: PLR0917
    asked: str | None, tags: list[str], dates: list[str], flags: set[str], release: str, why: str
) -> None:
    found = target(asked=asked, tags=tags, dates=dates, context_flags=flags)
    assert (str(found.release), found.why) == (release, why)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "Thu, 99 Dec 2025 00:00:00", "1 Jan 99999999999 0:0:0", "0 0 0", "\0"]
)
def test_a_bad_date_counts_as_none(text: str) -> None:
    assert target(asked=None, tags=[], dates=[text], context_flags=()).why.startswith("the newest known")


def test_flags_come_and_go() -> None:
    old, new = known(Release(6, 12), ""), known(Release(7, 0), "")
    assert old.has_flag("KF_TRUSTED_ARGS")
    assert not new.has_flag("KF_TRUSTED_ARGS")
    assert not old.has_flag("KF_IMPLICIT_ARGS")
    assert new.has_flag("KF_IMPLICIT_ARGS")
    assert not new.has_flag("KF_DEPRECATED")


def test_the_table_of_flags_is_consistent() -> None:
    flags = known(Release(7, 0), "").flags
    bits = [row.bit for row in flags.values() if row.bit is not None]
    assert len(bits) == len(set(bits))
    for row in flags.values():
        assert row.name.startswith("KF_")
        assert row.meaning
        assert ".c: " in row.source
        assert row.until is None or row.since <= row.until


def test_releases_follow_each_other() -> None:
    rows = table("releases")["release"]
    dates = [row["date"] for row in rows.values()]
    assert dates == sorted(dates)
    assert [Release.parse(name) for name in rows] == sorted(Release.parse(name) for name in rows)
