"""Reviews that end, whatever a mail brings: in children, with limits for each series and one budget for all."""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from kfunclint.checker.lines import LineIndex
from kfunclint.checker.result import Review
from kfunclint.kernel.kernel import Kernel, kernel_of_release
from kfunclint.kernel.release import releases
from kfunclint.kernel.target import check_request
from kfunclint.mail.inbox import read_inbox
from kfunclint.mail.message import Inbox, Series
from kfunclint.pipeline.cage import NOT_UNDERSTOOD, Ask, Batch, Cage, Limits, Stopped
from kfunclint.value import replace

if TYPE_CHECKING:
    from kfunclint.checker.mending import Mending
    from kfunclint.clang import Parser
    from kfunclint.pipeline.request import Fixes
    from kfunclint.progress import Step
    from kfunclint.tree.tree import Tree

_MIB = 1 << 20
_FEW = 2
_BATCH, _MOST_OF_A_BATCH = 64 << 10, 50
_SMALL = b"""\
Subject: [PATCH] x: add bpf_x()

Add the the kfunc bpf_y().
---
diff --git a/x.c b/x.c
--- /dev/null
+++ b/x.c
@@ -0,0 +1,12 @@
+/**
+ * bpf_x() - Give it's x
+ */
+__bpf_kfunc struct x *bpf_x(struct x *x)
+{
+	if (!x)
+		return NULL;
+	return x->x;
+}
+BTF_KFUNCS_START(x)
+BTF_ID_FLAGS(func, bpf_x, KF_ACQUIRE)
+BTF_KFUNCS_END(x)
"""
_SHARE = 0.5  # of the processor time, after which no more fixes are tried
_CHILD = 0.1  # seconds of all processors; a fifth of it where nothing else runs
_FINDINGS = 1000  # of a MiB of mail; people's mails have a tenth of it
_CPU_ALONE, _CPU_WITH_TREE, _CPU_DEEP = 20, 60, 120


class Reviewer(Protocol):
    """What reviews a series in the process that it is in; see pipeline.Reviewer."""

    parser: Parser
    tree_parser: Parser
    tree: Tree | None
    deep: bool
    step: Step

    def review(self, series: Series, kernel: str | Kernel | None, *, each_patch: bool = False) -> tuple[Review, Kernel]:
        """The review and the kernel it was judged for."""
        ...

    def mend(self, review: Review, fixes: Fixes, seconds: float) -> Mending:
        """What the fixes that hold make of a series."""
        ...


class Budget:
    """What is left for all series of an inbox: seconds of all processors, and findings."""

    def __init__(self, seconds: float | None) -> None:
        """`seconds` are for all inboxes; with None each has its own."""
        self.is_shared = seconds is not None
        self.seconds = seconds or 0.0
        self.findings = 0

    def begin(self, inbox: Inbox, cpu: float) -> None:
        """Give an inbox what it may have: for every MiB that is begun as much as one series may take, and what children
        cost that have next to nothing to do."""
        size = 1 + sum(map(_size, inbox.series)) // _MIB
        self.findings = _FINDINGS * size
        if not self.is_shared:
            self.seconds = cpu * size + _CHILD * len(inbox.series)


