"""From a series to findings: runs the rules over the facts and keeps what the series itself brought."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from kfunclint import kernel as kernel_
from kfunclint import patch as patches_
from kfunclint import source
from kfunclint.clang import Parser
from kfunclint.errors import Unreviewable
from kfunclint.facts import Fact, Facts, Kfunc
from kfunclint.finding import Finding, Origin, Reason, Remark
from kfunclint.gather import gather
from kfunclint.kernel import Kernel, Vocabulary
from kfunclint.locate import Lines, key
from kfunclint.mail import Mail, Series
from kfunclint.patch import Patch
from kfunclint.progress import Step
from kfunclint.removal import Removed, Suspect, accused
from kfunclint.rule import Rule
from kfunclint.scan import Scan, scan
from kfunclint.source import Base, Source
from kfunclint.syntax import Unit
from kfunclint.touched import Touched

if TYPE_CHECKING:
    from kfunclint.tree import Tree

_C = (".c", ".h")
_DEFINED = re.compile(r"\s*#\s*define\s+(KF_\w+)", re.ASCII)
_LARGEST_FILE = 2 << 20  # characters in view; the largest C file that people wrote for the kernel has half of it
_MOST_TEXT = 8 << 20
_MOST_STOPS = 4  # each may have taken all the time that a parse is given
_MOST_REMARKS = 1000  # of one rule: nobody reads more, and a hostile mail brings any number
_FLAG = re.compile(r"\bKF_[A-Z0-9_]+")


@dataclass(frozen=True, slots=True)
class Review:
    """Everything a report may use.

    `series` is None where a whole kernel tree was reviewed, and `tree` names that. `sources` are the C files as they
    were judged, `base` the state of a kernel tree from which whole ones were taken. `findings` are in the order of
    patch, mail line and rule; of a tree they have the number of the source for a patch. `skipped` says for what was not
    looked at why not: a rule's id or a file's path, and the reason. `failures` has the traceback of every rule that
    raised, by its id; `refused` the mails that could not be read; `rules` those that were to run.
    """

    series: Series | None
    patches: tuple[Patch, ...]
    cover: Patch | None
    sources: tuple[Source, ...]
    base: Base | None
    kernel: Kernel
    findings: tuple[Finding, ...]
    skipped: Mapping[str, str]
    failures: Mapping[str, str]
    refused: tuple[Unreviewable, ...]
    rules: tuple[Rule[Any], ...]
    tree: str = ""


def review(
    series: Series,
    rules: Sequence[Rule[Any]],
    parser: Parser,
    asked: str | None = None,
    *,
    tree: Tree | None = None,
    each_patch: bool = False,
    deep: bool = False,
    step: Step = lambda what: None,
) -> Review:
    """Review one series; `asked` is the release to judge it for, if the user named one, `tree` a kernel tree.

    It is judged at its end. `each_patch` adds what is wrong behind one patch and repaired by a later one; `deep` reads
    the types of kfuncs from the headers of the tree; `step` is told what is being done. Raises ValueError for a release
    that is none; a mail that cannot be reviewed ends up in `refused`.
    """
    refused: list[Unreviewable] = []
    patches = tuple(_parsed(series.patches, refused))
    cover = next(_parsed([series.cover] if series.cover else [], refused), None)
    step("looking for the base of the series")
    base, skipped = _base(tree, series, patches)
    sources = _of_c(source.build(patches, base), skipped)
    kernel = replace(_target(patches, asked, _vocabulary(base, sources) if base else None), own=_own_flags(sources))
    touched = Touched(patches, base)
    context = _Context(base, parser, deep, touched, step)
    facts, unparsed = context.facts(sources, patches, cover)
    run = Run(rules, kernel, Lines(patches, cover, sources))
    run.over(touched.of(facts))
    before = _of_c(source.before(patches, base)) if run.suspects else ()
    for suspect, removed in accused(run.suspects, patches, before, lambda old: context.facts(old)[0], kernel):
        run.accuse(suspect, removed)
    findings = [*run.findings, *(_repaired(patches, base, run, context) if each_patch else ())]
    return Review(
        series=series,
        patches=patches,
        cover=cover,
        sources=sources,
        base=base,
        kernel=kernel,
        findings=in_order(findings),
        skipped=skipped | run.skipped | unparsed,
        failures=run.failures,
        refused=tuple(refused),
        rules=tuple(rules),
    )


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings in the order of patch, mail line and rule."""
    return tuple(sorted(findings, key=lambda one: (one.origin.patch, one.origin.mail_line, one.at.column, one.rule)))


