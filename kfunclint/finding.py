"""What a rule says about a place, and what a review makes of it."""

from __future__ import annotations

from enum import StrEnum

from kfunclint.value import Value


class Level(StrEnum):
    """How sure and how bad, in checkpatch's words."""

    CHECK = "check"
    WARNING = "warning"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """0 for check, 1 for warning, 2 for error."""
        return list(Level).index(self)


class Place(Value):
    """A part of one line, 1-based, the end exclusive, columns in characters.

    With a path: a line of the post-image of the whole series. Without one: a line of the decoded body of the
    mail that `patch` numbers (n of n/m, 0 for the cover letter), or line 0 for the title in its subject.
    """

    path: str | None
    line: int
    column: int = 1
    end_column: int = 1
    patch: int | None = None

    @property
    def is_title(self) -> bool:
        """Does it stand in the subject of a mail?"""
        return self.path is None and self.line == 0


class Reason(Value):
    """A second place that makes the first one wrong, or shows it done right, with a few words ("registered here")."""

    at: Place
    note: str


class Edit(Value):
    """Replace what stands at a place by a text; an empty place inserts, the text may hold line breaks.

    `with_line`: if nothing but blanks is left of the line, it goes, too.
    """

    at: Place
    text: str
    with_line: bool = False


class Fix(Value):
    """What would mend it: a verb phrase ("drop KF_TRUSTED_ARGS") and, where it is mechanical, the edits.

    `adds` and `drops` name the flag of a kfunc's entries that it adds or takes out, `needs` one without which it does
    not mend anything, "" for none. `uncovers`: who reads what it mends goes on then, so that more may be found there.
    `unsure`: the edits are one of several ways, as which error to return is a choice.
    """

    description: str
    edits: tuple[Edit, ...] = ()
    adds: str = ""
    drops: str = ""
    needs: str = ""
    uncovers: bool = False
    unsure: bool = False

    @property
    def sure_edits(self) -> tuple[Edit, ...]:
        """The edits, none where they are a choice."""
        return () if self.unsure else self.edits


class Missing(Value):
    """The test that a use lacks: where `symbol` is used, a variable or a call "name()", it must be known that the call
    `guard` gives `holds`."""

    symbol: str
    guard: str
    holds: bool


class Remark(Value):
    """A rule's own words about a place; review adds the rule's name and level.

    `or_at`: places that are as guilty as `at`. A finding must point at a line that the series added, so where
    `at` is old code the first of them that is new takes its place, and `here` says what is to be seen at `at` then
    ("registered here"; "": nothing that is worth a line). `missing`: a review with a kernel tree adds who does make
    that test there, if most do.
    """

    at: Place
    message: str
    because: tuple[Reason, ...] = ()
    fix: Fix | None = None
    or_at: tuple[Place, ...] = ()
    missing: Missing | None = None
    here: str = ""


class Origin(Value):
    """The line of the mail that brought a line: patch n of n/m (0: cover letter), 1-based line of the decoded body (0:
    the title in its subject)."""

    patch: int
    message_id: str
    mail_line: int


class Finding(Value):
    """A remark with its rule and level, and the line of the mail that it is about.

    `strict`: it is for those who ask for all that can be said: its rule is, or it is about words of a mail without
    kfuncs. `function` is the kfunc it speaks of, if any; `quoted` the line as written, without the sign of the diff;
    `diff` the fix as a unified diff, "" for one that is unsure; `key` names the finding across rerolls: no line number
    is part of it.
    `repaired_by` is the number of a later patch that mends it; `stands` whether an earlier version that was reviewed
    beside it had it, too (None: there was none, or it is not known).
    """

    rule: str
    level: Level
    strict: bool
    at: Place
    message: str
    because: tuple[Reason, ...]
    fix: Fix | None
    diff: str
    see: str
    function: str | None
    quoted: str
    origin: Origin
    key: str
    repaired_by: int | None = None
    persisted: bool | None = None


class SuppressedFinding(Value):
    """A finding that is not said, and why: somebody asked for silence, or said it before; `by_sender`: it was asked for
    in the mails that were reviewed; `named`: somebody has said it, so it stands."""

    finding: Finding
    why: str
    by_sender: bool = False
    named: bool = False


class UnusedSuppression(Value):
    """A request for silence that silenced nothing: its file, its 1-based line there (None where it is not known), its
    text, and why."""

    file: str
    line: int | None
    text: str
    why: str


class Comparison(Value):
    """An earlier version of a series, reviewed beside it: what to call it ("v1"), the subject and message-id of its
    first mail, and what was found in it and is not there any more."""

    name: str
    subject: str
    message_id: str
    fixed: tuple[Finding, ...]
