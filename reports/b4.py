"""For b4's prep-perpatch-check-cmd and am-perpatch-check-cmd: one line a finding, nothing if there is none."""

from __future__ import annotations

from kfunclint.checker.result import Review
from kfunclint.finding import Finding, Level
from kfunclint.mail.message import Mail
from kfunclint.report import formats

NOTES = False  # b4 takes every line on standard error for a failure


def render(review: Review) -> str:
    """The lines, each with a line break at the end.

    b4's run_local_check() makes a failure of a line with "ERROR:" in it and a warning of any other, and takes a leading
    "-:" away: it is what checkpatch calls standard input.
    """
    mails = formats.mails(review)
    return "".join(f"{_line(finding, mails)}\n" for finding in review.findings)


def _line(finding: Finding, mails: dict[int, Mail]) -> str:
    text = formats.checkpatch_line(f"-:{_place(finding, mails)}", finding)
    return text if finding.level == Level.ERROR else text.replace("ERROR:", "ERROR")


def _place(finding: Finding, mails: dict[int, Mail]) -> str:
    """path:line of a file; of a message the line of the mail, as checkpatch counts it."""
    at = finding.at
    if at.path is not None:
        return f"{at.path}:{at.line}"
    return str(formats.in_input(mails[at.patch or 0], at)[1])