def _repaired(patches: Sequence[Patch], base: Base | None, last: Run, context: _Context) -> Iterator[Finding]:
    """What is wrong behind a patch and not any more behind a later one, which the finding names."""
    open_: dict[str, Finding] = {}
    for count, patch in enumerate(patches, 1):
        now = {found.key: found for found in last.findings}
        if count < len(patches):
            sources = _of_c(source.build(patches, base, count))
            run = Run(last.rules, last.kernel, Lines(patches[:count], None, sources))
            run.over(context.facts(sources)[0])
            now = {found.key: found for found in run.findings}
        for key_ in [known for known in open_ if known not in now]:
            yield replace(open_.pop(key_), repaired_by=patch.mail.number)
        open_ |= {key_: found for key_, found in now.items() if key_ not in open_}


def _of_c(sources: Iterable[Source], skipped: dict[str, str] | None = None) -> tuple[Source, ...]:
    """The C files, as far as they are not too large to be looked at; what is left out goes to `skipped`."""
    found, left = [], _MOST_TEXT
    for one in sources:
        size = sum(len(line.text) + 1 for stretch in one.stretches for line in stretch.lines)
        if not one.path.endswith(_C):
            continue
        if size <= min(left, _LARGEST_FILE):
            left -= size
            found.append(one)
        elif skipped is not None:
            skipped[one.path] = "not looked at: the file, or all files together, are too large"
    return tuple(found)


class _Context:
    """Makes facts of files, with what the tree has of their kfuncs in other ones."""

    def __init__(self, base: Base | None, parser: Parser, deep: bool, touched: Touched, step: Step) -> None:
        """`deep`: read the real types of all whole files, not only where a rule cannot do without."""
        self.touched = touched
        self.base = base
        self.parser = parser
        self.deep = deep
        self.step = step

    def facts(
        self, sources: Sequence[Source], patches: Iterable[Patch] = (), cover: Patch | None = None
    ) -> tuple[Facts, dict[str, str]]:
        """The facts of files and messages, and why which files could not be parsed."""
        patches = tuple(patches)
        parse = partial(self._parsed, series=sources)
        found, unparsed = facts_of(sources, parse, patches, cover)
        if self.base is not None and (more := self._more(found, sources)):
            found, unparsed = facts_of((*sources, *more), parse, patches, cover)
        return self._with_released(found), unparsed

    def _with_released(self, found: Facts) -> Facts:
        """The facts with what the kfuncs of the tree release, if something of the series is not released by its own."""
        open_ = self.touched.of(found).acquired - found.released
        if self.base is None or not open_:
            return found
        from kfunclint.index import released  # reads a whole tree

        try:
            return with_released(found, found.released | released(self.base.tree, self.step))
        except (Unreviewable, OSError):
            return found

    def _parsed(self, file: Source, names: Collection[str], series: Sequence[Source]) -> Unit:
        self.step(f"parsing {file.path}")
        unit = self.parser.parse(file, names=names)
        if self.base is None or not file.whole or not (self.deep or wants_types(file)):
            return unit
        return self.parser.with_types(unit, file, self.base.tree, series)

    def _more(self, found: Facts, sources: Sequence[Source]) -> list[Source]:
        """The files that register or define what the series touches in these."""
        defined = {kfunc.name for kfunc in found.kfuncs}
        wanted = {kfunc.name for kfunc in found.kfuncs if not kfunc.entries and self.touched.holds(kfunc)}
        wanted |= {entry.name for entry in found.entries if entry.name not in defined and self.touched.holds(entry)}
        if not wanted or self.base is None:
            return []
        from kfunclint.index import related  # reads a whole tree

        try:
            return related(self.base.tree, wanted, {source.path for source in sources}, self.step)
        except (Unreviewable, OSError):
            return []


