"""From an inbox to its outcome."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from kfunclint.checker.result import Review
from kfunclint.checker.review import AppliedSeries, judge
from kfunclint.clang import Parser
from kfunclint.errors import InputError
from kfunclint.kernel.kernel import Kernel
from kfunclint.mail.inbox import select_series
from kfunclint.mail.message import Inbox, Series
from kfunclint.pipeline.caged import CagedReviewer
from kfunclint.pipeline.outcome import Note, NoteKind, Outcome, troubles
from kfunclint.pipeline.request import Fixes, Request, Version
from kfunclint.progress import Step
from kfunclint.tree.around import kernel_around
from kfunclint.value import replace

if TYPE_CHECKING:
    from kfunclint.checker.mending import Mending
    from kfunclint.settings.selection import ActiveRules
    from kfunclint.tree.tree import Tree

_SECONDS = 60.0  # for trying fixes where no cage says how long

Tell = Callable[[Note], None]
"""Is told something to say beside the reviews."""


def run(
    inbox: Inbox,
    request: Request,
    selection: ActiveRules,
    parser: Parser,
    *,
    step: Step = lambda what: None,
    tell: Tell = lambda note: None,
) -> Outcome:
    """Review an inbox as it is asked for and set.

    The parser stays open, for the next inbox. `step` is told what is being done, `tell` every note of the outcome when
    it comes up, and so also those before an exception. Raises InputError, ValueError and OSError for what cannot be
    done at all: no such version, a tree or a file that was named and cannot be read, a release that is none.
    """
    notes: list[Note] = []

    def add(note: Note) -> None:
        notes.append(note)
        tell(note)

    with _tree(request, selection.settings.tree, add) as tree:
        for why in inbox.errors:
            add(Note(NoteKind.TROUBLE, str(why)))
        reviewer = _reviewer(Reviewer(selection, parser, tree, deep=request.deep, step=step), request, inbox)
        kernel = selection.settings.kernel
        pairs = [
            reviewer.review(series, kernel, each_patch=request.each_patch) for series in _select(inbox, request.version)
        ]
        reviews = [review for review, _ in pairs]
        if request.since is not None:
            from kfunclint.pipeline.since import EarlierVersion  # most reviews are of a series alone

            reviews = EarlierVersion(request.since, inbox, reviewer.review, add).compare(pairs)
        if inbox.replies:
            from kfunclint.discussion import said_before  # most reviews have no replies

            reviews = said_before.withhold_answered(reviews, inbox)
        if request.fixes is not None:
            reviews = [replace(review, mending=reviewer.mend(review, request.fixes)) for review in reviews]
    for review in reviews:
        for trouble in troubles(review):
            add(trouble)
    return Outcome(tuple(reviews), tuple(notes), selection.settings.fail_on)


class Reviewer:
    """Reviews one series after the other, with the same settings, parser and tree."""

    def __init__(self, selection: ActiveRules, parser: Parser, tree: Tree | None, *, deep: bool, step: Step) -> None:
        """For the arguments see run()."""
        self.selection = selection
        self.parser = parser
        self.tree = tree
        self.deep = deep
        self.step = step

    def review(self, series: Series, kernel: str | Kernel | None, *, each_patch: bool = False) -> tuple[Review, Kernel]:
        """The review as the settings want it told, and the kernel it was judged for, to judge another version for."""
        applied = AppliedSeries(series, kernel, tree=self.tree, step=self.step)
        review = judge(
            applied,
            self.selection.rules,
            self.parser,
            functions=self.selection.functions,
            each_patch=each_patch,
            deep=self.deep,
            step=self.step,
        )
        return self.selection.apply_to(review), applied.kernel

    def mend(self, review: Review, fixes: Fixes, seconds: float = _SECONDS) -> Mending:
        """What the fixes of a review that hold make of its series; no more are tried after about so many seconds.

        The rules that are shipped count as well: who runs a few of them does not want what another one forbids.
        """
        from kfunclint.checker.mending import Mending, mend  # most reviews are not mended
        from kfunclint.rule import loader

        if review.series is None or not any(finding.fix and finding.fix.edits for finding in review.findings):
            return Mending()
        usual = [rule for rule in loader.shipped() if not rule.strict]
        rules = list({rule.id: rule for rule in (*usual, *self.selection.rules)}.values())

        def judged(applied: AppliedSeries) -> Review:
            functions = self.selection.functions
            return judge(applied, rules, self.parser, functions=functions, deep=self.deep, step=self.step)

        self.step("trying the fixes")
        applied = AppliedSeries(review.series, self.selection.settings.kernel, tree=self.tree, step=self.step)
        return mend(applied, review.findings, judged, seconds=seconds, messages=fixes.messages, unsure=fixes.unsure)


def _reviewer(reviewer: Reviewer, request: Request, inbox: Inbox) -> Reviewer | CagedReviewer:
    if not request.caged:
        return reviewer
    return CagedReviewer(reviewer, inbox, request.budget, keeps_kernel=request.since is not None)


def _select(inbox: Inbox, version: Version) -> tuple[Series, ...]:
    return select_series(inbox, version if isinstance(version, int) else None, version == "all")


@contextlib.contextmanager
def _tree(request: Request, configured: Path | None, tell: Tell) -> Iterator[Tree | None]:
    """The tree of a Request; `configured` is the one of the settings. One that nobody named is left out if it cannot be
    read."""
    around = None if request.no_tree or request.tree else kernel_around(Path())
    folder = None if request.no_tree else request.tree or around or configured or request.repository
    if folder is None:
        yield None
        return
    from kfunclint.tree.tree import open_tree  # git and all that: most reviews have no tree

    try:
        tree = open_tree(folder)
    except InputError as why:
        if folder not in (around, request.repository):
            raise
        if folder != request.repository:
            tell(Note(NoteKind.NO_TREE, f"{why}; reviewed without a tree"))
        yield None
        return
    with contextlib.closing(tree):
        yield tree
