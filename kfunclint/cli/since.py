"""The option --since: an earlier version, reviewed as the newer one was, and compared with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from kfunclint.checker import rerolls
from kfunclint.checker.result import Review
from kfunclint.cli import options
from kfunclint.mail.inbox import read_inbox
from kfunclint.mail.message import Inbox, Series
from kfunclint.mail.series import is_reroll
from kfunclint.report import formats


class Earlier:
    """What --since names: a file of any form, or the number of a version in the input itself.

    `trouble`: some of it could not be read or reviewed, which is told on standard error.
    """

    def __init__(self, name: str, inbox: Inbox, judge: Callable[..., Review]) -> None:
        """`inbox` is the input, `judge` reviews a series like the other ones. Raises InputError for a file without
        a series."""
        self.name = name
        self.version = int(name) if name.isdecimal() and not Path(name).exists() else None
        self.inbox = inbox if self.version is not None else read_inbox([name])
        self.judge = judge
        self.trouble = False
        if self.version is None:
            if not self.inbox.series:
                raise self.inbox.errors[0]
            for why in self.inbox.errors:
                self._say(str(why))

    def compared(self, found: Sequence[Review]) -> list[Review]:
        """The reviews with what the earlier version of each says of it; as they are where there is none."""
        reviews = [self._compared(one, len(found) == 1) for one in found]
        if not any(one.since or self._is_itself(one) for one in reviews):
            what = "earlier version" if self.version is None else f"version {self.version}"
            where = self.name if self.version is None else "the input"
            self._say(f"--since: no {what} of {', '.join(map(formats.title, found))} in {where}")
        return reviews

    def _compared(self, found: Review, alone: bool) -> Review:
        series = self._series(found, alone)
        if series is None:
            return found
        old = self.judge(series, asked=found.kernel)
        options.say_trouble(old)
        self.trouble = self.trouble or bool(old.unreadable or old.failures)
        return rerolls.compare(found, old)

    def _series(self, found: Review, alone: bool) -> Series | None:
        """The earlier version to compare a review with; `alone`: it is the only one."""
        if found.series is None or self._is_itself(found):
            return None
        series = rerolls.previous_version(self.inbox, found.series, self.version)
        only = self.inbox.series[0] if alone and len(self.inbox.series) == 1 else found.series
        if series is None and not is_reroll(only, found.series):
            options.say(f"{self.name}: by its titles no version of {formats.title(found)}, compared all the same")
            return only
        return series

    def _is_itself(self, found: Review) -> bool:
        return found.series is not None and found.series.version == self.version

    def _say(self, why: str) -> None:
        options.say(why)
        self.trouble = True