def with_released(facts: Facts, released: frozenset[str]) -> Facts:
    """The facts of a kernel whose kfuncs release these structs, and no others."""
    return replace(facts, kfuncs=tuple(replace(kfunc, released=released) for kfunc in facts.kfuncs))


def wants_types(file: Source) -> bool:
    """Does a new line need real types: the constructor of an iterator, whose state must have a certain size?"""
    return any("KF_ITER_NEW" in line.text for stretch in file.stretches for line in stretch.lines if line.added)


def facts_of(
    sources: Sequence[Source],
    parse: Callable[[Source, Collection[str]], Unit],
    patches: Iterable[Patch] = (),
    cover: Patch | None = None,
) -> tuple[Facts, dict[str, str]]:
    """The facts of files and messages alone, and why which files could not be parsed.

    `parse` is given a file and the names of all functions that are registered somewhere.
    """
    scans = scan(sources)
    registered = {entry.name for found in scans for entry in found.entries}
    units: dict[str, Unit] = {}
    stopped = 0
    for found in _worth_parsing(sources, scans):
        if stopped >= _MOST_STOPS:
            units[found.path] = Unit(found.path, failure="not parsed: the parser stopped too often")
            continue
        units[found.path] = parse(found, registered)
        stopped += (units[found.path].failure or "").startswith("parser stopped")
    unparsed = {path: unit.failure for path, unit in units.items() if unit.failure}
    return gather(patches, cover, sources, scans, units), unparsed


def _base(tree: Tree | None, series: Series, patches: Sequence[Patch]) -> tuple[Base | None, dict[str, str]]:
    """The state of the tree to take files from, if any, and why which files are not taken from it."""
    if tree is None:
        return None, {}
    from kfunclint.base import choose  # git and all that: most reviews have no tree

    base = choose(tree, series, patches)
    fallen = {path: f"all but what its hunks show: {why}" for path, why in base.fallen.items()}
    return base if base.used else None, fallen


def _vocabulary(base: Base, sources: Sequence[Source]) -> Vocabulary:
    """What the tree says, as the series leaves it."""
    images = {found.path: found for found in sources if found.whole}

    def read(path: str) -> str | None:
        if path in images:
            return "".join(part.text for part in images[path].stretches)
        try:
            data = base.tree.read(path)
        except Unreviewable:
            return None
        return None if data is None else data.decode("utf-8", "replace")

    return Vocabulary(read)


def _parsed(mails: Iterable[Mail], refused: list[Unreviewable]) -> Iterator[Patch]:
    for mail in mails:
        try:
            yield patches_.parse(mail)
        except Unreviewable as why:
            refused.append(why)


def _worth_parsing(sources: Sequence[Source], scans: Sequence[Scan]) -> Iterator[Source]:
    """The files that may define a kfunc: most files of a series do not, and parsing costs the most."""
    registered = {entry.name for found in scans for entry in found.entries}
    for file, scanned in zip(sources, scans, strict=True):
        headings = (part.heading for part in file.stretches)
        if any("__bpf_kfunc" in heading for heading in headings) or any(
            token.text == "__bpf_kfunc" or (token.text in registered and following.text == "(")
            for tokens in scanned.tokens
            for token, following in pairwise(tokens)
        ):
            yield file


def _target(patches: Sequence[Patch], asked: str | None, tree: Vocabulary | None) -> Kernel:
    """The kernel that the mails speak of: their tags and dates, and the flags in lines that they found there."""
    return kernel_.target(
        asked=asked,
        tags=[tag for patch in patches for tag in patch.mail.tags],
        dates=[patch.mail.date for patch in patches],
        context_flags={
            flag
            for patch in patches
            for file in patch.files
            for hunk in file.hunks
            for line in hunk.lines
            if line.sign != "+"
            for flag in _FLAG.findall(line.text)
        },
        tree=tree,
    )


