"""For scripts and editors that know checkpatch: the lines of checkpatch.pl --terse --show-types."""

from __future__ import annotations

import re

from kfunclint.checker.result import Review
from kfunclint.finding import Finding, Level, Place
from kfunclint.mail.message import Mail
from kfunclint.report import formats
from kfunclint.text import visible


def render(review: Review) -> str:
    """One line a finding, "file:line: LEVEL:TYPE: message", the line that of the input, and one of totals.

    Nothing if nothing was found, as checkpatch.pl: report_dump() and its summary do, and all was looked at and said.
    """
    if not (review.findings or review.troubles or review.withheld):
        return ""
    mails = formats.mails(review)
    lines = [
        formats.checkpatch_line(_place(finding, mails), finding, f"{_type(finding.rule)}:")
        for finding in review.findings
    ]
    mail = formats.first(review)
    where = f"{mail.source.file}:{mail.source.line}" if mail else review.tree
    lines += [visible(f"{where}: WARNING:NOT_CHECKED: {trouble}") for trouble in review.troubles]
    return "\n".join((*lines, visible(_totals(review)))) + "\n"


def _place(finding: Finding, mails: dict[int, Mail]) -> str:
    """The line of the input; that of the file where a tree was reviewed, or the mail is encoded."""
    mail = mails.get(finding.origin.patch)
    if finding.at.path is not None and (mail is None or mail.source.body_line is None):
        return f"{finding.at.path}:{finding.at.line}"
    assert mail is not None, "a message is that of a mail"
    at = finding.at if finding.at.path is None else Place(None, finding.origin.mail_line)
    file, line, _ = formats.in_input(mail, at)
    return f"{file}:{line}"


def _type(rule: str) -> str:
    return re.sub(r"\W", "_", rule).upper()


def _totals(review: Review) -> str:
    counts = formats.counts_by_level(review.findings)
    counted = ", ".join(f"{counts[level]} {level}s" for level in (Level.ERROR, Level.WARNING, Level.CHECK))
    if review.series is None:
        lines = sum(line.added for source in review.sources for part in source.ranges for line in part.lines)
    else:
        lines = sum(len(hunk.lines) for patch in review.patches for file in patch.files for hunk in file.hunks)
    silence = formats.silence(review)
    return f"total: {counted}, {lines} lines checked" + (f", {silence}" if silence else "")
