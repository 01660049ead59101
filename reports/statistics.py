"""How many findings each rule has, over all series: for those who clean up, or choose rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from kfunclint.checker.result import Review
from kfunclint.report import formats
from kfunclint.text import pluralize, visible


def render(review: Review) -> str:
    """The counts of one series."""
    return render_all([review])


def render_all(reviews: Sequence[Review]) -> str:
    """A line a rule, those with most findings first, and what was not looked at."""
    titles = {rule.id: rule.title for review in reviews for rule in review.rules}
    counts = Counter((finding.rule, finding.level) for review in reviews for finding in review.findings)
    rows = sorted(counts.items(), key=lambda row: (-row[1], row[0]))
    width = max((len(rule) for rule, _ in counts), default=0)
    lines = [f"{count:5}  {level:7}  {rule:{width}}  {titles.get(rule, '')}" for (rule, level), count in rows]
    lines += [f"not checked: {trouble}" for review in reviews for trouble in review.troubles]
    lines += [silence for review in reviews for silence in [formats.silence(review)] if silence]
    lines.append(f"{pluralize(counts.total(), 'finding')} of {pluralize(len({rule for rule, _ in counts}), 'rule')}")
    return "".join(f"{visible(line).rstrip()}\n" for line in lines)
