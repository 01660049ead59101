"""Which kernel a series is judged for, and what that kernel has."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pytest

from kfunclint.kernel.evidence import Evidence
from kfunclint.kernel.kernel import kernel_of_release
from kfunclint.kernel.release import Release, Releases, Target
from kfunclint.kernel.target import Sent, TreeFit, target
from kfunclint.kernel.vocabulary import Vocabulary
from kfunclint.resources import table
from kfunclint.value import replace


@pytest.mark.parametrize("text", ["6.12", "v6.12", "6.12.117", "6.12-rc3"])
def test_releases_are_read(text: str) -> None:
    assert Release.parse(text) == Release(6, 12)


@pytest.mark.parametrize("text", ["", "6", "six", "6.12.1.2", "6.12 ", "../6.12", "6.9999"])
def test_what_is_no_release(text: str) -> None:
    with pytest.raises(ValueError, match="is not a kernel release"):
        Release.parse(text)


def test_releases_compare_in_order() -> None:
    assert Release(6, 2) < Release(6, 12) < Release(7, 0)


@pytest.mark.parametrize("text", ["6.30", "7.9", "2.6.32", "61.2", "99.99", "5.3"])
def test_a_release_that_nobody_made_is_refused_with_the_nearest(text: str) -> None:
    with pytest.raises(ValueError, match=rf"no release {re.escape(text)} is known, the nearest is \d\.\d+$"):
        target(text)


def test_the_nearest_of_6_30_is_the_last_of_its_number() -> None:
    with pytest.raises(ValueError, match=r"nearest is 6\.19$"):
        target("6.30")


def test_old_releases_may_be_asked_for() -> None:
    assert str(target("5.10").release) == "5.10"


def aim(tags: Sequence[str], day: str | None, found: Collection[str] = (), brought: Collection[str] = ()) -> str:
    """The target as "release settled newest: why"."""
    dates = [f"Mon, {day} 10:00:00 +0200"] if day else []
    told = target(None, Sent(tuple(tags), dates), Evidence(frozenset(found), frozenset(brought))).target
    return f"{told.release} {told.settled} {told.newest}: {told.why}"


# 6.18 came out on 30 Nov 2025, 6.19 on 8 Feb 2026 and 7.0-rc1 two weeks later
@pytest.mark.parametrize(
    ("tags", "day", "expected"),
    [
        ([], "29 Nov 2025", "6.18 6.18 6.19: in development on 29 Nov 2025"),
        ([], "30 Nov 2025", "6.19 6.18 7.0: in development on 30 Nov 2025"),
        (["RFC"], "18 Dec 2025", "6.19 6.19 7.0: in development on 18 Dec 2025"),
        (["bpf"], "18 Dec 2025", "6.19 6.19 6.19: in development on 18 Dec 2025"),
        (["net", "RFC"], "30 Nov 2025", "6.19 6.18 6.19: in development on 30 Nov 2025"),
        ([], "1 Jan 2100", "7.4 7.4 7.4: in development on 1 Jan 2100"),
        ([], None, "7.4 7.4 7.4: the newest known, as the mail has no date"),
        (["bpf-next"], None, "7.4 7.4 7.4: the newest known, as the mail has no date"),
        (["6.1"], "18 Dec 2025", "6.1 6.1 6.1: the subject says 6.1"),
        (["stable", "5.15.y"], "18 Dec 2025", "5.15 5.15 5.15: the subject says 5.15.y"),
        (["linux-6.6.y", "bpf-next"], None, "6.6 6.6 6.6: the subject says linux-6.6.y"),
        (["6.30"], "18 Dec 2025", "6.19 6.19 7.0: in development on 18 Dec 2025"),
    ],
)
def test_the_kernel_of_tags_and_days(tags: list[str], day: str | None, expected: str) -> None:
    assert aim(tags, day) == expected


@pytest.mark.parametrize(
    ("tag", "day", "expected"),
    [
        ("bpf-next", "18 Dec 2025", "7.0 6.19 7.0: bpf-next during 6.19"),
        ("bpf-next/net", "18 Dec 2025", "7.0 6.19 7.0: bpf-next/net during 6.19"),
        ("for-next", "18 Dec 2025", "7.0 6.19 7.0: for-next during 6.19"),
        ("net-next", "1 Oct 2024", "6.13 6.12 6.13: net-next during 6.12"),
        ("linux-next", "22 Feb 2026", "7.1 7.0 7.1: linux-next during 7.0"),
        ("ipsec-next", "12 Feb 2026", "7.0 6.19 7.1: ipsec-next in the merge window of 7.0"),
        ("bpf-next", "12 Feb 2026", "7.0 7.0 7.1: bpf-next in the merge window of 7.0"),
        ("sched_ext/for-7.2", "20 May 2026", "7.2 7.1 7.2: the subject says sched_ext/for-7.2"),
        ("sched_ext/for-7.2", None, "7.2 7.1 7.2: the subject says sched_ext/for-7.2"),
        ("for-6.17-fixes", "20 Aug 2025", "6.17 6.17 6.17: the subject says for-6.17-fixes"),
        ("for-6.13/block", "1 Oct 2024", "6.13 6.12 6.13: the subject says for-6.13/block"),
        ("sched_ext/for-6.20", "18 Dec 2025", "7.0 6.19 7.0: the subject says sched_ext/for-6.20"),
        ("for-6.44", "18 Dec 2025", "6.19 6.19 7.0: in development on 18 Dec 2025"),
        ("nextcloud", "18 Dec 2025", "6.19 6.19 7.0: in development on 18 Dec 2025"),
    ],
)
def test_a_branch_says_what_it_is_for(tag: str, day: str | None, expected: str) -> None:
    assert aim([tag], day) == expected


@pytest.mark.parametrize(
    ("tags", "day", "found", "brought", "expected"),
    [
        ([], None, ["KF_TRUSTED_ARGS"], [], "6.19 6.19 6.19: its context uses KF_TRUSTED_ARGS, which went after 6.19"),
        (
            ["bpf-next"],
            "10 May 2026",
            ["KF_TRUSTED_ARGS"],
            [],
            "6.19 6.19 6.19: its context uses KF_TRUSTED_ARGS, which went after 6.19",
        ),
        # the flag may still be there in the weeks before it went
        (["bpf-next"], "18 Dec 2025", ["KF_TRUSTED_ARGS"], [], "7.0 6.19 7.0: bpf-next during 6.19"),
        (
            [],
            "18 Dec 2025",
            ["KF_IMPLICIT_ARGS"],
            [],
            "7.0 6.19 7.0: its context uses KF_IMPLICIT_ARGS, which came with 7.0",
        ),
        (
            [],
            "1 Sep 2022",
            ["BTF_KFUNCS_START"],
            [],
            "6.9 6.8 6.9: its context uses BTF_KFUNCS_START, which came with 6.9",
        ),
        ([], "18 Dec 2025", [], ["KF_IMPLICIT_ARGS"], "7.0 6.19 7.0: it uses KF_IMPLICIT_ARGS, which came with 7.0"),
        ([], "1 Sep 2022", [], ["KF_SLEEPABLE"], "6.1 6.0 6.1: it uses KF_SLEEPABLE, which came with 6.1"),
        (
            [],
            "15 Oct 2023",
            [],
            ["__bpf_kfunc_start_defs"],
            "6.7 6.6 6.7: it uses __bpf_kfunc_start_defs, which came with 6.7",
        ),
        # what only the release behind the next one has cannot come from there
        ([], "18 Dec 2025", [], ["KF_PERFMON"], "6.19 6.19 7.0: in development on 18 Dec 2025"),
        (["bpf"], "18 Dec 2025", [], ["KF_IMPLICIT_ARGS"], "6.19 6.19 6.19: in development on 18 Dec 2025"),
        ([], "18 Dec 2025", ["KF_RCU"], ["KF_RCU"], "6.19 6.19 7.0: in development on 18 Dec 2025"),
        ([], "20 Mar 2026", [], ["KF_TRUSTED_ARGS"], "7.0 7.0 7.1: in development on 20 Mar 2026"),
    ],
)
def test_lines_tell_more_than_days(
    tags: list[str], day: str | None, found: list[str], brought: list[str], expected: str
) -> None:
    assert aim(tags, day, found, brought) == expected


@pytest.mark.parametrize(
    ("tag", "day", "found", "has"),
    [
        ("bpf-next", "5 Jan 2026", [], True),
        ("bpf-next", "12 Jan 2026", [], False),
        ("bpf-next", "12 Jan 2026", ["KF_TRUSTED_ARGS"], True),
        ("bpf-next/net", "26 Jan 2026", [], False),
        ("net-next", "26 Jan 2026", [], True),
        ("RFC", "26 Jan 2026", [], True),
        ("RFC", "23 Feb 2026", [], False),
        ("sched_ext/for-7.0", "26 Jan 2026", [], True),
        ("sched_ext/for-7.0", "23 Feb 2026", [], False),
    ],
)
def test_what_a_release_removes_is_there_until_its_tree_has_lost_it(
    tag: str, day: str, found: list[str], has: bool
) -> None:
    sent = Sent((tag,), (f"Mon, {day} 10:00:00 +0200",))
    assert target(None, sent, Evidence(frozenset(found))).has_flag("KF_TRUSTED_ARGS") == has


@pytest.mark.parametrize(
    ("asked", "day", "release", "why"),
    [
        ("6.6", "18 Dec 2025", "6.6", "given with --kernel"),
        ("mainline", "18 Dec 2025", "6.19", "given with --kernel: mainline, in development on 18 Dec 2025"),
        ("next", "18 Dec 2025", "7.0", "given with --kernel: next during 6.19"),
        ("next", None, "7.4", "given with --kernel: next, the newest known, as the mail has no date"),
    ],
)
def test_what_is_asked_for_is_done(asked: str, day: str | None, release: str, why: str) -> None:
    dates = [f"Mon, {day} 10:00:00 +0200"] if day else []
    kernel = target(asked, Sent(("5.15.y",), dates), Evidence(frozenset({"KF_PERFMON"})))
    assert (str(kernel.release), kernel.target.why) == (release, why)
    assert not kernel.guessed


@pytest.mark.parametrize(("day", "release"), [(None, "6.19"), ("23 Feb 2026", "7.0")])
def test_a_doubtful_line_counts_where_no_day_is_known(day: str | None, release: str) -> None:
    dates = (f"Mon, {day} 10:00:00 +0200",) if day else ()
    kernel = target(None, Sent((), dates), Evidence(doubtful=frozenset({"KF_TRUSTED_ARGS"})))
    assert str(kernel.release) == release


def test_the_latest_day_counts() -> None:
    days = ("Mon, 1 Jan 2024 00:00:00 +0000", "Thu, 18 Dec 2025 17:57:47 -0800", "")
    assert target(None, Sent((), days)).target.why == "in development on 18 Dec 2025"


@pytest.mark.parametrize(
    "text", ["", "yesterday", "Thu, 99 Dec 2025 00:00:00", "1 Jan 99999999999 0:0:0", "0 0 0", "\0"]
)
def test_a_bad_date_counts_as_none(text: str) -> None:
    assert target(None, Sent((), (text,))).target.why.startswith("the newest known")


def test_bounds_hold_for_all_that_may_be_there() -> None:
    between = Target(Release(7, 0), "", Release(6, 19), Release(7, 0))
    assert between.is_within(Releases(Release(6, 2), None))
    assert not between.is_within(Releases(Release(7, 0), None))
    assert not between.is_within(Releases(None, Release(6, 19)))
    assert between.meets(Releases(Release(7, 0), None))
    assert between.meets(Releases(None, Release(6, 19)))
    assert not between.meets(Releases(None, Release(6, 18)))
    assert not between.meets(Releases(Release(7, 1), None))


def test_flags_come_and_go() -> None:
    old, new = kernel_of_release(Release(6, 12), ""), kernel_of_release(Release(7, 0), "")
    assert old.has_flag("KF_TRUSTED_ARGS")
    assert not new.has_flag("KF_TRUSTED_ARGS")
    assert not old.has_flag("KF_IMPLICIT_ARGS")
    assert new.has_flag("KF_IMPLICIT_ARGS")
    assert not new.has_flag("KF_DEPRECATED")


def test_a_flag_of_the_series_itself_is_known() -> None:
    assert replace(kernel_of_release(Release(6, 12), ""), series_flags=frozenset({"KF_BRAND_NEW"})).has_flag(
        "KF_BRAND_NEW"
    )


@pytest.mark.parametrize(
    ("asked", "tags", "guessed"),
    [("6.12", (), False), (None, ("6.12.y",), False), (None, ("for-6.19",), False), (None, ("bpf-next",), True)],
)
def test_a_kernel_that_nobody_named_is_a_guess(asked: str | None, tags: tuple[str, ...], guessed: bool) -> None:
    assert target(asked, Sent(tags, ("Tue, 14 Oct 2025 10:00:00 +0200",))).guessed == guessed


def test_the_table_of_flags_is_consistent() -> None:
    flags = kernel_of_release(Release(7, 0), "").flags
    bits = [row["bit"] for row in table("flags").values() if "bit" in row]
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


BTF = """\
#define KF_ACQUIRE	(1 << 0) /* takes a reference */
#define KF_TRUSTED_ARGS (1 << 4)
# define KF_SLEEPABLE (1U << 5)
#define KF_ITER (KF_ACQUIRE | KF_SLEEPABLE)
/* KF_RELEASE is no flag here */
#define __bpf_kfunc __used noinline
"""
NEW_BTF = BTF.replace("#define KF_TRUSTED_ARGS (1 << 4)\n", "")
MAKEFILE = "# a comment\nVERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 7\nEXTRAVERSION =\nNAME = A Name\n"
VERIFIER = """\
	return btf_param_match_suffix(btf, arg, "__sz");
	return __kfunc_param_match_suffix(btf, arg, "__k");
	if (strncmp(param_name, "__odd", 5))
	return btf_nested_type_is_trusted(&env->log, reg, field_name, btf_id, "__safe_rcu");
