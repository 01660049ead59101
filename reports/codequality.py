"""For merge requests of GitLab: a JSON array in the form of its Code Quality reports."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from kfunclint.checker.result import Review
from kfunclint.finding import Level
from kfunclint.report import formats
from kfunclint.text import visible

_SEVERITIES = {Level.ERROR: "critical", Level.WARNING: "major", Level.CHECK: "minor"}

Object = dict[str, Any]


def render(review: Review) -> str:
    """The array in ASCII, with a line break at the end; an empty one if nothing was found."""
    return render_all([review])


def render_all(reviews: Sequence[Review]) -> str:
    """One array for all series. A fingerprint survives a reroll, and no two are the same: GitLab would drop one."""
    seen = Counter[str]()
    issues: list[Object] = []
    for issue in (issue for review in reviews for issue in _issues(review)):
        key = issue["fingerprint"]
        seen[key] += 1
        issues.append(issue | {"fingerprint": f"{key}:{seen[key]}"})
    return formats.as_json(issues)


def _issues(review: Review) -> Iterator[Object]:
    mails = formats.mails(review)
    for finding in review.findings:
        file, line, _ = formats.place(finding.at, mails)
        issue = _issue(finding.rule, formats.with_fix(finding), _SEVERITIES[finding.level], file, line)
        yield issue | {"fingerprint": finding.key}
    silence = formats.silence(review)
    told = [("major", f"not checked: {trouble}") for trouble in review.troubles]
    for severity, text in [*told, *([("info", silence)] if silence else [])]:
        key = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
        yield _issue("kfunclint", visible(text), severity, formats.input_name(review), 1) | {"fingerprint": key}


def _issue(name: str, text: str, severity: str, file: str, line: int) -> Object:
    return {
        "check_name": name,
        "description": text,
        "severity": severity,
        "location": {"path": file, "lines": {"begin": line}},
    }
