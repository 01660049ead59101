"""How often a rule is right, by what became of its findings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from kfunclint.bot.ledger.database import Database
from kfunclint.bot.settings import BotSettings


class Precision(NamedTuple):
    """How many findings of a rule were mended, and how many were disputed or wrong."""

    mended: int
    refuted: int

    @property
    def decided(self) -> int:
        """How many findings say something about the rule."""
        return self.mended + self.refuted

    @property
    def percent(self) -> float | None:
        """How many of 100 were right, None where nothing is known."""
        return 100 * self.mended / self.decided if self.decided else None


def precision_of_rules(database: Database) -> Mapping[str, Precision]:
    """The precision of each rule that found anything. Findings that stand, or of which nobody can know yet, do not
    count; one that was in several versions counts once, by what it came to."""
    rows = database.rows(
        "SELECT rule, max(outcome IN ('disputed', 'wrong')) AS refuted, max(outcome = 'mended') AS mended"
        " FROM finding JOIN series ON series.key = finding.series GROUP BY family, finding.key"
    )
    return counted((row["rule"], bool(row["mended"]), bool(row["refuted"])) for row in rows)


def counted(outcomes: Iterable[tuple[str, bool, bool]]) -> dict[str, Precision]:
    """The precision by rule of findings, each with its rule, and whether it was mended, and refuted."""
    counts: dict[str, Precision] = {}
    for rule, mended, refuted in outcomes:
        old = counts.get(rule, Precision(0, 0))
        counts[rule] = Precision(old.mended + (mended and not refuted), old.refuted + refuted)
    return dict(sorted(counts.items()))


def rules_off_mail(database: Database, settings: BotSettings) -> frozenset[str]:
    """The rules whose findings are not mailed any more."""
    return frozenset(
        rule
        for rule, precision in precision_of_rules(database).items()
        if precision.decided >= max(settings.precision_from, 1) and (precision.percent or 0) < settings.precision
    )
