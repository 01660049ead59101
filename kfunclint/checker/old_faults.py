"""What was wrong before the series, too: that is nobody's fault who moves the line, or changes something else of it.

The files as they were before the series are judged as well, and a finding that they have is taken back: on a line that
the series takes away, in code that it moves within a file or to another one, in an old comment above a new prototype.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import NamedTuple

from kfunclint.checker.lines import LineIndex
from kfunclint.checker.removals import Candidate
from kfunclint.checker.runner import RuleRunner
from kfunclint.facts.facts import Facts
from kfunclint.finding import Finding, Origin, Place
from kfunclint.patch.postimage import PostImage


class _Fault(NamedTuple):
    """What a fault is known again by; `text` is its line, blanks apart."""

    rule: str
    function: str | None
    path: str | None
    message: str
    text: str


class _AnyLine(LineIndex):
    """The lines in view, each as good as a new one."""

    def origin(self, at: Place) -> Origin | None:
        return Origin(0, "", 0) if at.path is not None and self.text(at).strip() else None


def without_old(run: RuleRunner, before: Sequence[PostImage], facts_of: Callable[[], Facts]) -> list[Finding]:
    """The findings of a run that the files did not have before the series, in their order.

    `before` are the pre-images, in which a line's patch is the one that takes it away; `facts_of` makes their facts,
    which costs as much as those of the series, so it is called only if a finding is about what they show.
    """
    doubtful = _doubtful(run.findings, before)
    if not doubtful:
        return list(run.findings)
    faults = _faults_of(before, facts_of(), run, {finding.rule for finding in doubtful})
    standing = Counter(_fault_of_suspect(suspect, run.lines) for suspect in run.suspects)
    old = _matched(doubtful, _without(faults, standing))
    return [finding for finding in run.findings if id(finding) not in old]


def _doubtful(findings: Iterable[Finding], before: Sequence[PostImage]) -> list[Finding]:
    """The findings in files that lose lines, or about a function or a line that some file loses."""
    removed = {source.path: _removed_lines(source) for source in before}
    losing = {path for path, lines in removed.items() if lines}
    texts = {_spaced(line) for lines in removed.values() for line in lines}
    names = "\n".join(texts)
    return [
        finding
        for finding in findings
        if finding.at.path is not None
        and (
            finding.at.path in losing
            or _spaced(finding.quoted) in texts
            or (finding.function is not None and finding.function in names)
        )
    ]


def _removed_lines(source: PostImage) -> list[str]:
    return [line.text for visible in source.ranges for line in visible.lines if line.added]


def _faults_of(before: Sequence[PostImage], facts: Facts, run: RuleRunner, rules: set[str]) -> list[_Fault]:
    """What these rules say of the files before the series: of a kfunc anywhere, else on lines that are taken away."""
    lines = LineIndex((), None, before)
    judge = RuleRunner([rule for rule in run.rules if rule.id in rules], run.kernel, _AnyLine((), None, before))
    judge.run_over(facts)
    sources = {source.path: source for source in before}
    return [
        _fault(finding, lines)
        for finding in judge.findings
        if finding.function is not None or _is_taken_away(sources, finding.at)
    ]


def _is_taken_away(sources: dict[str, PostImage], at: Place) -> bool:
    return at.path in sources and sources[at.path].is_added(at.line)


def _fault(finding: Finding, lines: LineIndex) -> _Fault:
    return _Fault(finding.rule, finding.function, finding.at.path, finding.message, _spaced(lines.text(finding.at)))


def _fault_of_suspect(suspect: Candidate, lines: LineIndex) -> _Fault:
    remark = suspect.remark
    text = _spaced(lines.text(remark.at))
    return _Fault(suspect.rule.id, suspect.fact.function, remark.at.path, remark.message, text)


def _without(faults: Iterable[_Fault], standing: Counter[_Fault]) -> list[_Fault]:
    """The faults without those that stand where they stood."""
    gone = []
    for fault in faults:
        if standing[fault]:
            standing[fault] -= 1
        else:
            gone.append(fault)
    return gone


def _spaced(text: str) -> str:
    return " ".join(text.split())


# By what a fault is known again, the most certain first.


def _by_text(fault: _Fault) -> Hashable:
    return fault.rule, fault.function, fault.message, fault.text


def _by_message(fault: _Fault) -> Hashable:
    return fault.rule, fault.function, fault.message, None if fault.function else fault.path


def _by_line(fault: _Fault) -> Hashable:
    return (fault.rule, fault.function, None if fault.function else fault.path, fault.text) if fault.text else None


def _by_another_name(fault: _Fault) -> Hashable:
    name = fault.function
    return (fault.rule, fault.message.replace(name, "\0"), fault.text.replace(name, "\0")) if name else None


_KEYS: tuple[Callable[[_Fault], Hashable], ...] = (_by_text, _by_message, _by_line, _by_another_name)


def _matched(findings: Iterable[Finding], faults: Iterable[_Fault]) -> set[int]:
    """The findings, by their id(), that are old faults: one to one."""
    new = [(id(one), _Fault(one.rule, one.function, one.at.path, one.message, _spaced(one.quoted))) for one in findings]
    old, matched = list(faults), set[int]()
    for key_of in _KEYS:
        open_old: dict[Hashable, list[_Fault]] = {}
        for fault in old:
            open_old.setdefault(key_of(fault), []).append(fault)
        for number, fault in new:
            key = key_of(fault)
            if key is not None and number not in matched and open_old.get(key):
                old.remove(open_old[key].pop())
                matched.add(number)
    return matched
