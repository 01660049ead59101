"""For b4's review-perpatch-check-cmd and review-series-check-cmd: a JSON array that holds one check."""

from __future__ import annotations

from kfunclint.checker.result import Review
from kfunclint.finding import Level, Place
from kfunclint.report import formats
from kfunclint.text import pluralize, visible

_STATUS = {Level.ERROR: "fail", Level.WARNING: "warn", Level.CHECK: "warn"}


def render(review: Review) -> str:
    """The array, with a line break at the end: the worst level, how many findings, and a line for each.

    A mail that cannot be read is a failure, whatever else was found; what could not be judged is no pass, and of a
    cover letter alone nothing is said.
    """
    if review.series and not review.series.patches:
        return "[]\n"
    worst = max((finding.level for finding in review.findings), key=lambda level: level.rank, default=None)
    status = "fail" if review.unreadable else _STATUS[worst] if worst else "warn" if review.troubles else "pass"
    silence = formats.silence(review)
    counts = [pluralize(count, level) for level, count in formats.counts_by_level(review.findings).items() if count]
    lines = [formats.checkpatch_line(_place(finding.at, review), finding) for finding in review.findings]
    check = {
        "tool": "kfunclint",
        "status": status,
        "summary": ", ".join(
            [
                *(["could not review all"] if review.troubles else []),
                *(counts or ([] if review.troubles else [formats.nothing_said(review)])),
                *([f"{pluralize(len(review.withheld), 'finding')} not said"] if silence else []),
            ]
        ),
        "details": "\n".join(
            [*(visible(f"not checked: {why}") for why in review.troubles), *lines, *filter(None, [visible(silence)])]
        ),
    }
    return formats.as_json([check])


def _place(at: Place, review: Review) -> str:
    """A line of a file or, in a series with the patch that it is of, of a message."""
    if at.path is not None:
        return f"{at.path}:{at.line}"
    subject = formats.mails(review)[at.patch or 0].subject
    patch = f"{subject.number}/{subject.total} " if subject.total > 1 else ""
    return f"{patch}subject" if at.is_title else f"{patch}commit message:{at.line}"