"""
FILES = {
    "include/linux/btf.h": BTF,
    "include/linux/btf_ids.h": "#define BTF_ID(prefix, name)\n#define BTF_KFUNCS_START(name)\n",
    "Makefile": MAKEFILE,
    "kernel/bpf/verifier.c": VERIFIER,
    "scripts/spelling.txt": "# mistake||correction\nrefernce||reference\nnot one\n",
}


def tree(files: Mapping[str, str]) -> Vocabulary:
    return Vocabulary({**FILES, **files}.get)


def test_a_tree_says_what_it_has() -> None:
    found = tree({})
    assert found.flags == {"KF_ACQUIRE": 0, "KF_TRUSTED_ARGS": 4, "KF_SLEEPABLE": 5, "KF_ITER": None}
    assert found.suffixes == frozenset({"__sz", "__k", "__odd"})
    assert found.spelling == {"refernce": "reference"}
    kernel = kernel_of_release(Release(7, 0), "", found)
    assert kernel.has_flag("KF_TRUSTED_ARGS")
    assert not kernel.has_flag("KF_RELEASE")
    assert kernel.has_macro("BTF_KFUNCS_START")
    assert kernel.has_macro("__bpf_kfunc")
    assert kernel.has_macro("__bpf_kfunc_start_defs") is False


def test_what_a_tree_does_not_say_is_unknown() -> None:
    empty = Vocabulary(lambda path: None)
    assert empty.target is None
    assert empty.suffixes is None
    kernel = kernel_of_release(Release(6, 12), "", empty)
    assert kernel.has_flag("KF_RELEASE")
    assert kernel.has_macro("__bpf_kfunc") is None
    assert kernel_of_release(Release(6, 12), "").has_macro("__bpf_kfunc") is None


RC = MAKEFILE.replace("7\nE", "0\nE").replace("N =\n", "N = -rc3\n")


@pytest.mark.parametrize(
    ("makefile", "btf", "expected"),
    [
        (MAKEFILE, BTF, "6.12 6.12 6.12: the tree's Makefile says 6.12.7"),
        (RC, BTF, "6.12 6.12 6.13: the tree's Makefile says 6.12-rc3"),
        (
            MAKEFILE.replace("12", "19"),
            NEW_BTF,
            "7.0 6.19 7.0: the tree's Makefile says 6.19.7, but its include/linux/btf.h has no KF_TRUSTED_ARGS",
        ),
        (
            RC.replace("12", "19"),
            BTF + "#define KF_IMPLICIT_ARGS (1 << 16)\n",
            "7.0 6.19 7.0: the tree's Makefile says 6.19-rc3, but its include/linux/btf.h has KF_IMPLICIT_ARGS",
        ),
        (
            MAKEFILE.replace("6", "7").replace("12", "0"),
            BTF,
            "6.19 6.19 6.19: the tree's Makefile says 7.0.7, but its include/linux/btf.h has KF_TRUSTED_ARGS",
        ),
        (MAKEFILE.replace("12", "$(X)"), BTF, None),
    ],
)
def test_the_release_of_a_tree(makefile: str, btf: str, expected: str | None) -> None:
    told = tree({"Makefile": makefile, "include/linux/btf.h": btf}).target
    assert (told and f"{told.release} {told.settled} {told.newest}: {told.why}") == expected


def test_the_user_knows_the_release_better_than_a_tree() -> None:
    kernel = target("6.6", fit=TreeFit(tree({})))
    assert (str(kernel.release), kernel.target.why) == ("6.6", "given with --kernel")
    assert not kernel.has_flag("KF_RELEASE")


OTHER = "; the tree is of another time: the tree's Makefile says 6.12.7"
LATER = "Tue, 20 Jan 2026 10:00:00 +0200"
SAME = "Tue, 22 Oct 2024 10:00:00 +0200"


MISFIT = {"misfit": "1 of 2 files does not apply"}
NEW_FILES = {"is_shown": False}
BASE = {"is_base": True}


@pytest.mark.parametrize(
    ("tag", "day", "brought", "fit", "why"),
    [
        # it fits, and says so
        ("", LATER, "", {}, "the tree's Makefile says 6.12.7"),
        ("", "", "KF_IMPLICIT_ARGS", MISFIT, "the tree's Makefile says 6.12.7"),
        ("bpf-next", LATER, "KF_IMPLICIT_ARGS", BASE, "the tree's Makefile says 6.12.7"),
        ("bpf-next", LATER, "", {}, "the tree's Makefile says 6.12.7"),
        # it is of another time
        ("", LATER, "", MISFIT, f"in development on 20 Jan 2026{OTHER}, and 1 of 2 files does not apply"),
        ("", LATER, "KF_RCU", {}, f"in development on 20 Jan 2026{OTHER}, and it has no KF_RCU"),
        ("bpf-next", LATER, "", NEW_FILES, f"bpf-next during 6.19{OTHER}"),
        ("for-6.2", SAME, "", NEW_FILES, f"the subject says for-6.2{OTHER}"),
        ("6.1.y", SAME, "", NEW_FILES, f"the subject says 6.1.y{OTHER}"),
        # it is of the same time, or of nearly the same, and the mail says more
        ("bpf", SAME, "", MISFIT, "in development on 22 Oct 2024"),
        ("bpf-next", SAME, "", {}, "bpf-next during 6.12"),
        ("bpf-next", SAME, "", BASE, "bpf-next during 6.12"),
        ("bpf-next", SAME, "", NEW_FILES, "bpf-next during 6.12"),
        ("bpf-next", "Mon, 10 Feb 2025 10:00:00 +0200", "", NEW_FILES, "bpf-next during 6.14"),
        # what is gone for the mail, too, is missed in the tree
        ("", SAME, "KF_KPTR_GET", {}, "the tree's Makefile says 6.12.7"),
    ],
)
def test_a_tree_of_another_time_does_not_decide(
    tag: str, day: str, brought: str, fit: Mapping[str, Any], why: str
) -> None:
    evidence = Evidence(brought=frozenset(brought.split()))
    kernel = target(None, Sent(tuple(tag.split()), (day,)), evidence, TreeFit(tree({}), **fit))
    assert kernel.target.why == why
    assert (kernel.tree is None) == ("another time" in why)


def test_a_tree_whose_release_is_not_known_leaves_it_to_the_mail() -> None:
    fit = TreeFit(tree({"Makefile": ""}))
    kernel = target(None, Sent(("bpf-next",), (LATER,)), fit=fit)
    assert (kernel.target.why, kernel.tree) == ("bpf-next during 6.19", fit.vocabulary)
