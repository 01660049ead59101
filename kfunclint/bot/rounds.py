"""One round of the bot: read, gather, review, write down, send. A round that was cut off anywhere is gone on with by
the next."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Sequence
from sqlite3 import Row

from kfunclint.bot import clock, intake, log, metrics, planning, steps
from kfunclint.bot.archive.source import Source
from kfunclint.bot.delivery import drafts, pages, patchwork, sending
from kfunclint.bot.feedback import answers
from kfunclint.bot.gathering import gather, park
from kfunclint.bot.ledger import outbox
from kfunclint.bot.ledger.database import Database
from kfunclint.bot.ledger.journal import Journal
from kfunclint.bot.manners import clock_jumps
from kfunclint.bot.reviewing import Reviewer
from kfunclint.bot.settings import BotSettings
from kfunclint.checker.result import Review
from kfunclint.errors import InputError

_MOST_TRIES = 2
_LONGEST_QUIET = 8  # times the quiet time, where a thread does not fall silent


class Bot:
    """What a round needs. All of it belongs to one thread."""

    def __init__(
        self, settings: BotSettings, database: Database, sources: Sequence[Source], reviewer: Reviewer
    ) -> None:
        self.settings = settings
        self.database = database
        self.sources = sources
        self.reviewer = reviewer
        self.journal = Journal(settings.journal)

    def start(self) -> None:
        """What comes once: what an earlier run left, and where to begin."""
        outbox.recover(self.database)
        self._check_identity()
        self._rebuild()
        intake.first_start(self.database, self.sources)

    def round(self, is_ending: Callable[[], bool] = lambda: False) -> None:
        """Do all there is to do now. Raises sqlite3.Error and OSError where it has to be tried again later."""
        may_mail = clock_jumps.agrees(self.database)
        self._read()
        for key in self._due_series():
            if is_ending():
                return
            self._review(key)
        drafts.take_back_superseded(self.database, self.settings)
        drafts.write_all(self.database, self.settings)
        patchwork.post_all(self.database, self.settings)
        if may_mail and self.settings.may_mail and self._may_mail():
            self._send(is_ending)
        self._forget_old()
        if self.settings.pages:
            pages.write_index(self.settings.pages, self.database)
        if self.settings.metrics:
            metrics.write(self.settings.metrics, self.database)

    def _rebuild(self) -> None:
        """Ask the archives once what went out before this ledger was there; until that is known nothing is mailed."""
        if self.database.setting("rebuilt") is None and self.settings.sender:
            try:
                intake.rebuild(self.database, self.journal, self.sources, self.settings.sender)
            except InputError as why:
                log.event("not rebuilt", why=str(why))

    def _read(self) -> None:
        intake.read(self.database, self.settings, self.sources)
        sending.settle(self.database)
        answers.process(self.database, self.settings)
        gather(self.database, self.settings)

    def _due_series(self) -> list[str]:
        """The series that are quiet for long enough; those that came too long ago are closed."""
        now = clock.now()
        due = []
        for row in self.database.rows(_OPEN):
            if now - row["first"] > self.settings.max_age:
                with self.database.transaction("stale"):
                    self.database.execute("UPDATE series SET state='stale' WHERE key=?", row["key"])
            elif self._is_quiet(row, now):
                due.append(row["key"])
        return due

    def _is_quiet(self, row: Row, now: float) -> bool:
        quiet = self.settings.quiet if row["complete"] else self.settings.quiet_incomplete
        return bool(now - row["heard"] >= quiet or now - row["last"] >= _LONGEST_QUIET * quiet)

    def _review(self, key: str) -> None:
        """Review a series and write down what follows; one that no review survives is parked, with the reason."""
        with self.database.transaction("try"):
            self.database.execute("UPDATE series SET tries=tries+1 WHERE key=?", key)
            if self.database.value("SELECT tries FROM series WHERE key=?", key) > _MOST_TRIES:
                park(self.database, key, f"the review of it ended the program {_MOST_TRIES} times")
                return
        steps.at("review.before")
        try:
            judgement = self.reviewer.judge(self.database, key)
            planned = planning.plan(self.database, self.settings, key, judgement)
        except sqlite3.Error:
            self._untry(key)
            raise
        except Exception as error:
            with self.database.transaction("park"):
                park(self.database, key, f"the review failed: {type(error).__name__}: {error}"[:300])
            return
        steps.at("review.after")
        self._write_page(planned.review)
        try:
            planning.write(self.database, self.settings, planned)
        except sqlite3.Error:
            self._untry(key)
            raise
        log.event("reviewed", series=key, mails=len(planned.mails), why=planned.why)

    def _untry(self, key: str) -> None:
        """A disk that is full is no fault of the series."""
        with contextlib.suppress(sqlite3.Error), self.database.transaction("untry"):
            self.database.execute("UPDATE series SET tries=0 WHERE key=?", key)

    def _write_page(self, review: Review | None) -> None:
        if review is None or self.settings.pages is None:
            return
        try:
            pages.write_page(self.settings.pages, review)
        except OSError as why:  # what is said does not hang on it
            log.event("no page", why=str(why))

    def _send(self, is_ending: Callable[[], bool]) -> None:
        """Send what is due, after another look at what has come and what was said meanwhile."""
        if not sending.due(self.database):
            return
        self._read()
        for key in sorted({mail.series for mail in sending.due(self.database)}):
            if self.database.value(_HEARD_SINCE, key):
                self._review(key)
        sending.send_all(self.database, self.settings, self.journal, is_ending)

    def _check_identity(self) -> None:
        """A journal belongs to one ledger. One that is missing is begun, unless something was sent already."""
        identity = self.database.setting("identity")
        if self.journal.identity() is None and identity and not self.database.value(_EVER_HANDED):
            self.journal.start(identity)

    def _may_mail(self) -> bool:
        if self.database.setting("rebuilt") is None:
            return False
        if self.journal.identity() == self.database.setting("identity"):
            return True
        log.event("not adopted", why="journal and state are not of the same bot; see kfunclint bot adopt")
        return False

    def _forget_old(self) -> None:
        """Drop the text of mails that are too old to matter."""
        with self.database.transaction("forget"):
            self.database.execute(
                "UPDATE mail SET raw=NULL WHERE raw IS NOT NULL AND seen<?", clock.now() - self.settings.keep
            )


_OPEN = (
    "SELECT series.*, max(series.last, coalesce((SELECT max(mail.seen) FROM mail WHERE mail.thread IN"
    " (SELECT own.thread FROM mail AS own WHERE own.series = series.key)), 0)) AS heard"
    " FROM series WHERE state='open' ORDER BY first, key"
)
_HEARD_SINCE = (
    "SELECT 1 FROM mail JOIN series ON series.key=? WHERE mail.seen >= series.reviewed AND mail.kind <> 'ours'"
    " AND mail.thread IN (SELECT own.thread FROM mail AS own WHERE own.series = series.key)"
)
_EVER_HANDED = "SELECT 1 FROM outbox WHERE handed IS NOT NULL"
