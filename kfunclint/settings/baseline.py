"""Files of findings that are known: what stands in one is not said again."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from kfunclint.checker.result import Review
from kfunclint.errors import InputError
from kfunclint.finding import Finding, SuppressedFinding
from kfunclint.value import replace

SCHEMA = 1
_MAX_SIZE = 64 << 20


def read(path: Path) -> Counter[str]:
    """The keys of the findings that a file records. Raises InputError."""
    try:
        if path.stat().st_size > _MAX_SIZE:
            raise InputError(str(path), None, f"larger than {_MAX_SIZE >> 20} MiB")
        document = json.loads(path.read_bytes())
        return Counter(str(finding["key"]) for finding in document["findings"])
    except OSError as error:
        raise InputError(str(path), None, error.strerror or "cannot be read") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(str(path), None, "not a baseline of kfunclint") from error


def text_of(findings: Iterable[Finding]) -> str:
    """The text of a file that records the findings: by key, with what tells people which they are."""
    rows = [
        {"key": finding.key, "rule": finding.rule, "path": finding.at.path, "function": finding.function}
        for finding in findings
    ]
    return json.dumps({"schema": SCHEMA, "findings": rows}, indent=1) + "\n"


def without_recorded(review: Review, recorded_keys: Mapping[str, int], name: str) -> Review:
    """The review with those findings withheld that the file of that name records, each as often as it does."""
    counts = Counter(recorded_keys)
    new: list[Finding] = []
    old: list[SuppressedFinding] = []
    for finding in review.findings:
        if counts[finding.key]:
            counts[finding.key] -= 1
            old.append(SuppressedFinding(finding, f"recorded in {name}"))
        else:
            new.append(finding)
    return replace(review, findings=tuple(new), withheld=(*review.withheld, *old))
