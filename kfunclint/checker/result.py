"""What a review gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from kfunclint.checker.lines import LineIndex
from kfunclint.errors import InputError
from kfunclint.finding import Comparison, Finding, SuppressedFinding, UnusedSuppression
from kfunclint.kernel.release import Target
from kfunclint.mail.message import Series
from kfunclint.patch.diff import Patch
from kfunclint.patch.postimage import PostImage
from kfunclint.rule.rule import Description
from kfunclint.text import last_line
from kfunclint.value import Value, field

if TYPE_CHECKING:
    from kfunclint.checker.mending import Mending


class TreeState(NamedTuple):
    """The state of a kernel tree that a series was applied to: its name and why that one, both words for people."""

    name: str
    why: str


class Review(Value):
    """Everything a report may use: values alone, so that it can be stored and sent.

    `series` is None where a whole kernel tree was reviewed, and `tree` names that. `sources` are the C files as they
    were judged, `lines` those of messages and files by place, `base` the state of a kernel tree from which whole ones
    were taken. `findings` are in the order of patch, mail line and rule; of a tree they have the number of the source
    for a patch. `skipped` says for what was not
    looked at why not: a rule's id or a file's path, and the reason; `unchecked` are those names in it without which
    the series counts as not reviewed. `failures` has the traceback of every rule that
    raised, by its id; `unreadable` the mails that could not be read; `rules` those that were to run;
    `withheld` what was found and is not said; `unused` the requests for silence that had no effect; `since` the earlier
    version that it was compared with; `mending` what its fixes make of it, None where nobody asked.
    """

    series: Series | None
    patches: tuple[Patch, ...]
    cover: Patch | None
    sources: tuple[PostImage, ...]
    lines: LineIndex = field(compare=False)
    base: TreeState | None
    kernel: Target
    findings: tuple[Finding, ...]
    skipped: Mapping[str, str]
    failures: Mapping[str, str]
    unreadable: tuple[InputError, ...]
    rules: tuple[Description, ...]
    tree: str = ""
    withheld: tuple[SuppressedFinding, ...] = ()
    unused: tuple[UnusedSuppression, ...] = ()
    since: Comparison | None = None
    unchecked: frozenset[str] = frozenset()
    mending: Mending | None = None

    @property
    def troubles(self) -> tuple[str, ...]:
        """What could not be read or reviewed, a line each; none if the series is reviewed."""
        return (
            *map(str, self.unreadable),
            *(f"{name}: {why}" for name, why in self.skipped.items() if name in self.unchecked),
            *(f"{name}: the rule failed: {last_line(trace)}" for name, trace in self.failures.items()),
        )
