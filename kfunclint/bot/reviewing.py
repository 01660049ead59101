"""One series of the ledger, reviewed: with its earlier versions, and with what people have said about it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from sqlite3 import Row
from types import TracebackType
from typing import Self

from kfunclint.bot.gathering import inbox_of, mails_of, patches_around
from kfunclint.bot.ledger.database import Database
from kfunclint.bot.manners.withdrawn import is_taken_back
from kfunclint.bot.settings import BotSettings
from kfunclint.checker.result import Review
from kfunclint.clang import Parser
from kfunclint.kernel.kfunc_words import touches_kfunc
from kfunclint.mail.message import Inbox, Series, address
from kfunclint.pipeline import pipeline
from kfunclint.pipeline.request import Request
from kfunclint.settings import files, merged
from kfunclint.settings.selection import ActiveRules
from kfunclint.value import Value, replace

_MOST_ANSWERS = 300


class Judgement(Value):
    """A series with what was found. `review` is None for one that touches no kfunc; `trouble` says what of it could not
    be read or reviewed, "" if all could, and `taken_back` whether its author has taken it back."""

    series: Series
    review: Review | None
    trouble: str
    taken_back: bool


class Reviewer(AbstractContextManager["Reviewer"]):
    """Reviews series one after the other; has a parser open until it is left."""

    def __init__(self, settings: BotSettings) -> None:
        """Raises InputError and BadRule for settings of the review that cannot be used."""
        sources = files.sources(settings.config, settings.state) if settings.config else ()
        self.selection = ActiveRules(merged.merge({}, sources))
        self.request = Request(tree=settings.tree, no_tree=settings.tree is None)
        self.parser = Parser()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.parser.close()

    def judge(self, database: Database, key: str) -> Judgement:
        """Review the series of that key as the ledger has it now.

        Raises LookupError if its mails make no series any more, and whatever a review may raise: who calls it must go
        on without this series.
        """
        rows = _around(database, key)
        inbox = inbox_of(rows)
        ids = {row["msgid"] for row in rows if row["series"] == key}
        series = next((one for one in inbox.series if ids & _message_ids(one)), None)
        if series is None:
            raise LookupError("its mails cannot be read as a series any more")
        answers = inbox.replies
        taken_back = any(is_taken_back(answer, _authors(series)) for answer in answers)
        if not self.request.tree and not touches_kfunc(series):
            return Judgement(series, None, "", taken_back)
        outcome = pipeline.run(only(inbox, series), self.request, self.selection, self.parser)
        trouble = next((note.text for note in outcome.notes), "")
        (review,) = outcome.reviews
        return Judgement(series, review, trouble, taken_back)


def _around(database: Database, key: str) -> list[Row]:
    """The mails of a series, of others of its author and in its threads, and the answers in these threads."""
    own = database.rows("SELECT DISTINCT author, thread FROM mail WHERE series=?", key)
    patches = patches_around(database, [row["author"] for row in own], [row["thread"] for row in own])
    family = {row["key"] for row in database.rows(_FAMILY, key)}
    threads = sorted({row["thread"] for row in patches if row["series"] in family})
    marks = ",".join("?" * len(threads))
    answers = database.rows(
        f"SELECT * FROM mail WHERE kind='answer' AND raw IS NOT NULL AND thread IN ({marks})"
        f" ORDER BY id DESC LIMIT {_MOST_ANSWERS}",
        *threads,
    )
    return sorted((*patches, *answers), key=lambda row: int(row["id"]))


_FAMILY = "SELECT other.key FROM series JOIN series AS other ON other.family = series.family WHERE series.key=?"


def _message_ids(series: Series) -> set[str]:
    return {mail.headers.message_id for mail in mails_of(series)}


def _authors(series: Series) -> set[str]:
    return {address(mail) for mail in mails_of(series)}


def only(inbox: Inbox, series: Series) -> Inbox:
    """An inbox with this series as the newest of the only family, and with the answers."""
    family = [one for one in inbox.series if one.family == series.family]
    older: Sequence[Series] = family[: family.index(series)] if series.complete else ()
    return replace(inbox, series=(*older, series), errors=())
