"""From an inbox to its outcome."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from kfunclint.checker.result import Review
from kfunclint.checker.review import AppliedSeries, judge
from kfunclint.clang import Parser
from kfunclint.errors import InputError
from kfunclint.kernel.kernel import Kernel
from kfunclint.kernel.kfunc_words import touches_kfunc
from kfunclint.mail.inbox import select_series
from kfunclint.mail.message import Inbox, Series
from kfunclint.pipeline.caged import CagedReviewer
from kfunclint.pipeline.outcome import Note, NoteKind, Outcome, troubles
from kfunclint.pipeline.request import Fixes, Request
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

    with opened(request, selection, parser, step=step, tell=add) as opened_run:
        reviews = tuple(opened_run.reviews(inbox))
    return Outcome(reviews, tuple(notes), selection.settings.fail_on)


@contextlib.contextmanager
def opened(
    request: Request,
    selection: ActiveRules,
    parser: Parser,
    *,
    step: Step = lambda what: None,
    tell: Tell = lambda note: None,
) -> Iterator[Run]:
    """Gives what reviews one inbox after the other, for as long as the tree of the request is open; for the arguments
    and what is raised see run()."""
    with _tree(request, selection.settings.tree, tell) as tree, Parser(at_once=False) as tree_parser:
        yield Run(request, Reviewer(selection, parser, tree_parser, tree, deep=request.deep, step=step), tell)


class Run:
    """Reviews inboxes; what counts in the end is that of all."""

    def __init__(self, request: Request, reviewer: Reviewer, tell: Tell) -> None:
        """For the arguments see run()."""
        self.request = request
        self.kernel = reviewer.selection.settings.kernel
        self.fail_on = reviewer.selection.settings.fail_on
        self.tell = tell
        keeps_kernel = request.since is not None
        caged = CagedReviewer(reviewer, request.budget, keeps_kernel=keeps_kernel) if request.caged else None
        self.caged = caged
        self.reviewer: Reviewer | CagedReviewer = caged or reviewer

    def reviews(self, inbox: Inbox) -> Iterator[Review]:
        """The reviews of an inbox, each when it is done; the notes of a review are told before it is given. Raises as
        run() does."""
        for why in inbox.errors:
            self.tell(Note(NoteKind.TROUBLE, str(why)))
        if self.caged is not None:
            self.caged.begin(inbox)
        for review in self._answered(self._judged(inbox), inbox):
            for trouble in troubles(review):
                self.tell(trouble)
            yield review

    def _judged(self, inbox: Inbox) -> Iterable[Review]:
        request = self.request
        pairs = self.reviewer.reviews(_select(inbox, request), self.kernel, each_patch=request.each_patch)
        if request.since is None:
            return (review for review, _ in pairs)
        from kfunclint.pipeline.since import EarlierVersion  # most reviews are of a series alone

        return EarlierVersion(request.since, inbox, self.reviewer.review, self.tell).compare(list(pairs))

    def _answered(self, reviews: Iterable[Review], inbox: Inbox) -> Iterable[Review]:
        """The reviews without what was said before, and with the fixes that are asked for."""
        if inbox.replies:
            from kfunclint.discussion import said_before  # most reviews have no replies

            reviews = said_before.withhold_answered(reviews, inbox)
        fixes = self.request.fixes
        if fixes is None:
            return reviews
        return [replace(review, mending=self.reviewer.mend(review, fixes)) for review in list(reviews)]


class Reviewer:
    """Reviews one series after the other, with the same settings, parser and tree."""

    def __init__(
        self,
        selection: ActiveRules,
        parser: Parser,
        tree_parser: Parser,
        tree: Tree | None,
        *,
        deep: bool,
        step: Step,
    ) -> None:
        """`tree_parser` is one that reads files of the tree for what is done in children; for the others see run()."""
        self.selection = selection
        self.parser = parser
        self.tree_parser = tree_parser
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

    def reviews(
        self, series: Iterable[Series], kernel: str | Kernel | None, *, each_patch: bool = False
    ) -> Iterator[tuple[Review, Kernel]]:
        """What review() gives of each series, in order."""
        return (self.review(one, kernel, each_patch=each_patch) for one in series)

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


def _select(inbox: Inbox, request: Request) -> Iterator[Series]:
    version = request.version
    chosen = select_series(inbox, version if isinstance(version, int) else None, version == "all")
    return (series for series in chosen if not request.only_kfuncs or touches_kfunc(series))


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
