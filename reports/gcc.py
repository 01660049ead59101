"""For editors and readers of build logs: the lines of a compiler alone, without the lines of code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kfunclint.checker.result import Review
from kfunclint.finding import Finding, Level, Place
from kfunclint.mail.message import Mail
from kfunclint.report import formats
from kfunclint.text import visible

# gcc has no fourth level: what is no warning is a note to those who read its lines
_LEVELS = {Level.ERROR: "error", Level.WARNING: "warning", Level.CHECK: "note"}


def render(review: Review) -> str:
    """One line a finding and reason, "file:line:column: level: message [rule]"; nothing if there is nothing to say."""
    mails = formats.mails(review)
    lines = [line for finding in review.findings for line in _lines(finding, mails)]
    lines += [visible(f"kfunclint: warning: not checked: {trouble}") for trouble in review.troubles]
    lines += [visible(f"kfunclint: note: {silence}") for silence in [formats.silence(review)] if silence]
    return "".join(f"{line}\n" for line in lines)


def _lines(finding: Finding, mails: Mapping[int, Mail]) -> Iterator[str]:
    place = _place(finding.at, mails)
    yield f"{place}: {_LEVELS[finding.level]}: {formats.with_fix(finding)} [{finding.rule}]"
    for reason in finding.because:
        yield f"{_place(reason.at, mails)}: note: {visible(reason.note)}"


def _place(at: Place, mails: Mapping[int, Mail]) -> str:
    file, line, column = formats.place(at, mails)
    return f"{file}:{line}:{column}"
