"""Which kernel a series is judged for, and what that kernel has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from kfunclint.kernel.kernel import kernel_of_release
from kfunclint.kernel.release import Release
from kfunclint.kernel.target import target
from kfunclint.kernel.vocabulary import Vocabulary
from kfunclint.resources import table

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
        (None, [], ["Fri, 1 Jan 2100 00:00:00 +0000"], set(), "7.4", "in development on 1 Jan 2100"),
        (None, [], [""], {"KF_TRUSTED_ARGS"}, "6.19", "its context uses KF_TRUSTED_ARGS, which went after 6.19"),
        (None, [], [DEC_2025], {"KF_IMPLICIT_ARGS"}, "7.0", "its context uses KF_IMPLICIT_ARGS, which came with 7.0"),
        (None, [], [DEC_2025], {"KF_RCU", "KF_NOBODY_KNOWS"}, "6.19", "in development on 18 Dec 2025"),
        (None, [], [], set(), "7.4", "the newest known, as the mail has no date"),
    ],
)
def test_target(  # noqa: PLR0917
    asked: str | None, tags: list[str], dates: list[str], flags: set[str], release: str, why: str
) -> None:
    found = target(requested=asked, tags=tags, dates=dates, context_flags=flags)
    assert (str(found.release), found.why) == (release, why)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "Thu, 99 Dec 2025 00:00:00", "1 Jan 99999999999 0:0:0", "0 0 0", "\0"]
)
def test_a_bad_date_counts_as_none(text: str) -> None:
    assert target(requested=None, tags=[], dates=[text], context_flags=()).why.startswith("the newest known")


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
    ("asked", "tags", "guessed"), [("6.12", (), False), (None, ("6.12.y",), False), (None, ("bpf-next",), True)]
)
def test_a_kernel_that_nobody_named_is_a_guess(asked: str | None, tags: tuple[str, ...], guessed: bool) -> None:
    dates = ["Tue, 14 Oct 2025 10:00:00 +0200"]
    assert target(requested=asked, tags=tags, dates=dates, context_flags=()).guessed == guessed


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
    "include/linux/btf_ids.h": "#define BTF_KFUNCS_START(name)\n",
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
    assert empty.release is None
    assert empty.suffixes is None
    kernel = kernel_of_release(Release(6, 12), "", empty)
    assert kernel.has_flag("KF_RELEASE")
    assert kernel.has_macro("__bpf_kfunc") is None
    assert kernel_of_release(Release(6, 12), "").has_macro("__bpf_kfunc") is None


@pytest.mark.parametrize(
    ("makefile", "btf", "release", "why"),
    [
        (MAKEFILE, BTF, "6.12", "the tree's Makefile says 6.12.7"),
        (
            MAKEFILE.replace("7\nE", "0\nE").replace("N =\n", "N = -rc3\n"),
            BTF,
            "6.12",
            "the tree's Makefile says 6.12-rc3",
        ),
        (
            MAKEFILE.replace("12", "19"),
            NEW_BTF,
            "7.0",
            "the tree's Makefile says 6.19.7, but its include/linux/btf.h has no KF_TRUSTED_ARGS",
        ),
        (
            MAKEFILE.replace("6", "7").replace("12", "0"),
            BTF,
            "6.19",
            "the tree's Makefile says 7.0.7, but its include/linux/btf.h has KF_TRUSTED_ARGS",
        ),
        (MAKEFILE.replace("12", "$(X)"), BTF, "6.19", "in development on 18 Dec 2025"),
    ],
)
def test_the_release_of_a_tree(makefile: str, btf: str, release: str, why: str) -> None:
    found = tree({"Makefile": makefile, "include/linux/btf.h": btf})
    kernel = target(requested=None, tags=["bpf-next"], dates=[DEC_2025], context_flags=(), tree=found)
    assert (str(kernel.release), kernel.why) == (release, why)
    assert kernel.tree is found


def test_the_user_knows_the_release_better_than_a_tree() -> None:
    kernel = target(requested="6.6", tags=[], dates=[], context_flags=(), tree=tree({}))
    assert (str(kernel.release), kernel.why) == ("6.6", "given with --kernel")
    assert not kernel.has_flag("KF_RELEASE")
