"""A series as its fixes would make it."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from kfunclint.checker.review import AppliedSeries, judge
from kfunclint.clang import Parser
from kfunclint.finding import Edit, Finding, Origin
from kfunclint.patch.diff import Patch, parse_patch
from kfunclint.patch.edits import edited, in_line, overlap
from kfunclint.rule.functions import FunctionTable
from kfunclint.rule.rule import Rule
from kfunclint.value import replace

_Edits = list[tuple[Edit, Origin]]


def brought_up(
    applied: AppliedSeries, rules: Sequence[Rule[Any]], parser: Parser, functions: tuple[FunctionTable, ...] = ()
) -> Iterator[Finding]:
    """What is found only once all fixes that can be applied are: where remarks contradict each other, something is.

    A fix that uncovers more of a kfunc may.
    """
    before = judge(applied, rules, parser, functions=functions).findings
    fixed = compatible(before)
    if not fixed:
        return
    uncovered = {finding.function for finding in fixed if finding.fix and finding.fix.uncovers}
    known = Counter(map(subject, before))
    for finding in judge(mended(applied, fixed), rules, parser, functions=functions).findings:
        about = subject(finding)
        if not known[about] and finding.function not in uncovered:
            yield finding
        known[about] -= 1


def subject(finding: Finding) -> tuple[object, ...]:
    """What a finding is about; a fix of another one may change its words and its place."""
    return finding.rule, finding.function, finding.at.path


def compatible(findings: Iterable[Finding]) -> list[Finding]:
    """The findings whose fixes can be applied together, in their order: those that overlap with no earlier one."""
    chosen: list[Finding] = []
    edits: list[Edit] = []
    for finding in findings:
        own = finding.fix.edits if finding.fix else ()
        if own and not any(overlap(edit, other) for edit in own for other in edits):
            chosen.append(finding)
            edits += own
    return chosen


def mended(applied: AppliedSeries, findings: Iterable[Finding]) -> AppliedSeries:
    """The series with the fixes of the findings applied to its messages and post-images; see compatible()."""
    edits = [(edit, finding.origin) for finding in findings if finding.fix for edit in finding.fix.edits]
    series = copy.copy(applied)
    series.sources = edited(applied.sources, edits)
    series.patches = tuple(_with_message(patch, edits) for patch in applied.patches)
    series.cover = _with_message(applied.cover, edits) if applied.cover else None
    return series


def _with_message(patch: Patch, edits: _Edits) -> Patch:
    number = patch.mail.subject.number
    lines = (replace(line, text=in_line(line.text, _of(edits, number, line.mail_line))) for line in patch.message)
    title = in_line(patch.mail.subject.title, _of(edits, number, 0))
    mail = replace(patch.mail, subject=replace(patch.mail.subject, title=title))
    if not any(True for line in patch.lost for _ in _of(edits, number, line.mail_line)):
        return replace(patch, mail=mail, message=tuple(lines))
    body = [in_line(text, _of(edits, number, line)) for line, text in enumerate(mail.lines, 1)]
    return parse_patch(replace(mail, body="\n".join(body)))  # where the message ends is read anew


def _of(edits: _Edits, number: int, line: int) -> Iterator[Edit]:
    """Those of a line of the message with that number."""
    return (edit for edit, _ in edits if edit.at.path is None and (edit.at.patch or 0, edit.at.line) == (number, line))
