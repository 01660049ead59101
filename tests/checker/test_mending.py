"""Fixes that are proven: each that a fixture has is applied by git, and the review of the result says nothing of it."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from shelves import SET, series

from kfunclint.checker.fixes import subject
from kfunclint.checker.mending import Mending, mend
from kfunclint.checker.result import Review
from kfunclint.checker.review import AppliedSeries, judge, review
from kfunclint.clang import Parser
from kfunclint.finding import Edit, Finding, Fix, Place
from kfunclint.fixture.suite import Suite
from kfunclint.mail.inbox import read_inbox, select_series
from kfunclint.mail.message import Series
from kfunclint.patch.postimage import Line, PostImage, VisibleRange
from kfunclint.patch.replacements import Replacement, is_writable, unified
from kfunclint.rule import loader
from kfunclint.rule.rule import Rule
from kfunclint.value import replace

SUITE = Suite(loader.shipped(), ROOT / "fixtures")
REFUSED = {("text/message-cut", None): "behind its line stands another one of the kind"}


def has_edits(finding: Finding) -> bool:
    return finding.fix is not None and bool(finding.fix.edits)


def mending(applied: AppliedSeries, found: Review, parser: Parser, rules: Sequence[Rule[Any]]) -> Mending:
    def judged(series: AppliedSeries) -> Review:
        return judge(series, rules, parser)

    return mend(applied, found.findings, judged, messages=True, unsure=True, seconds=1000)


def lines(image: PostImage) -> Iterator[str]:
    """The lines of a file, with something in the place of those out of view."""
    number = 1
    for visible in image.ranges:
        yield from ["/* out of view */"] * (visible.start - number)
        yield from (line.text for line in visible.lines)
        number = visible.start + len(visible.lines)
    if not image.whole and not image.ranges[-1].lines[-1].added:
        yield "/* out of view */"


def apply_with_git(images: tuple[PostImage, ...], patch: str, folder: Path) -> None:
    for image in images:
        file = folder / image.path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes("".join(f"{line}\n" for line in lines(image)).encode("utf-8", "surrogateescape"))
    (folder / "fixes").write_bytes(patch.encode("utf-8", "surrogateescape"))
    subprocess.run(["git", "apply", "--whitespace=nowarn", "fixes"], cwd=folder, check=True)


def with_patch(one: Series, patch: str) -> Series:
    """The series with one patch more."""
    number = len(one.patches) + 1
    (added,) = read_inbox([f"Subject: [PATCH] mend\n\nMend it.\n---\n\n{patch}".encode()]).series
    (mail,) = added.patches
    mail = replace(mail, subject=replace(mail.subject, number=max(number, one.total + 1), total=number))
    return replace(one, patches=(*one.patches, mail))


@pytest.mark.parametrize("path", SUITE.paths, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_fix_of_a_fixture_mends(path: Path, parser: Parser, tmp_path: Path) -> None:
    with SUITE.series(path) as (one, kernel, tree):
        applied = AppliedSeries(one, kernel, tree=tree)
        rules = [rule for rule in loader.shipped() if not rule.strict or rule.id == SUITE.rule_id(path)]
        found = judge(applied, rules, parser)
        if not any(map(has_edits, found.findings)):
            return
        result = mending(applied, found, parser, rules)
        left = [finding for number, finding in enumerate(found.findings) if number not in result.mended]
        assert {(finding.rule, finding.function) for finding in left if has_edits(finding)} <= REFUSED.keys()
        patch = unified(applied.sources, result.replacements)
        if not patch:
            return
        apply_with_git(applied.sources, patch, tmp_path)
        again = review(with_patch(one, patch), rules, parser, applied.kernel, tree=tree)
    allowed = Counter(map(subject, [*left, *result.uncovered]))
    mended = [found.findings[number] for number in result.mended if found.findings[number].at.path]
    still = Counter(map(subject, again.findings))
    assert [one.rule for one in mended if still[subject(one)] > allowed[subject(one)]] == []


TWICE = SET.replace("_find)", "_find, KF_RCU | KF_RCU)").replace(
    "BTF_KFUNCS_END", "BTF_ID_FLAGS(func, bpf_shelf_up, KF_ACQUIRE | KF_ACQUIRE)\nBTF_KFUNCS_END"
)


def with_fixes(parser: Parser, change: dict[int, Fix]) -> tuple[Mending, Review]:
    """The mending of two flags that stand twice, some of their fixes changed."""
    (one,) = select_series(read_inbox([series("", TWICE).encode()]), None, False)
    applied = AppliedSeries(one, "6.12")

    def judged(now: AppliedSeries) -> Review:
        found = judge(now, [rule for rule in loader.shipped() if rule.id == "flags/duplicate-flag"], parser)
        by_kfunc = {"bpf_shelf_find": 0, "bpf_shelf_up": 1}
        findings = (
            replace(finding, fix=change.get(by_kfunc.get(finding.function or "", 2), finding.fix))
            for finding in found.findings
        )
        return replace(found, findings=tuple(findings))

    found = judged(applied)
    assert [finding.function for finding in found.findings] == ["bpf_shelf_find", "bpf_shelf_up"]
    return mend(applied, found.findings, judged, messages=False, unsure=False, seconds=100), found


def test_a_fix_that_does_not_hold_is_not_offered(parser: Parser) -> None:
    _, found = with_fixes(parser, {})
    at = found.findings[1].at
    noise = Fix("add a blank", (Edit(Place(at.path, at.line, 1, 1), " "),))
    result, _ = with_fixes(parser, {1: noise})
    assert (result.mended, result.refused) == (frozenset({0}), frozenset({1}))
    assert [one.line for one in result.replacements] == [found.findings[0].at.line]


def test_a_fix_that_breaks_what_is_read_is_not_offered(parser: Parser) -> None:
    _, found = with_fixes(parser, {})
    at = found.findings[0].at
    more = Fix("flag it again", (Edit(Place(at.path, at.line, 1, 1), "BTF_ID_FLAGS(func, x, KF_RCU | KF_RCU)\n"),))
    result, _ = with_fixes(parser, {0: more})
    assert (result.mended, result.refused) == (frozenset({1}), frozenset({0}))


def test_an_unsure_fix_waits_to_be_asked_for(parser: Parser) -> None:
    _, found = with_fixes(parser, {})
    fix = found.findings[0].fix
    assert fix is not None
    result, _ = with_fixes(parser, {0: replace(fix, unsure=True)})
    assert (result.mended, result.refused) == (frozenset({1}), frozenset())


def test_fixes_of_one_place_are_made_one_after_the_other(parser: Parser) -> None:
    code = "__bpf_kfunc struct shelf *bpf_shelf_get(struct shelf *s)\n{\n\tif (s->gone)\n\t\treturn NULL;\n"
    code += "\trefcount_inc(&s->refs);\n\treturn s;\n}\n\n" + SET.replace("_find)", "_get)")
    (one,) = select_series(read_inbox([series("", code).encode()]), None, False)
    applied = AppliedSeries(one, "6.12")
    found = judge(applied, loader.shipped(), parser)
    asked = {finding.rule for finding in found.findings if finding.fix and finding.fix.adds}
    assert len(asked) > 1
    (change,) = mending(applied, found, parser, loader.shipped()).replacements
    assert all(flag in change.new[0] for flag in ("KF_ACQUIRE", "KF_RET_NULL"))


# The diff.


def image(*texts: str, start: int = 1, whole: bool = False) -> PostImage:
    return PostImage("a/b.c", (VisibleRange(start, tuple(Line(text, 1, 1) for text in texts)),), whole)


def change(line: int, old: str, *new: str) -> Replacement:
    return Replacement("a/b.c", line, old, new, 1)


def test_lines_in_a_row_go_before_what_comes_for_them() -> None:
    diff = unified([image("a", "b", "c", "d")], [change(2, "b", "B"), change(3, "c", "C", "CC")])
    assert diff.split("\n")[3:-1] == ["@@ -1,4 +1,5 @@", " a", "-b", "-c", "+B", "+C", "+CC", " d"]


def test_a_line_that_goes_and_one_that_comes() -> None:
    diff = unified([image("a", "b", "c", start=5)], [change(5, "a", "new", "a"), change(7, "c")])
    assert diff.split("\n")[3:-1] == ["@@ -5,3 +5,3 @@", "+new", " a", " b", "-c"]


def test_hunks_stand_apart_and_know_of_each_other() -> None:
    texts = [str(number) for number in range(1, 21)]
    diff = unified([image(*texts)], [change(2, "2", "2", "x"), change(15, "15")])
    assert [line for line in diff.split("\n") if line.startswith("@@")] == ["@@ -1,5 +1,6 @@", "@@ -12,7 +13,6 @@"]


def test_where_no_diff_can_be_written() -> None:
    assert is_writable(image("a", "b"), 2)
    assert not is_writable(image("a", "b"), 3)
    assert not is_writable(image("a", "\ufffd"), 1)
    assert not is_writable(replace(image("a"), path="a b.c"), 1)
    old = PostImage("a.c", (VisibleRange(1, (Line("a"), Line("b"))),))
    assert is_writable(old, 1)
    assert not is_writable(old, 2)
    assert is_writable(replace(old, whole=True), 2)
