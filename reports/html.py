"""One self-contained page: the series with the findings in place, to read in a browser or to print."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from textwrap import dedent
from typing import Any

from kfunclint import __version__, resources
from kfunclint.checker.result import Review
from kfunclint.finding import Finding, Level
from kfunclint.report import formats, links, page
from kfunclint.report.composition import composition
from kfunclint.resources import url
from kfunclint.rule.rule import Description
from kfunclint.text import pluralize, visible

PAGE = True
_LONG = 200  # hunks; below it a browser lays all of them out at once without being felt


def render(review: Review) -> str:
    """The page. Everything that comes from the mails is escaped, and characters that work unseen are written out."""
    folder = resources.folder("reports")
    script = (folder / "html.js").read_text(encoding="utf-8")
    rules = page.rules(review)
    parts = page.parts(review)
    return (
        formats.templates()
        .get_template("html.html.j2")
        .render(
            subject=visible(formats.title(review)),
            facts=list(_facts(review)),
            verdict=_verdict(review),
            composition=[visible(line) for line in composition(review.series)] if review.series else [],
            counts=page.level_counts(review.findings),
            levels=[level.value for level in reversed(Level)],
            rules=rules,
            rule_counts=[sum(finding.rule == rule for finding in review.findings) for rule in rules],
            overview=page.worst_first(parts),
            parts=parts,
            is_long=sum(len(file.hunks) for part in parts for file in part.files) > _LONG,
            about=[_about(rule, rules, review) for rule in review.rules if rule.id in rules],
            is_partial=bool(review.troubles),
            silence=visible(formats.silence(review)),
            skipped=_visible(review.skipped),
            failures=_visible(review.failures),
            withheld=[_withheld(findings, why) for findings, why in formats.withheld(review)],
            unused=[(visible(where), visible(text)) for where, text in formats.unused(review)],
            since=_since(review),
            refused=[visible(str(why)) for why in review.unreadable],
            version=__version__,
            style=(folder / "html.css").read_text(encoding="utf-8"),
            script=script,
            digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        )
    )


def _verdict(review: Review) -> str:
    """What came of it, in a sentence."""
    touched = len({finding.origin.patch for finding in review.findings})
    total = touched if review.series is None else len(review.patches)
    where = pluralize(total, "file" if review.series is None else "patch")
    if not touched:
        verdict = formats.nothing_said(review).capitalize()
        return f"{verdict} in {where}." if review.series else f"{verdict}."
    counts = ", ".join(pluralize(count, level) for level, count in page.level_counts(review.findings))
    mendable, _ = formats.mendable(review)
    fixes = f"; --fix mends {len(mendable)} of {len(review.findings)}" if mendable else ""
    return f"{counts} in {where if touched >= total else f'{touched} of {where}'}{fixes}."


def _facts(review: Review) -> Iterator[tuple[str, str, str]]:
    """What a reader or a bug report needs to know of the input: name, text, address or ""."""
    first = formats.first(review)
    if first:
        yield "From", visible(first.headers.author), ""
        yield "Date", visible(first.headers.date), ""
        yield "Message-ID", visible(first.headers.message_id), links.mail(first.headers.message_id)
    yield "Judged for", visible(f"Linux {review.kernel.release}: {review.kernel.why}"), ""
    if review.base:
        yield "Applied to", visible(f"{review.base.name}: {review.base.why}"), ""
    yield "By", f"kfunclint {__version__}, {pluralize(len(review.rules), 'rule')}", url("Homepage")


def _visible(entries: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(visible(name), page.visible_lines(text)) for name, text in entries.items()]


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
        "link": links.mail(review.since.message_id),
        "stands": marks.count(True),
        "new": marks.count(False),
        "fixed": [
            (finding.rule, visible(f"{finding.at.path or 'message'}: {finding.message}"))
            for finding in review.since.fixed
        ],
    }


def _about(rule: Description, rules: Sequence[str], review: Review) -> dict[str, Any]:
    blocks = groupby(rule.doc.split("\n")[1:], key=_kind)
    return {
        "id": rule.id,
        "number": rules.index(rule.id),
        "title": rule.title,
        "blocks": [(kind, dedent("\n".join(lines))) for kind, lines in blocks if kind],
        "see": list(links.parts(rule.see, review.kernel.release)),
        "address": links.rule_page(rule.id),
    }


def _kind(line: str) -> str:
    """What a line of a docstring belongs to, "" for an empty one."""
    return "code" if line.startswith("    ") else "prose" if line else ""
