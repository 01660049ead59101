"""What comes of an inbox: reviews, what there is to say beside them, and an exit status."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from kfunclint.checker.result import Review
    from kfunclint.finding import Level

CLEAN, FINDINGS, TROUBLE = 0, 1, 2
"""Exit statuses: nothing that counts, findings, something could not be reviewed."""


class NoteKind(Enum):
    """What a note is about: something that could not be read or reviewed, a tree that was left out as it cannot be
    read, or an earlier version that by its titles is another series."""

    TROUBLE = "trouble"
    NO_TREE = "no tree"
    OTHER_TITLES = "other titles"


class Note(NamedTuple):
    """Something to say beside the reviews, in one line without a line end."""

    kind: NoteKind
    text: str


class Outcome(NamedTuple):
    """The reviews of an inbox, in order of appearance, and the notes in the order in which they came up.

    `fail_on` is the level from which on a finding counts. All of it are values: an outcome can be pickled.
    """

    reviews: tuple[Review, ...]
    notes: tuple[Note, ...]
    fail_on: Level

    @property
    def is_troubled(self) -> bool:
        """Is there something that could not be read or reviewed?"""
        return any(note.kind is NoteKind.TROUBLE for note in self.notes)

    @property
    def has_findings(self) -> bool:
        """Is there a finding that counts?"""
        return any(finding.level.rank >= self.fail_on.rank for review in self.reviews for finding in review.findings)

    @property
    def status(self) -> int:
        """The exit status: trouble goes before findings that count."""
        return TROUBLE if self.is_troubled else FINDINGS if self.has_findings else CLEAN


def troubles(review: Review) -> Iterator[Note]:
    """What of a series could not be read or reviewed."""
    return (Note(NoteKind.TROUBLE, trouble) for trouble in review.troubles)