class CagedReviewer:
    """Reviews series one after the other, in children of this process."""

    def __init__(self, reviewer: Reviewer, seconds: float | None, *, keeps_kernel: bool) -> None:
        """`seconds` are the budget, None for the usual one; `keeps_kernel`: another version is to be judged for the
        kernel of a review, so all that its tree says of itself comes along."""
        self.reviewer = reviewer
        self.keeps_kernel = keeps_kernel
        self.cpu = _CPU_DEEP if reviewer.deep else _CPU_WITH_TREE if reviewer.tree else _CPU_ALONE
        self.budget = Budget(seconds)
        self.is_loaded = False

    def begin(self, inbox: Inbox) -> None:
        """Make ready for the series of an inbox."""
        self.budget.begin(inbox, self.cpu)
        if len(inbox.series) > _FEW and not self.is_loaded:
            self._load()
            self.is_loaded = True

    def _load(self) -> None:
        """Load here, once, what a review loads late: else every child does so anew."""
        from kfunclint.clang import confine  # noqa: F401

        reviewer = self.reviewer
        tree, step, reviewer.tree, reviewer.step = reviewer.tree, reviewer.step, None, lambda what: None
        for series in read_inbox([_SMALL]).series:
            reviewer.review(series, None)
        reviewer.tree, reviewer.step = tree, step

    def review(self, series: Series, kernel: str | Kernel | None, *, each_patch: bool = False) -> tuple[Review, Kernel]:
        """See Reviewer; of a series that comes to no end, a review that says so. Raises ValueError for a release that
        is none."""
        (answer,) = self.reviews([series], kernel, each_patch=each_patch)
        return answer

    def reviews(
        self, series: Iterable[Series], kernel: str | Kernel | None, *, each_patch: bool = False
    ) -> Iterator[tuple[Review, Kernel]]:
        """What review() gives of each series, in order; small ones share a child."""
        if isinstance(kernel, str):
            check_request(kernel)
        for few in _batches(series):
            works = [partial(self._review, one, kernel, each_patch) for one in few]
            with contextlib.closing(Batch(self._cage(), works)) as batch:
                for one in few:
                    yield self._judged(one, batch)

    def _review(self, series: Series, kernel: str | Kernel | None, each_patch: bool, ask: Ask) -> tuple[Review, Kernel]:
        """In the child: the answer for a series."""
        self._reach_out(ask)
        review, judged_for = self.reviewer.review(series, kernel, each_patch=each_patch)
        return review, judged_for if self.keeps_kernel else replace(judged_for, tree=None)

    def _judged(self, series: Series, batch: Batch) -> tuple[Review, Kernel]:
        try:
            answer = self._done(batch)
            if not isinstance(answer, tuple) or [type(part) for part in answer] != [Review, Kernel]:
                raise Stopped(NOT_UNDERSTOOD)
        except Stopped as why:
            batch.close()  # a child that says what it must not is not asked again
            return _not_reviewed(series, str(why))
        review, judged_for = answer
        # what people said is looked up by the mails themselves, not by copies of them
        return self._bounded(replace(review, series=series)), judged_for

    def mend(self, review: Review, fixes: Fixes) -> Mending:
        """See Reviewer; of a series on which that comes to no end, one that says so."""
        from kfunclint.checker.mending import Mending  # most reviews are not mended

        def work(ask: Ask) -> Mending:
            self._reach_out(ask)
            return self.reviewer.mend(review, fixes, self._cpu_left() * _SHARE)

        try:
            with contextlib.closing(Batch(self._cage(), [work])) as batch:
                mending = self._done(batch)
            if not isinstance(mending, Mending):
                raise Stopped(NOT_UNDERSTOOD)
        except Stopped as why:
            return Mending(stopped=str(why))
        return mending

    def _done(self, batch: Batch) -> Any:
        """What the next piece of work of a batch gives, for which the budget of the run pays. Raises Stopped."""
        cpu = self._cpu_left()
        if cpu <= 0:
            raise Stopped("the budget of the run is spent")
        before = self._cpu_seconds(batch)
        try:
            return batch.next(Limits(cpu, 3 * self.cpu + 30))
        finally:
            self.budget.seconds -= max(0.0, self._cpu_seconds(batch) - before)

    def _cpu_left(self) -> float:
        """The seconds of all processors that the next piece of work may take."""
        return min(self.cpu, self.budget.seconds)

    def _cage(self) -> Cage:
        tree = self.reviewer.tree
        return Cage(
            self.reviewer.parser,
            folders=(str(tree.root),) if tree and tree.root else (),
            open_files=tree.open_files if tree else (),
            services=_services(tree, self.reviewer.tree_parser) if tree else {},
            servants=(self.reviewer.tree_parser,),
            step=self.reviewer.step,
        )

    def _reach_out(self, ask: Ask) -> None:
        """In the child: have done elsewhere what it may not do."""
        self.reviewer.step = lambda what: ask("step", what)
        tree = self.reviewer.tree
        if tree is None:
            return
        from kfunclint.git.remote import RemoteRepository
        from kfunclint.index import index
        from kfunclint.tree.tree import GitTree

        index.asked_elsewhere(ask)
        if isinstance(tree, GitTree):
            self.reviewer.tree = GitTree(RemoteRepository(tree.repository.folder, ask), tree.commit)

    def _bounded(self, review: Review) -> Review:
        """The review with as many findings as are left of all that a run may have."""
        left, count = self.budget.findings, len(review.findings)
        self.budget.findings = max(0, left - count)
        if count <= left:
            return review
        name = _name(review.series)
        return replace(
            review,
            findings=review.findings[:left],
            skipped={**review.skipped, name: f"{left} of its {count} findings are said"},
            unchecked=review.unchecked | {name},
        )

    def _cpu_seconds(self, batch: Batch) -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        parsers = self.reviewer.parser.cpu_seconds() + self.reviewer.tree_parser.cpu_seconds()
        return used.ru_utime + used.ru_stime + batch.cpu_seconds() + parsers


def _batches(series: Iterable[Series]) -> Iterator[list[Series]]:
    """The series, as many together as may share a child."""
    few: list[Series] = []
    size = 0
    for one in series:
        more = _size(one)
        if few and (len(few) == _MOST_OF_A_BATCH or size + more > _BATCH):
            yield few
            few, size = [], 0
        few.append(one)
        size += more
    if few:
        yield few


def _size(series: Series) -> int:
    """The characters of its mails."""
    return sum(len(mail.body) for mail in (series.cover, *series.patches) if mail)


def _services(tree: Tree, parser: Parser) -> Mapping[str, Callable[..., Any]]:
    from kfunclint.git import remote
    from kfunclint.index import index
    from kfunclint.tree.tree import GitTree

    of_git = remote.services(tree.repository) if isinstance(tree, GitTree) else {}
    return {**index.services(tree, parser), **of_git}


def _name(series: Series | None) -> str:
    """What a series is called in a line: the subject of its first mail, or its file."""
    assert series is not None
    first = series.cover or series.patches[0]
    return first.subject.text or first.source.file


def _not_reviewed(series: Series, why: str) -> tuple[Review, Kernel]:
    """The review of a series that came to no end."""
    kernel = kernel_of_release(releases()[-1][1], "nothing was judged")
    name = _name(series)
    review = Review(
        series=series,
        patches=(),
        cover=None,
        sources=(),
        lines=LineIndex((), None, ()),
        base=None,
        kernel=kernel.target,
        findings=(),
        skipped={name: f"not reviewed: {why}"},
        failures={},
        unreadable=(),
        rules=(),
        unchecked=frozenset({name}),
    )
    return review, kernel
