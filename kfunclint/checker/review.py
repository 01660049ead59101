"""From a series to findings: runs the rules over the facts and keeps what the series itself brought."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from kfunclint.checker.changed import ChangedRegions
from kfunclint.checker.context import C, FactBuilder, c_files
from kfunclint.checker.lines import LineIndex
from kfunclint.checker.old_faults import without_old
from kfunclint.checker.removals import regressions
from kfunclint.checker.result import Review, TreeState
from kfunclint.checker.runner import Precedent, RuleRunner, crowded, not_followed
from kfunclint.clang import Parser
from kfunclint.errors import InputError
from kfunclint.finding import Finding
from kfunclint.kernel.evidence import evidence
from kfunclint.kernel.kernel import Kernel
from kfunclint.kernel.prerequisites import builds_on
from kfunclint.kernel.target import Sent, TreeFit, target
from kfunclint.kernel.vocabulary import Vocabulary
from kfunclint.mail.message import Mail, Series
from kfunclint.patch import postimage
from kfunclint.patch.diff import Patch, parse_patch
from kfunclint.patch.postimage import Base, PostImage
from kfunclint.progress import Step
from kfunclint.rule.functions import FunctionTable
from kfunclint.rule.rule import Rule
from kfunclint.value import replace

if TYPE_CHECKING:
    from kfunclint.tree.tree import Tree

_DEFINED = re.compile(r"\s*#\s*define\s+(KF_\w+)", re.ASCII)


def review(
    series: Series,
    rules: Sequence[Rule[Any]],
    parser: Parser,
    kernel: str | Kernel | None = None,
    *,
    functions: tuple[FunctionTable, ...] = (),
    tree: Tree | None = None,
    each_patch: bool = False,
    deep: bool = False,
    step: Step = lambda what: None,
) -> Review:
    """Review one series; `kernel` is the release to judge it for, if the user named one, or the kernel that another
    version was judged for, `functions` are rows beside those of kfunclint, `tree` is a kernel tree.

    It is judged at its end. `each_patch` adds what is wrong behind one patch and repaired by a later one; `deep` reads
    the types of kfuncs from the headers of the tree; `step` is told what is being done. Raises ValueError for a release
    that is none; a mail that cannot be reviewed ends up in `unreadable`.
    """
    applied = AppliedSeries(series, kernel, tree=tree, step=step)
    return judge(applied, rules, parser, functions=functions, each_patch=each_patch, deep=deep, step=step)


class AppliedSeries:
    """A series, its post-images and the kernel that they are judged for: all that is known of it before C is read.

    `unreadable` are its mails that cannot be reviewed, a cover letter without patches among them; `skipped` says of
    files that are not from the tree, or not looked at, why not; `unchecked` are those of the second kind that may have
    kfuncs.
    """

    def __init__(
        self,
        series: Series,
        kernel: str | Kernel | None,
        *,
        tree: Tree | None = None,
        step: Step = lambda what: None,
    ) -> None:
        """Apply a series; for the arguments, and what is raised, see review()."""
        errors: list[InputError] = []
        self.series = series
        self.patches = tuple(_read_patches(series.patches, errors))
        self.cover = next(_read_patches([series.cover] if series.cover else [], errors), None)
        if series.cover and not series.patches:
            at = series.cover.source
            errors.append(InputError(at.file, at.line, "a cover letter alone, its patches are not in the input"))
        self.unreadable = tuple(errors)
        step("looking for the base of the series")
        base = _base(tree, series, self.patches)
        self._apply_to(base)
        aimed = _target(self.patches, kernel, _fit(base, self.patches, self.sources) if base else None)
        if base is not None and aimed.tree is None:
            self._apply_to(None)
        elif base is not None and not base.used:
            aimed = _target(self.patches, kernel, None)
        self.kernel = replace(aimed, series_flags=_defined_flags(self.sources), builds_on=builds_on(series))

    def _apply_to(self, base: Base | None) -> None:
        """Make the post-images, with what a state of a tree has, or of the hunks alone."""
        self.base = base if base is not None and base.used else None
        unapplied = base.unapplied if base is not None else {}
        self.skipped = {path: f"all but what its hunks show: {why}" for path, why in unapplied.items()}
        images = postimage.apply_series(self.patches, self.base)
        self.sources = c_files(images, self.skipped)
        self.unchecked = frozenset(_large_with_kfuncs(images, self.sources))


def judge(
    applied: AppliedSeries,
    rules: Sequence[Rule[Any]],
    parser: Parser,
    *,
    functions: tuple[FunctionTable, ...] = (),
    each_patch: bool = False,
    deep: bool = False,
    step: Step = lambda what: None,
) -> Review:
    """Review a series that is applied; see review()."""
    patches, cover, sources, base = applied.patches, applied.cover, applied.sources, applied.base
    touched = ChangedRegions(patches, base)
    context = FactBuilder(base, parser, touched, applied.kernel, functions, deep=deep, step=step)
    facts, unparsed = context.facts(sources, patches, cover)
    run = RuleRunner(rules, applied.kernel, LineIndex(patches, cover, sources), _precedent(base, sources, parser, step))
    run.run_over(touched.filter(facts))
    unfollowed = crowded(facts) | (not_followed(facts, run.lines) if any(rule.needs_body for rule in rules) else {})
    is_needed = each_patch or run.suspects or run.findings
    before = c_files(postimage.pre_images(patches, base)) if is_needed else ()
    facts_before = cache(lambda: context.facts(before)[0])
    new_findings = partial(without_old, before=before, facts_of=facts_before)
    run.findings = new_findings(run)
    for suspect, removed in regressions(run.suspects, patches, before, facts_before, run.kernel):
        run.attribute(suspect, removed)
    repaired = _repaired_findings(patches, base, run, context, new_findings) if each_patch else ()
    return Review(
        series=applied.series,
        patches=patches,
        cover=cover,
        sources=sources,
        lines=run.lines,
        base=TreeState(base.name, base.why) if base else None,
        kernel=applied.kernel.target,
        findings=in_order([*run.findings, *repaired]),
        skipped=applied.skipped | run.skipped | unparsed | unfollowed,
        failures=run.failures,
        unreadable=applied.unreadable,
        rules=tuple(rule.description for rule in rules),
        unchecked=frozenset({*applied.unchecked, *run.unchecked, *_changed(sources, unparsed), *unfollowed}),
    )


def _changed(sources: Iterable[PostImage], paths: Collection[str]) -> Iterator[str]:
    """Those of the paths that are files of which the series adds a line."""
    return (
        source.path
        for source in sources
        if source.path in paths and any(line.added for visible in source.ranges for line in visible.lines)
    )


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings in the order of patch, mail line and rule."""
    return tuple(
        sorted(
            findings,
            key=lambda finding: (finding.origin.patch, finding.origin.mail_line, finding.at.column, finding.rule),
        )
    )


