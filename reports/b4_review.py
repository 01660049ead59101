"""For b4's review-perpatch-check-cmd and review-series-check-cmd: a JSON array that holds one check."""

from __future__ import annotations

import json

from kfunclint.checker.result import Review
from kfunclint.finding import Level, Place
from kfunclint.report import formats
from kfunclint.text import pluralize, visible

_STATUS = {Level.ERROR: "fail", Level.WARNING: "warn", Level.CHECK: "warn"}


def render(review: Review) -> str:
    """The array, with a line break at the end: the worst level, how many findings, and a line for each.

    What could not be read or judged is a failure, whatever else was found.
    """
    status = max((finding.level for finding in review.findings), key=lambda level: level.rank, default=None)
    trouble = [f"not read: {why}" for why in review.unreadable]
    trouble += [f"the rule failed: {name}" for name in review.failures]
    counts = [pluralize(count, level) for level, count in formats.counts_by_level(review.findings).items() if count]
    lines = [formats.checkpatch_line(_place(finding.at), finding) for finding in review.findings]
    check = {
        "tool": "kfunclint",
        "status": "fail" if trouble else _STATUS[status] if status else "pass",
        "summary": ", ".join([*(["could not review all"] if trouble else []), *counts]) or "nothing found",
        "details": "\n".join([*map(visible, trouble), *lines]),
    }
    return json.dumps([check], indent=2) + "\n"


def _place(at: Place) -> str:
    return "subject" if at.is_title else f"{at.path or 'commit message'}:{at.line}"
