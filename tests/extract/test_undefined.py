"""Entries that name no function."""

from __future__ import annotations

import pytest
from conftest import Lint
from shelves import BODY, SET, series

from kfunclint.extract import undefined
from kfunclint.extract.extractor import Material


def test_the_lines_are_gone_through_once_for_all_entries(lint: Lint, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Material] = []

    def counted(material: Material) -> frozenset[str]:
        calls.append(material)
        return frozenset({"bpf_shelf_one", "bpf_shelf_two"})

    monkeypatch.setattr(undefined, "_in_headings", counted)
    entries = "".join(f"BTF_ID_FLAGS(func, bpf_shelf_{name})\n" for name in ("one", "two", "six"))
    text = series("", BODY + SET.replace("BTF_KFUNCS_END", f"{entries}BTF_KFUNCS_END"))
    lint(text)
    assert calls
    assert len({id(material) for material in calls}) == len(calls)