def _repaired_findings(
    patches: Sequence[Patch],
    base: Base | None,
    last: RuleRunner,
    context: FactBuilder,
    new_findings: Callable[[RuleRunner], list[Finding]],
) -> Iterator[Finding]:
    """What is wrong behind a patch and not any more behind a later one, which the finding names."""
    unrepaired: dict[str, Finding] = {}
    for count, patch in enumerate(patches, 1):
        findings = {finding.key: finding for finding in last.findings}
        if count < len(patches):
            sources = c_files(postimage.apply_series(patches, base, count))
            run = RuleRunner(last.rules, last.kernel, LineIndex(patches[:count], None, sources), last.precedent)
            run.run_over(context.facts(sources)[0])
            findings = {finding.key: finding for finding in new_findings(run)}
        for key in [key for key in unrepaired if key not in findings]:
            yield replace(unrepaired.pop(key), repaired_by=patch.mail.subject.number)
        unrepaired |= {key: finding for key, finding in findings.items() if key not in unrepaired}


def _base(tree: Tree | None, series: Series, patches: Sequence[Patch]) -> Base | None:
    """The state of the tree to take files from, if any."""
    if tree is None:
        return None
    from kfunclint.patch.base import find_base  # git and all that: most reviews have no tree

    return find_base(tree, series, patches)


def _precedent(base: Base | None, sources: Sequence[PostImage], parser: Parser, step: Step) -> Precedent:
    """What finds out who makes a test in the tree; it is asked for findings only, and most reviews have no tree."""
    if base is None:
        return lambda missing, fact: ()
    from kfunclint.index.usage import Precedents

    return Precedents(base.tree, parser, sources, step)


def _vocabulary(base: Base, sources: Sequence[PostImage]) -> Vocabulary:
    """What the tree says, as the series leaves it."""
    from kfunclint.tree.tree import text  # most reviews have no tree

    images = {image.path: image for image in sources if image.whole}

    def read(path: str) -> str | None:
        if path in images:
            return "".join(part.text for part in images[path].ranges)
        try:
            return text(base.tree, path)
        except InputError:
            return None

    return Vocabulary(read)


def _read_patches(mails: Iterable[Mail], errors: list[InputError]) -> Iterator[Patch]:
    for mail in mails:
        try:
            yield parse_patch(mail)
        except InputError as error:
            errors.append(error)


def _fit(base: Base, patches: Sequence[Patch], sources: Sequence[PostImage]) -> TreeFit:
    """How the series fits into a state of the tree."""
    paths = {file.new_path or file.old_path or "" for patch in patches for file in patch.files}
    count = sum(path.endswith(C) for path in paths)
    unapplied = sum(path.endswith(C) for path in base.unapplied)
    apply = "does not apply" if unapplied == 1 else "do not apply"
    misfit = f"{unapplied} of {count} files {apply}" if unapplied else ""
    return TreeFit(_vocabulary(base, sources), misfit, is_shown=bool(base.files), is_base=base.is_named)


def _target(patches: Sequence[Patch], kernel: str | Kernel | None, fit: TreeFit | None) -> Kernel:
    """The kernel that the mails speak of, with their tags, dates and lines, or that a tree is of."""
    if isinstance(kernel, Kernel):
        return kernel
    tags = [tag for patch in patches for tag in patch.mail.subject.tags]
    dates = [patch.mail.headers.date for patch in patches]
    return target(kernel, Sent(tags, dates), evidence(patches), fit)


def _large_with_kfuncs(images: Iterable[PostImage], sources: Iterable[PostImage]) -> Iterator[str]:
    """The C files that were left out of `sources` and in which the series names what makes a kfunc."""
    kept = {source.path for source in sources}
    for image in images:
        if image.path.endswith(C) and image.path not in kept:
            lines = (line for visible in image.ranges for line in visible.lines if line.added)
            if any("__bpf_kfunc" in line.text or "BTF_ID" in line.text for line in lines):
                yield image.path


def _defined_flags(sources: Iterable[PostImage]) -> frozenset[str]:
    """The flags that the series itself defines."""
    return frozenset(
        match[1]
        for file in sources
        for visible in file.ranges
        for line in visible.lines
        if line.added and (match := _DEFINED.match(line.text))
    )
