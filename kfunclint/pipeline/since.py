"""An earlier version, reviewed as the newer one was, and compared with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kfunclint.checker import rerolls
from kfunclint.checker.result import Review
from kfunclint.kernel.kernel import Kernel
from kfunclint.mail.inbox import read_inbox
from kfunclint.mail.message import Inbox, Series
from kfunclint.mail.versions import is_reroll
from kfunclint.pipeline.outcome import Note, NoteKind, troubles
from kfunclint.report import formats


class EarlierVersion:
    """What a review is compared with: the series of a file of any form, or a version of the input itself."""

    def __init__(
        self,
        since: int | str,
        inbox: Inbox,
        judge: Callable[[Series, Kernel], tuple[Review, Kernel]],
        note: Callable[[Note], None],
    ) -> None:
        """`since` is that of a Request, `inbox` the input; `judge` reviews a series like the other ones, and `note` is
        told what could not be read or reviewed. Raises InputError for a file without a series."""
        self.name = str(since)
        self.version = since if isinstance(since, int) else None
        self.inbox = inbox if isinstance(since, int) else read_inbox([since])
        self.judge = judge
        self.note = note
        if self.version is None:
            if not self.inbox.series:
                raise self.inbox.errors[0]
            for why in self.inbox.errors:
                self._trouble(str(why))

    def compare(self, pairs: Sequence[tuple[Review, Kernel]]) -> list[Review]:
        """The reviews with what the earlier version of each says of it; as they are where there is none. Each comes
        with the kernel it was judged for."""
        reviews = [self._compare_review(review, kernel, len(pairs) == 1) for review, kernel in pairs]
        if not any(review.since or self._is_itself(review) for review in reviews):
            what = "earlier version" if self.version is None else f"version {self.version}"
            where = self.name if self.version is None else "the input"
            titles = ", ".join(formats.title(review) for review, _ in pairs)
            self._trouble(f"--since: no {what} of {titles} in {where}")
        return reviews

    def _compare_review(self, review: Review, kernel: Kernel, is_only: bool) -> Review:
        series = self._series(review, is_only)
        if series is None:
            return review
        old, _ = self.judge(series, kernel)
        for trouble in troubles(old):
            self.note(trouble)
        return rerolls.compare(review, old)

    def _series(self, review: Review, is_only: bool) -> Series | None:
        """The earlier version to compare a review with; `is_only`: it is the only one."""
        if review.series is None or self._is_itself(review):
            return None
        series = rerolls.previous_version(self.inbox, review.series, self.version)
        only = self.inbox.series[0] if is_only and len(self.inbox.series) == 1 else review.series
        if series is None and not is_reroll(only, review.series):
            text = f"{self.name}: by its titles no version of {formats.title(review)}, compared all the same"
            self.note(Note(NoteKind.OTHER_TITLES, text))
            return only
        return series

    def _is_itself(self, review: Review) -> bool:
        return review.series is not None and review.series.version == self.version

    def _trouble(self, text: str) -> None:
        self.note(Note(NoteKind.TROUBLE, text))
