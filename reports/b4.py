"""For b4's prep-perpatch-check-cmd and am-perpatch-check-cmd: one line a finding, nothing if all is well."""

from __future__ import annotations

from kfunclint.checker.result import Review
from kfunclint.finding import Finding, Level
from kfunclint.mail.message import Mail
from kfunclint.report import formats
from kfunclint.text import visible

NOTES = False  # b4 takes every line on standard error for a failure


def render(review: Review) -> str:
    """The lines, each with a line break at the end.

    b4's run_local_check() makes a failure of a line with "ERROR:" in it and a warning of any other, and takes a leading
    "-:" away: it is what checkpatch calls standard input.
    """
    mails = formats.mails(review)
    lines = [_line(finding, mails) for finding in review.findings]
    lines += [_harmless(f"-: WARNING: not checked: {trouble}") for trouble in review.troubles]
    lines += [_harmless(f"-: CHECK: {silence}") for silence in [formats.silence(review)] if silence]
    return "".join(f"{line}\n" for line in lines)


def _line(finding: Finding, mails: dict[int, Mail]) -> str:
    text = formats.checkpatch_line(f"-:{_place(finding, mails)}", finding)
    return text if finding.level == Level.ERROR else _harmless(text)


def _harmless(text: str) -> str:
    """A line that is no failure to b4, whatever it holds."""
    return visible(text).replace("ERROR:", "ERROR")


def _place(finding: Finding, mails: dict[int, Mail]) -> str:
    """path:line of a file; of a message the line of the mail, as checkpatch counts it."""
    at = finding.at
    if at.path is not None:
        return f"{at.path}:{at.line}"
    return str(formats.in_input(mails[at.patch or 0], at)[1])
