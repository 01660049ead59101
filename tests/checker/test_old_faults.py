"""Faults that stood before a series, and those that it brings."""

from __future__ import annotations

import pytest
from conftest import Lint
from shelves import BODY, SET, series

from kfunclint.finding import Finding

FILE = f"{BODY}\n{SET}"
HELPER = "static int shelf_helper(void)\n{\n\treturn 0;\n}\n\n"
FREE = "__bpf_kfunc u32 bpf_shelf_free(struct shelf *s)\n{\n\tif (!s->open)\n\t\treturn -EINVAL;\n\treturn 0;\n}\n"
REGISTER = "static void shelf_init(void)\n{\n\tregister_btf_kfunc_id_set(BPF_PROG_TYPE_LSM, &shelf_set);\n}\n"
DOC = "/**\n * bpf_shelf_walk() - walk\n */\n__bpf_kfunc void bpf_shelf_walk2(void)\n{\n\tshelf_walk();\n}\n"


def found(lint: Lint, *versions: str) -> list[Finding]:
    return list(lint(series(*versions), kernel="6.12").findings)


def rules(lint: Lint, *versions: str) -> list[str]:
    return [finding.rule for finding in found(lint, *versions)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(FILE + HELPER, HELPER + FILE, id="moved within the file"),
        pytest.param(FILE, FILE.replace("bpf_shelf_find", "bpf_shelf_look_up"), id="renamed"),
        pytest.param(
            FILE,
            FILE.replace("bpf_shelf_find)", "bpf_shelf_find, KF_RCU)"),
            id="another flag",
        ),
        pytest.param(SET + REGISTER, SET + REGISTER.replace("LSM", "XDP"), id="another argument of the call"),
        pytest.param(FREE, FREE.replace("!s->open)\n\t\t", "!s->open || s->full)\n\t\t"), id="another condition"),
        pytest.param(FREE, FREE.replace("u32", "u64").replace("-EINVAL; ", "-EINVAL;"), id="another type"),
        pytest.param(DOC, DOC.replace("(void)", "(struct shelf *s)"), id="old comment"),
        pytest.param(
            "/* the wierd rows */\n" + HELPER,
            "/* the wierd rows and columns */\n" + HELPER,
            id="word on a changed line",
        ),
    ],
)
def test_an_old_fault_is_not_blamed_on_who_touches_the_line(before: str, after: str, lint: Lint) -> None:
    old = rules(lint, "", before)
    assert old
    assert set(rules(lint, before, after)).isdisjoint(old)


@pytest.mark.parametrize(
    ("before", "after", "rule"),
    [
        pytest.param(
            FILE.replace("_find)", "_find, KF_RET_NULL)"), FILE, "flags/ret-null-missing", id="a flag is taken away"
        ),
        pytest.param(
            FREE.replace("u32", "int"), FREE, "body/errno-from-unsigned", id="the type is made unable to hold the error"
        ),
        pytest.param(
            DOC.replace("walk2", "walk"), DOC, "kerneldoc/name-mismatch", id="the function is renamed, its comment not"
        ),
        pytest.param(
            FREE,
            FREE + FREE.replace("bpf_shelf_free", "bpf_shelf_close"),
            "body/errno-from-unsigned",
            id="the same fault again, of another function",
        ),
        pytest.param(
            FREE,
            FREE.replace("\treturn 0;\n", "\tif (s->full)\n\t\treturn -EINVAL;\n\treturn 0;\n"),
            "body/errno-from-unsigned",
            id="the same fault again, in the same function",
        ),
        pytest.param(
            SET + REGISTER,
            SET + REGISTER + REGISTER.replace("shelf_init", "shelf_late_init"),
            "sets/result-ignored",
            id="the same call again, in another function",
        ),
        pytest.param(
            "/* the wierd rows */\n" + HELPER,
            "/* the wierd rows */\n" + HELPER + "/* the wierd columns */\n",
            "text/spelling",
            id="the same word again",
        ),
    ],
)
def test_what_the_series_brings_is_said(before: str, after: str, rule: str, lint: Lint) -> None:
    assert rules(lint, before, after).count(rule) == 1


def test_one_old_fault_excuses_one(lint: Lint) -> None:
    twice = FREE + FREE.replace("bpf_shelf_free", "bpf_shelf_close")
    moved = FREE.replace("bpf_shelf_free", "bpf_shelf_open") + HELPER + FREE.replace("bpf_shelf_free", "bpf_shelf_shut")
    assert rules(lint, FREE + HELPER, HELPER + twice).count("body/errno-from-unsigned") == 1
    assert "body/errno-from-unsigned" not in rules(lint, twice, moved)