def _own_flags(sources: Iterable[Source]) -> frozenset[str]:
    """The flags that the series itself defines."""
    return frozenset(
        match[1]
        for file in sources
        for stretch in file.stretches
        for line in stretch.lines
        if line.added and (match := _DEFINED.match(line.text))
    )


def _unknown(rule: Rule[Any], facts: Facts, lines: Lines) -> Iterator[tuple[str, str]]:
    """What a rule about bodies cannot say because only a part of a changed kfunc is in view."""
    if rule.needs_body and rule.over is Kfunc:
        names = [
            kfunc.name
            for kfunc in facts.kfuncs
            if kfunc.body is None and lines.any_added(kfunc.at.path, kfunc.at.line, kfunc.end_line)
        ]
        if names:
            yield rule.id, f"only a part is in view of {', '.join(f'{name}()' for name in names)}"


class Run:
    """Runs rules over facts: findings on lines that the series added, suspects on older ones.

    `skipped` and `failures` are those of a Review.
    """

    def __init__(self, rules: Iterable[Rule[Any]], kernel: Kernel, lines: Lines) -> None:
        self.rules = tuple(rules)
        self.kernel = kernel
        self.lines = lines
        self.findings: list[Finding] = []
        self.suspects: list[Suspect] = []
        self.skipped: dict[str, str] = {}
        self.failures: dict[str, str] = {}
        self._seen: set[tuple[object, ...]] = set()

    def over(self, facts: Facts) -> None:
        """Run the rules that hold for the kernel."""
        for rule in self.rules:
            if rule.holds_for(self.kernel):
                self.skipped.update(_unknown(rule, facts, self.lines))
                self._run(rule, facts)

    def _run(self, rule: Rule[Any], facts: Facts) -> None:
        """Run a rule; one that raises is kept as a failure, and what it found before counts for nothing."""
        remarks: list[tuple[Fact, Remark]] = []
        try:
            for fact in facts.of(rule.over):
                if not (rule.needs_body and isinstance(fact, Kfunc) and fact.body is None):
                    remarks += ((fact, remark) for remark in rule.check(fact, self.kernel))
                if len(remarks) > _MOST_REMARKS:
                    self.skipped[rule.id] = f"stopped after {_MOST_REMARKS} remarks"
                    break
        except Exception:  # a rule that fails must not cost the others their say
            self.failures[rule.id] = traceback.format_exc()
            return
        for fact, remark in remarks[:_MOST_REMARKS]:
            self._judge(rule, fact, remark)

    def accuse(self, suspect: Suspect, removed: Removed) -> None:
        """Make a finding of a suspect, at the line that was taken away."""
        remark = suspect.remark
        origin = self.lines.origin_in(removed.patch, removed.mail_line)
        if origin is not None:
            because = (Reason(remark.at, "here it is missed"), *remark.because)
            self._add(suspect.rule, suspect.fact, replace(remark, at=removed.at, because=because), origin, removed.text)

    def _judge(self, rule: Rule[Any], fact: Fact, remark: Remark) -> None:
        at = next((at for at in (remark.at, *remark.or_at) if self.lines.origin(at)), None)
        origin = self.lines.origin(at) if at else None
        if at is None or origin is None:
            self.suspects.append(Suspect(rule, fact, remark))
        else:
            self._add(rule, fact, replace(remark, at=at), origin, self.lines.text(at))

    def _add(self, rule: Rule[Any], fact: Fact, remark: Remark, origin: Origin, quoted: str) -> None:
        if (rule.id, remark.at, remark.message) in self._seen:
            return
        self._seen.add((rule.id, remark.at, remark.message))
        self.findings.append(
            Finding(
                rule=rule.id,
                level=rule.level_for(self.kernel),
                strict=rule.strict,
                at=remark.at,
                message=remark.message,
                because=remark.because,
                fix=remark.fix,
                diff=self.lines.diff(remark.fix) if remark.fix else "",
                see=rule.see,
                function=fact.function,
                quoted=quoted,
                origin=origin,
                key=key(rule.id, remark.at.path, fact.function, quoted),
            )
        )
