"""Misspelled words."""

from __future__ import annotations

import pytest

from kfunclint.spelling import one_edit_apart


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
