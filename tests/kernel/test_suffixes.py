"""How the endings of parameter names are read."""

from __future__ import annotations

import re

import pytest

from kfunclint.kernel.kernel import kernel_of_release
from kfunclint.kernel.release import Release
from kfunclint.kernel.suffixes import suffix, suffixes
from kfunclint.kernel.vocabulary import Vocabulary


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("buf__sz", "__sz"),
        ("opts___sz", "__sz"),
        ("buf__szk", "__szk"),
        ("p__nullable__map", "__map"),
        ("p__const_map", "__const_map"),
        ("p__arena__nullable", "__arena__nullable"),
        ("__sz", None),
        ("buf_sz", None),
        ("buf__size", None),
        ("__sz_of", None),
        ("", None),
    ],
)
def test_only_the_end_of_a_longer_name_counts(name: str, expected: str | None) -> None:
    found = suffix(name)
    assert (found.name if found else None) == expected


@pytest.mark.parametrize(
    ("name", "release", "read"),
    [
        ("buf__sz", "6.1", True),
        ("p__nullable", "6.1", False),
        ("p__nullable", "6.12", True),
        ("p__opt", "6.19", True),
        ("p__opt", "7.0", False),
        ("p__irq_flag", "6.12", False),
        ("p__irq_flag", "7.0", True),
        ("p__const_map", "7.2", False),
        ("p__const_map", "7.3", True),
        ("p__arena", "7.2", False),
        ("p__arena", "7.3", True),
        ("p__nonown_allowed", "7.2", True),
        ("p__arena__nullable", "6.12", True),
    ],
)
def test_each_release_reads_its_own(name: str, release: str, read: bool) -> None:
    assert bool(suffix(name, kernel_of_release(Release.parse(release), ""))) == read


def test_a_tree_is_asked_first() -> None:
    empty: dict[str, str] = {}
    own = {"kernel/bpf/verifier.c": 'return btf_param_match_suffix(btf, arg, "__opt");\n'}
    kernel = kernel_of_release(Release(7, 0), "", Vocabulary(own.get))
    assert suffix("p__opt", kernel)
    assert not suffix("p__nullable", kernel)
    assert suffix("p__nullable", kernel_of_release(Release(7, 0), "", Vocabulary(empty.get)))


def test_rows_say_what_they_are_for() -> None:
    for name, row in suffixes().items():
        assert re.fullmatch(r"__[a-z_]+", name)
        assert row.on in ("number", "pointer", "dynptr", "iterator", "map", "string", "any")
        assert row.meaning
        assert row.source
        assert row.until is None or row.since < row.until
        assert not row.any_pointee or row.on in ("pointer", "map", "string", "any")
