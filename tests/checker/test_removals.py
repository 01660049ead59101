"""Guards, flags and sections that a series takes away."""

from __future__ import annotations

import pytest
from conftest import Lint
from shelves import GUARDED, WITHOUT_GUARD, series

from kfunclint.finding import Finding


def found(lint: Lint, *versions: str) -> list[Finding]:
    return list(lint(series(*versions), kernel="6.12").findings)


def test_a_removed_guard_is_pointed_at_where_it_stood(lint: Lint) -> None:
    (finding,) = found(lint, GUARDED, WITHOUT_GUARD)
    assert finding.rule == "guards/memcg-disabled-unchecked"
    assert finding.quoted == "\tif (mem_cgroup_disabled())"
    assert (finding.at.line, finding.at.column) == (10, 2)
    assert [(reason.at.line, reason.note) for reason in finding.because] == [(11, "here it is missed")]
    body = series(GUARDED, WITHOUT_GUARD).split("\n")
    assert body[finding.origin.mail_line + 4] == "-\tif (mem_cgroup_disabled())"


def test_a_removed_section_of_kernel_doc(lint: Lint) -> None:
    (finding,) = found(lint, GUARDED, GUARDED.replace(" *\n * Return: the root memcg\n", ""))
    assert (finding.rule, finding.quoted) == ("kerneldoc/return-missing", " * Return: the root memcg")


def test_a_later_patch_moves_the_place(lint: Lint) -> None:
    moved = "#include <linux/shelf.h>\n\n" + WITHOUT_GUARD
    (finding,) = found(lint, GUARDED, WITHOUT_GUARD, moved)
    assert (finding.at.line, finding.origin.patch) == (12, 1)


@pytest.mark.parametrize(
    "after",
    [
        WITHOUT_GUARD.replace("\tint unused;\n\n", ""),
        WITHOUT_GUARD.replace("shelf_seen", "shelf_looked_at"),
    ],
)
def test_what_was_guilty_before_stays_old_code(after: str, lint: Lint) -> None:
    assert not found(lint, WITHOUT_GUARD, after)


def test_what_a_later_patch_gives_back_is_not_said(lint: Lint) -> None:
    assert not found(lint, GUARDED, WITHOUT_GUARD, GUARDED)


def test_what_was_guilty_in_other_words_stays_old_code(lint: Lint) -> None:
    before = (
        "__bpf_kfunc __u32 bpf_shelf_size(struct shelf *s)\n{\n\tif (!s->open)\n\t\treturn -EINVAL;\n\treturn 0;\n}\n"
    )
    assert not found(lint, before, before.replace("__u32", "u64"))
    (finding,) = found(lint, before.replace("__u32", "int"), before)
    assert finding.rule == "body/errno-from-unsigned"
