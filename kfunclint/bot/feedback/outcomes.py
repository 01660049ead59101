"""What became of findings: whether the next version still has them."""

from __future__ import annotations

from kfunclint.bot.ledger.database import Database
from kfunclint.checker.result import Review


def fate(key: str, path: str | None, later: Review) -> str | None:
    """What a later version of a series makes of a finding, by its key and its file: it "stands", or was "mended".

    None, nobody knows, for a file that this version does not touch any more. What is withheld is there all the same.
    """
    if any(finding.key == key for finding in (*later.findings, *(one.finding for one in later.withheld))):
        return "stands"
    touched = {file.new_path for patch in later.patches for file in patch.files}
    return "mended" if path is None or path in touched else None


def compare_versions(database: Database, key: str, review: Review) -> None:
    """Write down what a version of a series makes of the findings about earlier ones, in a transaction."""
    for row in database.rows(_EARLIER, key):
        path, colon, _ = row["place"].rpartition(":")
        outcome = fate(row["key"], path if colon else None, review)
        if outcome:
            database.execute(
                "UPDATE finding SET outcome=? WHERE series=? AND key=?", outcome, row["series"], row["key"]
            )


_EARLIER = (
    "SELECT finding.* FROM series JOIN series AS older ON older.family = series.family AND older.age < series.age"
    " JOIN finding ON finding.series = older.key"
    " WHERE series.key=? AND (finding.outcome IS NULL OR finding.outcome = 'stands')"
)
