"""The rows of functions.toml, held against the trees that they name."""

from __future__ import annotations

import json
import os
import re
import shutil
from functools import cache
from pathlib import Path

import pytest

from kfunclint.cli.main import main
from kfunclint.flow.behaviour import spelled_out
from kfunclint.resources import table

TREES = Path(os.environ["KFUNCLINT_TREES"])
ROWS = table("functions")
_GUARD = re.compile(r"(?:un|scoped_)?guard\((\w+)\)")
_RELEASE = re.compile(r"(\d\.\d+)$")


@cache
def text(release: str, path: str) -> str:
    return (TREES / f"linux-source-{release}" / path).read_text(errors="replace")


def names_of(row: str) -> set[str]:
    """The functions of a row as their file may define them: an allocation is a macro around another name."""
    return {_GUARD.sub(r"\1", name) for name in spelled_out(row)}


@pytest.mark.parametrize("row", ROWS)
def test_the_source_of_a_row_has_its_function(row: str) -> None:
    source = ROWS[row]["source"]
    release = _RELEASE.search(source)
    assert release is not None
    paths = re.findall(r"[\w./-]+\.[ch]\b", source)
    assert paths
    texts = [text(release[1], path) for path in paths]
    missing = {name for name in names_of(row) if not any(re.search(rf"\b_*{name}\b", one) for one in texts)}
    assert not missing


def test_an_index_that_a_helper_picks_with_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """CVE-2025-21965: scx_bpf_select_cpu_dfl() did not check prev_cpu; the test of it is taken out again."""
    for path in ("Makefile", "include/linux/btf.h"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(TREES / "linux-source-6.12" / path, tmp_path / path)
    before, kfunc, behind = text("6.12", "kernel/sched/ext.c").partition("__bpf_kfunc s32 scx_bpf_select_cpu_dfl(")
    unchecked = re.sub(r"\tif \(!ops_cpu_valid\(prev_cpu, NULL\)\)\n[^\n]*\n", "", behind, count=1)
    assert unchecked != behind
    (tmp_path / "kernel/sched").mkdir(parents=True)
    (tmp_path / "kernel/sched/ext.c").write_text(before + kfunc + unchecked)
    main(["tree", str(tmp_path), "--format", "json", "--only", "guards/index-unchecked"])
    (found,) = json.loads(capsys.readouterr().out)["findings"]
    assert found["function"] == "scx_bpf_select_cpu_dfl"
    assert "its argument prev_cpu as a CPU unchecked" in found["message"]
