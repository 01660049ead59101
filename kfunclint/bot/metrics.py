"""What a monitoring system wants to know, in a text file that the node exporter of Prometheus reads."""

from __future__ import annotations

from pathlib import Path

from kfunclint.bot import clock
from kfunclint.bot.feedback.precision import precision_of_rules
from kfunclint.bot.ledger.database import Database

_COUNTS = {
    "kfunclint_mails": ("Mails by what they are", "kind", "SELECT kind, count(*) FROM mail GROUP BY kind"),
    "kfunclint_series": ("Series by state", "state", "SELECT state, count(*) FROM series GROUP BY state"),
    "kfunclint_replies": (
        "Mails about patches by state",
        "state",
        "SELECT state, count(*) FROM outbox WHERE kind='mail' GROUP BY state",
    ),
    "kfunclint_checks": (
        "Checks in Patchwork by state",
        "state",
        "SELECT state, count(*) FROM outbox WHERE kind='check' GROUP BY state",
    ),
    "kfunclint_findings": ("Findings by rule", "rule", "SELECT rule, count(*) FROM finding GROUP BY rule"),
}


def write(path: Path, database: Database) -> None:
    """Write the file anew. Raises OSError."""
    from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

    registry = CollectorRegistry()
    Gauge("kfunclint_last_round_seconds", "When the last round ended", registry=registry).set(clock.now())
    for name, (text, label, query) in _COUNTS.items():
        gauge = Gauge(name, text, [label], registry=registry)
        for row in database.rows(query):
            gauge.labels(row[0]).set(row[1])
    outcomes = Gauge(
        "kfunclint_outcomes", "Findings that were mended, or refuted", ["rule", "outcome"], registry=registry
    )
    for rule, precision in precision_of_rules(database).items():
        outcomes.labels(rule, "mended").set(precision.mended)
        outcomes.labels(rule, "refuted").set(precision.refuted)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_to_textfile(str(path), registry)
