"""What came of a replay, for people: how often each rule spoke, and what later versions made of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from kfunclint import __version__
from kfunclint.report import formats, links
from kfunclint.text import pluralize, visible
from kfunclint.value import Value


class RuleCount(NamedTuple):
    """How many findings a rule had in all versions, and how many different ones a later version mended, or left."""

    rule: str
    findings: int
    mended: int
    stand: int

    @property
    def percent(self) -> float | None:
        """How many of 100 were mended of those that a later version tells of, None where none does."""
        decided = self.mended + self.stand
        return 100 * self.mended / decided if decided else None


class Summary(Value):
    """What the results of a replay say."""

    series: tuple[Mapping[str, Any], ...]
    """As replay.judge() writes them, by Message-ID; one that came to no end has neither that nor a title."""
    rules: tuple[RuleCount, ...]

    @property
    def troubles(self) -> int:
        """How many series were not reviewed whole."""
        return sum(bool(one["trouble"]) for one in self.series)


def summarize(lines: Iterable[str]) -> Summary:
    """Read lines of results, in any order."""
    series = sorted((json.loads(line) for line in lines), key=lambda one: str(one.get("series", "")))
    findings = [(one.get("author", ""), finding) for one in series for finding in one["findings"]]
    counts = Counter(finding["rule"] for _, finding in findings)
    outcomes: dict[tuple[str, str, str], set[str | None]] = {}
    for author, finding in findings:
        outcomes.setdefault((finding["rule"], author, finding["key"]), set()).add(finding["outcome"])
    mended = Counter(rule for (rule, _, _), found in outcomes.items() if "mended" in found)
    stand = Counter(rule for (rule, _, _), found in outcomes.items() if "stands" in found and "mended" not in found)
    rules = (RuleCount(rule, count, mended[rule], stand[rule]) for rule, count in counts.items())
    return Summary(tuple(series), tuple(sorted(rules)))


def in_words(summary: Summary) -> Iterator[str]:
    """The summary as lines of a terminal."""
    yield f"{len(summary.series)} series, {summary.troubles} of them not reviewed whole"
    for one in summary.rules:
        findings = pluralize(one.findings, "finding")
        yield f"{one.rule}: {findings}, {one.mended} mended by a later version, {one.stand} stand"


def page(summary: Summary) -> str:
    """The summary as an HTML page."""
    rows = [_row(one) for one in summary.series if one["findings"] or one["trouble"]]
    template = formats.templates().get_template("bot-replay.html.j2")
    return template.render(summary=summary, rows=rows, version=__version__)


def _row(series: Mapping[str, Any]) -> dict[str, Any]:
    """What the page says of a series, for its template."""
    return {
        "address": links.mail(series.get("series", "")),
        "title": visible(series.get("title", "no title")),
        "author": visible(series.get("author", "")),
        "trouble": visible(series["trouble"]),
        "findings": [
            {**finding, "place": visible(finding["place"]), "message": visible(finding["message"])}
            for finding in series["findings"]
        ],
    }
