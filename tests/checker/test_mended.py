"""Fixes applied in memory, and that following one remark never brings up another."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT, Lint
from shelves import SET, series

from kfunclint.checker.fixes import brought_up, compatible, mended
from kfunclint.checker.review import AppliedSeries, judge
from kfunclint.clang import Parser
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Edit, Origin, Place, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.mail.inbox import read_inbox, select_series
from kfunclint.patch.edits import edited, in_line, overlap
from kfunclint.patch.postimage import Line, PostImage, VisibleRange
from kfunclint.rule import loader
from kfunclint.value import replace

MAILS = os.environ.get("KFUNCLINT_MAILS", "")
"""A folder of mails: every fix that can be applied to one is, and nothing new may be found."""
ACQUIRE = """\
__bpf_kfunc struct shelf *bpf_shelf_find(struct shelf *s)
{
	refcount_inc(&s->refs);
	return s;
}

""" + SET.replace("_find)", "_find, KF_ACQUIRE | KF_RCU | KF_RET_NULL)")


def edit(line: int, start: int, end: int, text: str) -> Edit:
    return Edit(Place("a.c", line, start, end), text)


def test_edits_of_a_line() -> None:
    assert in_line("one two three", [edit(1, 1, 4, "1"), edit(1, 9, 14, "3"), edit(1, 5, 5, "and ")]) == "1 and two 3"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (edit(1, 1, 4, ""), edit(1, 3, 6, ""), True),
        (edit(1, 1, 4, ""), edit(1, 4, 6, ""), False),
        (edit(1, 1, 4, ""), edit(2, 1, 4, ""), False),
        (edit(1, 4, 4, ", a"), edit(1, 4, 4, ", b"), True),
        (edit(1, 1, 6, ""), edit(1, 3, 3, "a"), True),
    ],
)
def test_edits_that_cannot_both_be_made(one: Edit, other: Edit, expected: bool) -> None:
    assert overlap(one, other) is overlap(other, one) is expected


def test_edits_move_what_follows() -> None:
    ranges = (VisibleRange(10, (Line("a", 2, 30), Line("b"))), VisibleRange(20, (Line("c"),)))
    edits = [(edit(11, 1, 1, "x\n"), Origin(3, "", 40)), (edit(20, 1, 2, "d"), Origin(3, "", 41))]
    (image,) = edited([PostImage("a.c", ranges)], edits)
    assert [(one.start, [(line.text, line.patch, line.mail_line) for line in one.lines]) for one in image.ranges] == [
        (10, [("a", 2, 30), ("x", 3, 40), ("b", 3, 40)]),
        (21, [("d", 3, 41)]),
    ]


def test_a_flag_that_another_remark_counts_on_is_not_needless(lint: Lint) -> None:
    for kernel in ("6.8", "6.14"):
        rules = {finding.rule for finding in lint(series("", ACQUIRE), kernel=kernel).findings}
        assert "body/rcu-arg-plain-get" in rules
        assert "flags/ret-null-needless" not in rules


def test_no_memory_is_no_answer_of_a_rule(lint: Lint) -> None:
    def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
        if not any(entry.flag("KF_RET_NULL") for entry in kfunc.entries):
            raise MemoryError
        return iter(())

    hungry = [replace(rule, check=check) if rule.id == "body/rcu-arg-plain-get" else rule for rule in loader.shipped()]
    with pytest.raises(MemoryError):
        lint(series("", ACQUIRE), rules=hungry, kernel="6.8")


def test_a_fix_with_consequences_is_not_mechanical(lint: Lint) -> None:
    tests = ACQUIRE.replace("KF_ACQUIRE | KF_RCU | KF_RET_NULL", "KF_ACQUIRE | KF_RET_NULL")
    tests = tests.replace("\trefcount_inc", "\tif (!s)\n\t\treturn NULL;\n\trefcount_inc")
    (fix,) = [
        finding.fix
        for finding in lint(series("", tests), kernel="6.14").findings
        if finding.rule == "flags/kept-object-untrusted"
    ]
    assert fix is not None
    assert (fix.description, fix.edits) == ("add KF_TRUSTED_ARGS", ())


def test_words_of_messages_are_mended(parser: Parser, tmp_path: Path) -> None:
    path = tmp_path / "a.mbox"
    path.write_text(series("", SET).replace("Tidy.", "It is wierd.").replace("tidy up", "the occured rows"))
    (one,) = select_series(read_inbox([str(path)]), None, False)
    applied = AppliedSeries(one, "6.12")
    findings = judge(applied, loader.shipped(), parser).findings
    (patch,) = mended(applied, compatible(findings)).patches
    assert patch.mail.subject.title == "shelf: the occurred rows"
    assert "It is weird." in [line.text for line in patch.message]


@pytest.mark.parametrize(
    "path",
    [ROOT / "fixtures" / "series.mbox", *(sorted(Path(MAILS).rglob("*.*")) if MAILS else ())],
    ids=lambda path: path.name,
)
def test_fixes_bring_up_nothing(path: Path, parser: Parser) -> None:
    for one in select_series(read_inbox([str(path)]), None, False):
        found = brought_up(AppliedSeries(one, None), loader.shipped(), parser)
        assert [(finding.rule, finding.message) for finding in found] == []
