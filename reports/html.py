"""One self-contained page: the series with the findings in place, to read in a browser or to print."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby, pairwise
from textwrap import dedent
from typing import Any

from kfunclint import __version__
from kfunclint.checker.result import Review
from kfunclint.finding import Finding, Level, Place
from kfunclint.patch.diff import FileDiff, Hunk, Patch
from kfunclint.patch.postimage import PostImage
from kfunclint.report import formats
from kfunclint.report.composition import composition
from kfunclint.rule.rule import Description
from kfunclint.text import pluralize, visible

PAGE = True
_AROUND = 6

# j and k go from finding to finding; all the rest works without a script
_SCRIPT = """\
document.addEventListener("keydown", (event) => {
  if (!["j", "k"].includes(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
  const all = [...document.querySelectorAll(".finding")].filter((one) => one.offsetParent);
  const at = all.indexOf(document.activeElement);
  const next = event.key === "j" ? all[at + 1] : all[Math.max(at, 1) - 1];
  if (next) { next.focus(); next.scrollIntoView({ block: "center" }); }
});
"""


def render(review: Review) -> str:
    """The page. Everything that comes from the mails is escaped, and characters that work unseen are written out."""
    first = formats.first(review)
    digest = base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode()
    rules = sorted({finding.rule for finding in review.findings})
    page = _Page(review, rules)
    return (
        formats.templates()
        .get_template("html.html.j2")
        .render(
            subject=visible(formats.title(review)),
            author=visible(first.headers.author) if first else "",
            composition=[visible(line) for line in composition(review.series)] if review.series else [],
            kernel=review.kernel,
            base=visible(f"{review.base.name}: {review.base.why}") if review.base else "",
            counts=_counts(review.findings),
            levels=[level.value for level in reversed(Level)],
            rules=rules,
            about=[_about(rule, rules) for rule in review.rules if rule.id in rules],
            patches=page.patches(review),
            is_partial=bool(review.troubles),
            silence=visible(formats.silence(review)),
            skipped=_visible(review.skipped),
            failures=_visible(review.failures),
            withheld=[_withheld(findings, why) for findings, why in formats.withheld(review)],
            unused=[(visible(where), visible(text)) for where, text in formats.unused(review)],
            since=_since(review),
            refused=[visible(str(why)) for why in review.unreadable],
            version=__version__,
            script=_SCRIPT,
            digest=digest,
        )
    )


def _visible(entries: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(visible(name), _visible_lines(text)) for name, text in entries.items()]


def _visible_lines(text: str) -> str:
    return "\n".join(map(visible, text.split("\n")))


def _withheld(findings: Sequence[Finding], why: str) -> tuple[str, str]:
    if findings[1:]:
        return pluralize(len(findings), "finding"), visible(why)
    return visible(findings[0].rule), visible(f"{findings[0].message}: {why}")


def _since(review: Review) -> dict[str, Any] | None:
    if review.since is None:
        return None
    marks = [finding.persisted for finding in review.findings]
    return {
        "name": visible(review.since.name),
        "stands": marks.count(True),
        "new": marks.count(False),
        "fixed": [
            (finding.rule, visible(f"{finding.at.path or 'message'}: {finding.message}"))
            for finding in review.since.fixed
        ],
    }


def _counts(findings: Iterable[Finding]) -> list[tuple[str, int]]:
    return [(level.value, count) for level, count in formats.counts_by_level(findings).items() if count]


class _Page:
    """What the template shows of the mails: plain values, each finding with its number on the page."""

    def __init__(self, review: Review, rules: Sequence[str]) -> None:
        self.texts = review.lines
        self.since = review.since
        self.findings: dict[tuple[int, int], list[tuple[Finding, dict[str, Any]]]] = {}
        for number, finding in enumerate(review.findings, 1):
            at = finding.origin.patch, finding.origin.mail_line
            shown = self._finding(finding, number, rules.index(finding.rule))
            self.findings.setdefault(at, []).append((finding, shown))

    def patches(self, review: Review) -> list[dict[str, Any]]:
        """The parts of the page: the mails of a series, or the files of a tree that have findings."""
        if review.series is None:
            return [self._of_tree(source) for source in review.sources if self._findings_of(_number(source))]
        return [self._patch(patch) for patch in (review.cover, *review.patches) if patch]

    def _findings_of(self, number: int) -> list[tuple[Finding, dict[str, Any]]]:
        return [pair for (at, _), pairs in self.findings.items() if at == number for pair in pairs]

    def _part(self, number: int, title: str) -> dict[str, Any]:
        findings = self._findings_of(number)
        return {
            "number": number,
            "subject": visible(title),
            "counts": _counts(finding for finding, _ in findings),
            "findings": [shown for _, shown in findings],
            "message": [],
            "files": [],
        }

    def _patch(self, patch: Patch) -> dict[str, Any]:
        number = patch.mail.subject.number
        return self._part(number, patch.mail.subject.text or patch.mail.source.file) | {
            "message": [
                *self._title(patch),
                *(self._line(number, line.mail_line, line.text) for line in patch.message),
            ],
            "files": [self._file(number, file) for file in patch.files],
        }

    def _title(self, patch: Patch) -> list[dict[str, Any]]:
        """The title once more, below the subject, if there is something to say about it."""
        row = self._line(patch.mail.subject.number, 0, patch.mail.subject.title)
        return [row] if row["findings"] else []

    def _of_tree(self, source: PostImage) -> dict[str, Any]:
        """A file of a tree: what stands around its findings."""
        number = _number(source)
        wanted = sorted(line for at, line in self.findings if at == number)
        file = {
            "path": visible(source.path),
            "kind": "",
            "open": True,
            "hunks": [self._excerpt(source, number, first, last) for first, last in _stretches(wanted)],
        }
        return self._part(number, source.path) | {"files": [file]}

    def _excerpt(self, source: PostImage, number: int, first: int, last: int) -> dict[str, Any]:
        lines = [(at, line.text) for at in range(first, last + 1) if (line := source.line(at)) is not None]
        return {
            "header": f"line {first}",
            "heading": "",
            "rows": [
                {"old": "", "new": at, "sign": "", "kind": "context", **self._line(number, at, text)}
                for at, text in lines
            ],
        }

    def _file(self, number: int, file: FileDiff) -> dict[str, Any]:
        hunks = [self._hunk(number, hunk) for hunk in file.hunks]
        return {
            "path": visible(file.new_path or file.old_path or ""),
            "kind": file.kind,
            "hunks": hunks,
            "open": any(row["findings"] for hunk in hunks for row in hunk["rows"]) or not file.hunks,
            "added": sum(line.sign == "+" for hunk in file.hunks for line in hunk.lines),
            "removed": sum(line.sign == "-" for hunk in file.hunks for line in hunk.lines),
        }

    def _hunk(self, number: int, hunk: Hunk) -> dict[str, Any]:
        return {
            "header": f"@@ -{hunk.old_start},{hunk.old_count} +{hunk.new_start},{hunk.new_count} @@",
            "heading": visible(hunk.heading),
            "rows": [
                {
                    "old": line.old or "",
                    "new": line.new or "",
                    "sign": line.sign,
                    "kind": {"+": "added", "-": "removed"}.get(line.sign, "context"),
                    **self._line(number, line.mail_line, line.text),
                }
                for line in hunk.lines
            ],
        }

    def _line(self, number: int, mail_line: int, text: str) -> dict[str, Any]:
        findings = self.findings.get((number, mail_line), ())
        return {
            "parts": _parts(text, [finding.at for finding, _ in findings]),
            "findings": [shown for _, shown in findings],
        }

    def _finding(self, finding: Finding, number: int, rule: int) -> dict[str, Any]:
        return {
            "id": f"finding-{number}",
            "level": finding.level.value,
            "rule": finding.rule,
            "number": rule,
            "place": _place(finding.at),
            "message": visible(finding.message),
            "because": [
                (_place(reason.at), visible(reason.note), visible(self.texts.text(reason.at).strip()))
                for reason in finding.because
            ],
            "fix": visible(finding.fix.description) if finding.fix else "",
            "diff": _visible_lines(finding.diff.rstrip("\n")),
            "see": finding.see,
            "repaired_by": finding.repaired_by,
            "stands": visible(self.since.name) if self.since and finding.persisted else "",
        }


def _number(source: PostImage) -> int:
    """The number under which the findings of a file of a tree stand; 0 where it has no new lines."""
    line = source.line(1)
    return (line.patch or 0) if line else 0


def _stretches(lines: Iterable[int]) -> list[tuple[int, int]]:
    """The lines around some, first to last, with those joined that touch."""
    stretches: list[tuple[int, int]] = []
    for line in lines:
        first = max(1, line - _AROUND)
        if stretches and first <= stretches[-1][1] + 1:
            first = stretches.pop()[0]
        stretches.append((first, line + _AROUND))
    return stretches


def _parts(text: str, places: Iterable[Place]) -> list[tuple[str, bool]]:
    """A line in parts, each with whether one of the places on it covers that part."""
    spans = [(at.column - 1, at.end_column - 1) for at in places]
    cuts = sorted({0, len(text), *(min(end, len(text)) for span in spans for end in span)})
    return [
        (visible(text[start:end]), any(first <= start and end <= last for first, last in spans))
        for start, end in pairwise(cuts)
    ]


def _place(at: Place) -> str:
    if at.path:
        return visible(f"{at.path}:{at.line}")
    return "the subject" if at.is_title else f"line {at.line} of the mail"


def _about(rule: Description, rules: Sequence[str]) -> dict[str, Any]:
    blocks = groupby(rule.doc.split("\n")[1:], key=_kind)
    return {
        "id": rule.id,
        "number": rules.index(rule.id),
        "title": rule.title,
        "blocks": [(kind, dedent("\n".join(lines))) for kind, lines in blocks if kind],
        "see": rule.see,
    }


def _kind(line: str) -> str:
    """What a line of a docstring belongs to, "" for an empty one."""
    return "code" if line.startswith("    ") else "prose" if line else ""
