"""For reviewdog: one JSON object in its Diagnostic Format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kfunclint.checker.lines import LineIndex
from kfunclint.checker.result import Review
from kfunclint.finding import Edit, Finding, Level, Place
from kfunclint.mail.message import Mail
from kfunclint.report import formats, links
from kfunclint.resources import url
from kfunclint.text import visible

_SEVERITIES = {Level.ERROR: "ERROR", Level.WARNING: "WARNING", Level.CHECK: "INFO"}

Object = dict[str, Any]


def render(review: Review) -> str:
    """The object in ASCII, with a line break at the end."""
    return render_all([review])


def render_all(reviews: Sequence[Review]) -> str:
    """One object for all series: see reviewdog's proto/rdf/reviewdog.proto."""
    diagnostics = [diagnostic for review in reviews for diagnostic in _diagnostics(review)]
    source = {"name": "kfunclint", **formats.unless_empty("url", url("Homepage"))}
    return formats.as_json({"source": source, "diagnostics": diagnostics})


def _diagnostics(review: Review) -> list[Object]:
    mails = formats.mails(review)
    where = {"path": formats.input_name(review)}
    silence = formats.silence(review)
    return [
        *(_diagnostic(finding, mails, review.lines) for finding in review.findings),
        *(_about(f"not checked: {trouble}", where, "WARNING") for trouble in review.troubles),
        *([_about(silence, where, "INFO")] if silence else []),
    ]


def _about(text: str, location: Object, severity: str) -> Object:
    return {"message": visible(text), "location": location, "severity": severity}


def _diagnostic(finding: Finding, mails: Mapping[int, Mail], texts: LineIndex) -> Object:
    diagnostic = _about(formats.with_fix(finding), _location(finding.at, mails, texts), _SEVERITIES[finding.level])
    diagnostic["code"] = {"value": finding.rule, **formats.unless_empty("url", links.rule_page(finding.rule))}
    if finding.because:
        diagnostic["related_locations"] = [
            {"message": visible(reason.note), "location": _location(reason.at, mails, texts)}
            for reason in finding.because
        ]
    edits = finding.fix.sure_edits if finding.fix else ()
    # those of one fix would be shown as choices, and one elsewhere replaces a line that nobody sees
    if len(edits) == 1 and edits[0].at.path is not None and edits[0].at.path == finding.at.path:
        diagnostic["suggestions"] = [_suggestion(edits[0], texts)]
    return diagnostic


def _suggestion(edit: Edit, texts: LineIndex) -> Object:
    return {"range": _range(edit.at, texts), "text": edit.text}


def _location(at: Place, mails: Mapping[int, Mail], texts: LineIndex) -> Object:
    file, line, _ = formats.place(at, mails)
    return {"path": file, "range": {"start": {"line": line}} if at.path is None else _range(at, texts)}


def _range(at: Place, texts: LineIndex) -> Object:
    """The part of a line, its columns counted in bytes."""
    text = texts.text(at)
    start, end = (len(text[: column - 1].encode("utf-8", "replace")) + 1 for column in (at.column, at.end_column))
    return {"start": {"line": at.line, "column": start}, "end": {"line": at.line, "column": end}}
