"""Rows about functions of the kernel, as a subsystem would add them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from conftest import Lint
from hunks import adding

from kfunclint.kernel.release import Release
from kfunclint.pipeline.api import review
from kfunclint.resources import table
from kfunclint.rule.functions import behaviours_of, load, objections
from kfunclint.rule.rule import BadRule

ROWS = """\
[widget_pick]
null = "there is no such widget"
sleeps = true
since = { sleeps = "6.18" }
source = "kernel/widget.c, 6.12"

["{fget,fdget}"]
reads = [0]
source = "kernel/widget.c, 6.12"
"""
FILE = """\
__bpf_kfunc struct widget *bpf_widget_pick(u32 nr)
{
	return widget_pick(nr);
}

BTF_KFUNCS_START(widget_ids)
BTF_ID_FLAGS(func, bpf_widget_pick)
BTF_KFUNCS_END(widget_ids)

static const struct btf_kfunc_id_set widget_set = {
	.owner = THIS_MODULE,
	.set = &widget_ids,
};

static int __init widget_init(void)
{
	return register_btf_kfunc_id_set(BPF_PROG_TYPE_TRACING, &widget_set);
}
"""


def folder(tmp_path: Path, text: str) -> Path:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "functions.toml").write_text(text)
    return tmp_path


def test_a_folder_of_rules_may_have_rows(tmp_path: Path) -> None:
    found = {
        release: {
            one.rule
            for result in review(adding(FILE).encode(), kernel=release, rules=[folder_], only=["flags"]).reviews
            for one in result.findings
        }
        for folder_ in [folder(tmp_path, ROWS)]
        for release in ("6.12", "6.18")
    }
    assert found == {
        "6.12": {"flags/ret-null-missing"},
        "6.18": {"flags/ret-null-missing", "flags/sleepable-missing"},
    }


def test_without_the_folder_nothing_is_known_of_them(lint: Lint) -> None:
    assert not lint(adding(FILE), kernel="6.18", only=("flags",)).findings


def test_a_row_takes_the_place_of_the_one_that_is_shipped(tmp_path: Path) -> None:
    known = behaviours_of(Release(6, 12), (load(folder(tmp_path, ROWS)),))
    assert (known.of("fget").null, known.of("fget").reads) == ("", (0,))
    assert known.of("fput").puts == (0,)


@pytest.mark.parametrize(
    ("name", "row", "words"),
    [
        ("f", {"reads": [0]}, "source"),
        ("f", {"source": "a.c, 6.12"}, "something to say"),
        ("f", 3, "a table of its own"),
        ("f", {"source": "a.c, 6.12", "reads": [-1]}, r"reads must not be \[-1\]"),
        ("f", {"source": "a.c, 6.12", "sleep": True}, "no such key: 'sleep'"),
        ("f", {"source": "a.c, 6.12", "sleeps": False}, "sleeps must not be False"),
        ("f", {"source": "a.c, 6.12", "result": "old"}, "result must not be"),
        ("f", {"source": "a.c, 6.12", "section": "in"}, "section must not be"),
        ("f", {"source": "a.c, 6.12", "lease": "all"}, "lease must not be"),
        ("f", {"source": "a.c, 6.12", "index": {"what": "a CPU"}}, "index must not be"),
        ("f", {"source": "a.c, 6.12", "takes": 99}, "takes must not be"),
        ("f", {"source": "a.c, 6.12", "tries": "yes"}, "tries must not be"),
        ("f", {"source": "a.c, 6.12", "null": ""}, "null must not be"),
        ("f", {"source": "a.c, 6.12", "reads": [0], "since": "soon"}, "since must not be"),
        ("f", {"source": "a.c, 6.12", "reads": [0], "until": {"reads": 6}}, "until must not be"),
        ("f g", {"source": "a.c, 6.12", "reads": [0]}, "not the name of a function"),
        ("{a,b,c,d}" * 5, {"source": "a.c, 6.12", "reads": [0]}, "not the name of a function"),
    ],
)
def test_a_wrong_row_is_refused(name: str, row: Any, words: str) -> None:
    assert any(re.search(words, objection) for objection in objections(name, row))


def test_a_refusal_names_file_and_line(tmp_path: Path) -> None:
    with pytest.raises(BadRule, match=r"functions\.toml:\d+: g: reads must not be 3"):
        load(folder(tmp_path, f'{ROWS}\n[g]\nreads = 3\nsource = "a.c, 6.12"\n'))


@pytest.mark.parametrize("name", table("functions"))
def test_the_rows_that_are_shipped_are_right(name: str) -> None:
    assert not list(objections(name, table("functions")[name]))
