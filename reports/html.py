"""One self-contained page: the series with the findings in place, to read in a browser or to print."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kfunclint import __version__, report
from kfunclint.finding import Finding, Level
from kfunclint.locate import Lines
from kfunclint.patch import FileDiff, Hunk, Patch
from kfunclint.report import visible
from kfunclint.review import Review

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

_Here = Mapping[int, Sequence[Finding]]  # findings by the line of the mail


def render(review: Review) -> str:
    """The page. Everything that comes from the mails is escaped, and characters that work unseen are written out."""
    first = report.first(review)
    rules = sorted({finding.rule for finding in review.findings})
    texts = report.lines(review)
    patches = [patch for patch in (review.cover, *review.patches) if patch]
    digest = base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode()
    return (
        report.templates()
        .get_template("html.html.j2")
        .render(
            subject=visible(first.subject) or "a series without a subject",
            author=visible(first.author),
            kernel=review.kernel,
            counts=[(level.value, count) for level, count in report.counted(review.findings).items() if count],
            levels=[level.value for level in reversed(Level)],
            rules=rules,
            patches=[_patch(patch, review.findings, rules, texts) for patch in patches],
            skipped=_visible(review.skipped),
            failures=_visible(review.failures),
            refused=[visible(str(why)) for why in review.refused],
            version=__version__,
            script=_SCRIPT,
            digest=digest,
        )
    )


def _visible(found: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(visible(name), "\n".join(map(visible, text.split("\n")))) for name, text in found.items()]


def _patch(patch: Patch, findings: Iterable[Finding], rules: Sequence[str], texts: Lines) -> dict[str, Any]:
    own = [finding for finding in findings if finding.origin.patch == patch.mail.number]
    here: dict[int, list[Finding]] = {}
    for finding in own:
        here.setdefault(finding.origin.mail_line, []).append(finding)

    def shown(line: int) -> list[dict[str, Any]]:
        return [_finding(finding, rules, texts) for finding in here.get(line, ())]

    return {
        "number": patch.mail.number,
        "subject": visible(patch.mail.subject),
        "counts": [(level.value, count) for level, count in report.counted(own).items() if count],
        "message": [(visible(line.text), shown(line.mail_line)) for line in patch.message],
        "files": [_file(file, here, rules, texts) for file in patch.files],
    }


def _file(file: FileDiff, here: _Here, rules: Sequence[str], texts: Lines) -> dict[str, Any]:
    hunks = [_hunk(hunk, here, rules, texts) for hunk in file.hunks]
    return {
        "path": visible(file.new_path or file.old_path or ""),
        "kind": file.kind,
        "hunks": hunks,
        "open": any(row["findings"] for hunk in hunks for row in hunk["rows"]) or not file.hunks,
        "added": sum(line.sign == "+" for hunk in file.hunks for line in hunk.lines),
        "removed": sum(line.sign == "-" for hunk in file.hunks for line in hunk.lines),
    }


def _hunk(hunk: Hunk, here: _Here, rules: Sequence[str], texts: Lines) -> dict[str, Any]:
    return {
        "header": f"@@ -{hunk.old_start},{hunk.old_count} +{hunk.new_start},{hunk.new_count} @@",
        "heading": visible(hunk.heading),
        "rows": [
            {
                "old": line.old or "",
                "new": line.new or "",
                "sign": line.sign,
                "kind": {"+": "added", "-": "removed"}.get(line.sign, "context"),
                "text": visible(line.text),
                "findings": [_finding(finding, rules, texts) for finding in here.get(line.mail_line, ())],
            }
            for line in hunk.lines
        ],
    }


def _finding(finding: Finding, rules: Sequence[str], texts: Lines) -> dict[str, Any]:
    return {
        "level": finding.level.value,
        "rule": finding.rule,
        "number": rules.index(finding.rule),
        "key": finding.key,
        "message": visible(finding.message),
        "because": [
            (
                f"{reason.at.path}:{reason.at.line}" if reason.at.path else f"line {reason.at.line} of the mail",
                visible(reason.note),
                visible(texts.text(reason.at).strip()),
            )
            for reason in finding.because
        ],
        "fix": visible(finding.fix.description) if finding.fix else "",
        "diff": "\n".join(map(visible, finding.diff.rstrip("\n").split("\n"))) if finding.diff else "",
        "see": finding.see,
    }
