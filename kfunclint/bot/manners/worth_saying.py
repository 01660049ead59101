"""Which findings may stand in a mail."""

from __future__ import annotations

from kfunclint.bot.feedback.precision import rules_off_mail
from kfunclint.bot.ledger.database import Database
from kfunclint.bot.settings import BotSettings
from kfunclint.checker.result import Review
from kfunclint.finding import Finding


def worth_saying(database: Database, settings: BotSettings, key: str, review: Review) -> list[Finding]:
    """The findings of a series that may be mailed: loud enough, of rules that are right often enough, never said about
    this series or an earlier version of it, and never called wrong there."""
    off = rules_off_mail(database, settings)
    silent = _said_or_wrong(database, key)
    return [
        finding
        for finding in review.findings
        if finding.level in settings.levels
        and not (finding.strict or finding.repaired_by)
        and finding.rule not in off
        and finding.key not in silent
    ]


def _said_or_wrong(database: Database, key: str) -> set[str]:
    """The keys of findings about other versions of a series that were said, or called wrong about any version."""
    rows = database.rows(
        "SELECT finding.key FROM finding JOIN series ON series.key = finding.series"
        " WHERE series.family = (SELECT family FROM series WHERE key=?) AND (finding.outcome IN ('wrong', 'disputed')"
        " OR (finding.series<>? AND EXISTS (SELECT 1 FROM outbox WHERE msgid = finding.said"
        " AND (state IN ('sending', 'handing', 'sent', 'held') OR drafted IS NOT NULL))))",
        *(key, key),
    )
    return {row["key"] for row in rows}
