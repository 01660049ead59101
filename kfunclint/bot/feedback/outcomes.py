"""What became of findings: whether the next version still has them."""

from __future__ import annotations

from kfunclint.bot.ledger.database import Database
from kfunclint.checker.result import Review


def compare_versions(database: Database, key: str, review: Review) -> None:
    """Say of the findings about earlier versions of a series whether they stand in this one, or were mended, in a
    transaction.

    A finding of a file that this version does not touch any more says nothing. What is withheld is there all the same.
    """
    present = {finding.key for finding in (*review.findings, *(one.finding for one in review.withheld))}
    paths = {file.new_path for patch in review.patches for file in patch.files}
    for row in database.rows(_EARLIER, key):
        path, colon, _ = row["place"].rpartition(":")
        if row["key"] in present:
            _set(database, row["series"], row["key"], "stands")
        elif not colon or path in paths:
            _set(database, row["series"], row["key"], "mended")


def _set(database: Database, series: str, key: str, outcome: str) -> None:
    database.execute("UPDATE finding SET outcome=? WHERE series=? AND key=?", outcome, series, key)


_EARLIER = (
    "SELECT finding.* FROM series JOIN series AS older ON older.family = series.family AND older.age < series.age"
    " JOIN finding ON finding.series = older.key"
    " WHERE series.key=? AND (finding.outcome IS NULL OR finding.outcome = 'stands')"
)
