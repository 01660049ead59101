"""Which fixes of a review hold: applied in memory, and the series reviewed again."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from kfunclint.checker.fixes import compatible, mended, subject
from kfunclint.checker.result import Review
from kfunclint.checker.review import AppliedSeries
from kfunclint.finding import Edit, Finding
from kfunclint.patch.edits import edited_lines
from kfunclint.patch.replacements import Replacement, is_writable
from kfunclint.value import Value

Judge = Callable[[AppliedSeries], Review]

_MOST_ROUNDS = 8
_MOST_TRIALS = 40
_NUMBERS = re.compile(r"\d+")


class Mending(Value):
    """What fixes that hold make of a series; findings are given by their index in the review.

    `mended` are those that are gone then, `refused` those whose fix does not hold, `replacements` the lines to change,
    `uncovered` what is found only then, as nobody could see it before. `stopped` says why no fix was tried, "" where
    they were.
    """

    mended: frozenset[int] = frozenset()
    refused: frozenset[int] = frozenset()
    replacements: tuple[Replacement, ...] = ()
    uncovered: tuple[Finding, ...] = ()
    stopped: str = ""


def mend(
    applied: AppliedSeries,
    findings: Sequence[Finding],
    judge: Judge,
    *,
    messages: bool,
    unsure: bool,
    seconds: float,
) -> Mending:
    """Apply the fixes of those findings of a review of the series that can be applied, and keep those that hold: the
    finding is gone, nothing new is found, nothing is left out that was looked at before.

    `judge` reviews a series with all rules that count. `messages`: titles and messages can be mended; `unsure`: so can
    what is a choice. After about so many `seconds` no more fixes are tried.
    """
    proof = _Proof(applied, findings, judge, time.monotonic() + seconds, messages=messages, unsure=unsure)
    left = set(range(len(findings)))
    for _ in range(_MOST_ROUNDS):
        held = proof.largest(sorted(left))
        if not held:
            break
        left -= held
    left -= proof.gone(left)
    return Mending(
        mended=frozenset(range(len(findings))) - left,
        refused=frozenset(proof.refused & left),
        replacements=tuple(proof.replacements()),
        uncovered=tuple(proof.uncovered()),
    )


class _Proof:
    """A series on the way to being mended, with the review of what has become of it so far."""

    def __init__(
        self,
        applied: AppliedSeries,
        findings: Sequence[Finding],
        judge: Judge,
        deadline: float,
        *,
        messages: bool,
        unsure: bool,
    ) -> None:
        self.first = self.applied = applied
        self.findings = findings
        self.judge = judge
        self.deadline = deadline
        self.messages = messages
        self.unsure = unsure
        self.trials = 0
        self.slowest = 0.0
        self.refused: set[int] = set()
        self.before = self.review = self._judge(applied)
        self._lines: dict[str, dict[int, int]] = {}
        self._patches: dict[tuple[str, int], int] = {}

    def largest(self, numbers: Sequence[int]) -> set[int]:
        """Apply what holds of the fixes for these findings, found by halves where they do not all do; gives which."""
        fixable = self._fixable(numbers)
        if not fixable or self._is_over():
            return set()
        if self._try(list(fixable.values())):
            return set(fixable)
        if len(fixable) == 1:
            self.refused |= fixable.keys()
            return set()
        ordered = list(fixable)
        middle = len(ordered) // 2
        return self.largest(ordered[:middle]) | self.largest(ordered[middle:])

    def gone(self, numbers: Iterable[int]) -> set[int]:
        """Those of the findings that are gone, as another fix mended them, too."""
        return {number for number in numbers if self._present(self.findings[number]) is None}

    def _fixable(self, numbers: Iterable[int]) -> dict[int, Finding]:
        """Those of the findings, as the present review has them, whose fixes can be applied together."""
        present = {number: finding for number in numbers if (finding := self._present(self.findings[number]))}
        usable = {number: one for number, one in present.items() if number not in self.refused and self._has_fix(one)}
        together = {id(finding) for finding in compatible(usable.values())}
        return {number: finding for number, finding in usable.items() if id(finding) in together}

    def _present(self, finding: Finding) -> Finding | None:
        """A finding as the present review has it: where another fix has changed its line, that of the same subject."""
        same = [one for one in self.review.findings if one.key == finding.key and one.message == finding.message]
        if finding in same:
            return finding
        same = same or [one for one in self.review.findings if subject(one) == subject(finding)]
        return same[0] if same else None

    def _try(self, findings: list[Finding]) -> bool:
        """Apply fixes, if they hold."""
        series = mended(self.applied, findings)
        review = self._judge(series)
        if not _holds(self.review, review, findings):
            return False
        self._follow(findings)
        self.applied, self.review = series, review
        return True

    def _has_fix(self, finding: Finding) -> bool:
        fix = finding.fix
        if fix is None or finding.repaired_by is not None:
            return False
        edits = fix.edits if self.unsure else fix.sure_edits
        return bool(edits) and all(map(self._is_editable, edits))

    def _is_editable(self, edit: Edit) -> bool:
        if edit.at.path is None:
            return self.messages and bool(edit.at.patch) and "\n" not in edit.text
        image = next((image for image in self.applied.sources if image.path == edit.at.path), None)
        return image is not None and is_writable(image, edit.at.line)

    def _judge(self, applied: AppliedSeries) -> Review:
        start = time.monotonic()
        self.trials += 1
        review = self.judge(applied)
        self.slowest = max(self.slowest, time.monotonic() - start)
        return review

    def _is_over(self) -> bool:
        """Have fixes been tried enough, or might the next one last too long?"""
        return self.trials >= _MOST_TRIALS or time.monotonic() + self.slowest > self.deadline

    def _follow(self, findings: Iterable[Finding]) -> None:
        """Keep what each line was before all fixes, and which patch is to have it as it becomes."""
        edits: dict[str, dict[int, list[Edit]]] = {}
        for finding in findings:
            patch = self._guilty(finding)
            for edit in finding.fix.edits if finding.fix else ():
                if edit.at.path is not None:
                    edits.setdefault(edit.at.path, {}).setdefault(edit.at.line, []).append(edit)
                    first = self._origins(edit.at.path)[edit.at.line]
                    key = edit.at.path, first
                    self._patches[key] = max(self._patches.get(key, 0), patch)
        for image in self.applied.sources:
            if image.path in edits:
                self._lines[image.path] = dict(self._moved(image.path, edits[image.path]))

    def _origins(self, path: str) -> dict[int, int]:
        """The lines in view of a file, each with what it was before all fixes."""
        if path not in self._lines:
            ranges = next(image.ranges for image in self.first.sources if image.path == path)
            numbers = (part.start + index for part in ranges for index in range(len(part.lines)))
            self._lines[path] = {number: number for number in numbers}
        return self._lines[path]

    def _moved(self, path: str, edits: dict[int, list[Edit]]) -> Iterator[tuple[int, int]]:
        """The lines of a file behind the edits, each with what it was before all fixes."""
        image = next(image for image in self.applied.sources if image.path == path)
        shift = 0
        for number, first in self._lines[path].items():
            line = image.line(number)
            count = len(edited_lines(line, edits[number])) if line and number in edits else 1
            yield from ((number + shift + index, first) for index in range(count))
            shift += count - 1

    def _guilty(self, finding: Finding) -> int:
        """The patch that a fix belongs to: that of the finding, or a later one that added a line which is edited."""
        images = {image.path: image for image in self.applied.sources}
        edits = finding.fix.edits if finding.fix else ()
        lines = (images[edit.at.path].line(edit.at.line) for edit in edits if edit.at.path is not None)
        return max(finding.origin.patch, *(line.patch or 0 for line in lines if line), 0)

    def replacements(self) -> Iterator[Replacement]:
        """What has become of the lines that are not as they were."""
        images = {image.path: image for image in self.applied.sources}
        for image in self.first.sources:
            new: dict[int, list[str]] = {first: [] for path, first in self._patches if path == image.path}
            for number, first in self._lines.get(image.path, {}).items():
                line = images[image.path].line(number)
                if first in new and line is not None:
                    new[first].append(line.text)
            for first, texts in sorted(new.items()):
                line = image.line(first)
                if line is not None and texts != [line.text]:
                    yield Replacement(image.path, first, line.text, tuple(texts), self._patches[image.path, first])
        yield from self._messages()

    def _messages(self) -> Iterator[Replacement]:
        for old, new in zip(self.first.patches, self.applied.patches, strict=True):
            patch = old.mail.subject.number
            if old.mail.subject.title != new.mail.subject.title:
                yield Replacement(None, 0, old.mail.subject.title, (new.mail.subject.title,), patch)
            texts = {line.mail_line: line.text for line in (*new.message, *new.lost)}
            for line in (*old.message, *old.lost):
                if texts.get(line.mail_line, line.text) != line.text:
                    yield Replacement(None, line.mail_line, line.text, (texts[line.mail_line],), patch)

    def uncovered(self) -> Iterator[Finding]:
        """What is found only now."""
        before = Counter(map(subject, self.before.findings))
        for finding in self.review.findings:
            if not before[subject(finding)]:
                yield finding
            before[subject(finding)] -= 1


def _holds(before: Review, after: Review, fixed: Sequence[Finding]) -> bool:
    """Is what was fixed gone, and nothing else come or left out?"""
    allowed = Counter(map(subject, before.findings))
    allowed.subtract(map(subject, fixed))
    uncovered = {finding.function for finding in fixed if finding.fix and finding.fix.uncovers}
    gone = set(map(subject, fixed))
    for finding in after.findings:
        one = subject(finding)
        if not allowed[one] and (one in gone or finding.function not in uncovered):
            return False
        allowed[one] -= 1
    return set(_left_out(after)) <= set(_left_out(before))


def _left_out(review: Review) -> Iterator[tuple[str, str]]:
    """What was not looked at, and why, without numbers of lines."""
    yield from ((name, _NUMBERS.sub("", why)) for name, why in review.skipped.items())
    yield from ((name, "failed") for name in review.failures)
