"""For GitHub Actions: workflow commands that put the findings beside the lines of a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from kfunclint.checker.result import Review
from kfunclint.finding import Finding, Level, Reason
from kfunclint.mail.message import Mail
from kfunclint.report import formats
from kfunclint.text import excerpt, visible

_COMMANDS = {Level.ERROR: "error", Level.WARNING: "warning", Level.CHECK: "notice"}


def render(review: Review) -> str:
    """One command a finding and line, the worst first: of each level GitHub shows only the first ten of a step.

    What a mail brings is data of a command and can neither end it nor begin another.
    """
    mails = formats.mails(review)
    worst_first = sorted(review.findings, key=lambda finding: -finding.level.rank)
    commands = [_command(finding, mails) for finding in worst_first]
    commands += [f"::warning title=not checked::{_data(visible(trouble))}" for trouble in review.troubles]
    silence = formats.silence(review)
    commands += [f"::notice title=not said::{_data(visible(silence))}"] if silence else []
    return "".join(f"{command}\n" for command in commands)


def _command(finding: Finding, mails: dict[int, Mail]) -> str:
    at = finding.at
    properties = {"title": finding.rule}
    if at.path is not None:
        place = {"file": at.path, "line": at.line, "col": at.column, "endColumn": at.end_column}
        properties = {name: str(value) for name, value in place.items()} | properties
    head = ",".join(f"{name}={_property(visible(value))}" for name, value in properties.items())
    text = "\n".join(visible(line) for line in _lines(finding, mails))
    return f"::{_COMMANDS[finding.level]} {head}::{_data(text)}"


def _lines(finding: Finding, mails: dict[int, Mail]) -> Iterator[str]:
    if finding.at.path is None:
        mail = mails[finding.at.patch or 0]
        yield f"{formats.in_message(mail, finding.at)}: {excerpt(finding.quoted, finding.at.column)[0].strip()}"
    yield finding.message
    for reason in finding.because:
        yield f"{_place(reason)}: {reason.note}"
    if finding.fix:
        yield f"fix: {finding.fix.description}"


def _place(reason: Reason) -> str:
    return f"{reason.at.path or 'message'}:{reason.at.line}"


def _data(text: str) -> str:
    """Escape as toolkit's packages/core/src/command.ts: escapeData() does."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
