"""For programs: one JSON object, described by json.schema.json; of several series one on each line."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from kfunclint.checker.result import Review
from kfunclint.errors import InputError
from kfunclint.finding import Finding, Reason
from kfunclint.patch.diff import Patch
from kfunclint.report import formats
from kfunclint.report.composition import composition, revisions
from kfunclint.text import excerpt

SCHEMA = 1


def render(review: Review) -> str:
    """The review as a JSON object in ASCII, with a line break at the end; what is not known is null."""
    return formats.as_json(_document(review))


def render_all(reviews: Sequence[Review]) -> str:
    """The one review as an object, or several as JSON lines."""
    return "".join(pieces(reviews))


def pieces(reviews: Iterable[Review]) -> Iterator[str]:
    """What render_all() gives, a piece for each review."""
    remaining = iter(reviews)
    first, second = (next(remaining, None) for _ in range(2))
    indent = 2 if second is None else None
    for review in itertools.chain((first, second), remaining):
        if review is not None:
            yield formats.as_json(_document(review), indent)


def _document(review: Review) -> dict[str, Any]:
    versions = revisions(review.series) if review.series else {}
    return {
        "schema": SCHEMA,
        "series": _series(review),
        "tree": review.tree or None,
        "kernel": {"release": str(review.kernel.release), "why": review.kernel.why},
        "base": {"name": review.base.name, "why": review.base.why} if review.base else None,
        "patches": [_patch(patch, versions) for patch in review.patches],
        "skipped": dict(review.skipped) | {_mail(why): why.reason for why in review.unreadable},
        "unchecked": sorted(review.unchecked),
        "failures": dict(review.failures),
        "findings": [_finding(finding, of_mail=review.series is not None) for finding in review.findings],
        "withheld": [
            {"why": suppressed.why, "finding": _finding(suppressed.finding, of_mail=review.series is not None)}
            for suppressed in review.withheld
        ],
        "unused": [
            {"file": request.file, "line": request.line, "text": request.text, "why": request.why}
            for request in review.unused
        ],
        "since": _since(review),
    }


def _series(review: Review) -> dict[str, Any] | None:
    first = formats.first(review)
    if first is None or review.series is None:
        return None
    return {
        "subject": first.subject.text,
        "message_id": first.headers.message_id or None,
        "version": review.series.version,
        "total": review.series.total,
        "missing": list(review.series.missing),
        "notes": list(composition(review.series)),
    }


def _since(review: Review) -> dict[str, Any] | None:
    if review.since is None:
        return None
    return {
        "version": review.since.name,
        "subject": review.since.subject,
        "message_id": review.since.message_id or None,
        "fixed": [_finding(finding, of_mail=True) for finding in review.since.fixed],
    }


def _mail(why: InputError) -> str:
    return f"{why.file}:{why.line}" if why.line else why.file


def _patch(patch: Patch, versions: Mapping[int, str]) -> dict[str, Any]:
    return {
        "index": patch.mail.subject.number,
        "version": versions.get(patch.mail.subject.number),
        "subject": patch.mail.subject.text,
        "message_id": patch.mail.headers.message_id or None,
        "files": [file.new_path or file.old_path for file in patch.files],
    }


def _finding(finding: Finding, of_mail: bool) -> dict[str, Any]:
    at, fix = finding.at, finding.fix
    return {
        "rule": finding.rule,
        "level": finding.level.value,
        "strict": finding.strict,
        "message": finding.message,
        "where": "subject" if at.is_title else "message" if at.path is None else "file",
        "path": at.path,
        "line": at.line,
        "column": at.column,
        "end_column": at.end_column,
        "function": finding.function,
        "patch": finding.origin.patch if of_mail else None,
        "message_id": finding.origin.message_id or None,
        "mail_line": finding.origin.mail_line if of_mail else None,
        "quoted": excerpt(finding.quoted, at.column)[0],
        "because": [_reason(reason) for reason in finding.because],
        "fix": {"description": fix.description, "diff": finding.diff or None} if fix else None,
        "see": finding.see,
        "key": finding.key,
        "repaired_by": finding.repaired_by,
        "stands": finding.persisted,
    }


def _reason(reason: Reason) -> dict[str, Any]:
    return {"path": reason.at.path, "line": reason.at.line, "note": reason.note}
