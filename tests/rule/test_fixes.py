"""Edits that many rules offer."""

from __future__ import annotations

from scans import one

from kfunclint.rule.fixes import add_flag, drop_flag


def test_adding_and_dropping_flags() -> None:
    (entry,) = one("BTF_ID_FLAGS(func, x, KF_A | KF_B)\n").entries
    assert entry.flags is not None
    (first,) = drop_flag(entry, entry.flags[0]).edits
    assert (first.at.column, first.at.end_column, first.text) == (23, 30, "")
    (last,) = drop_flag(entry, entry.flags[1]).edits
    assert (last.at.column, last.at.end_column) == (27, 34)
    (more,) = add_flag(entry, "KF_RCU").edits
    assert (more.at.column, more.text) == (34, " | KF_RCU")
    (bare,) = one("BTF_ID_FLAGS(func, x)\n").entries
    assert add_flag(bare, "KF_RCU").edits[0].text == ", KF_RCU"
