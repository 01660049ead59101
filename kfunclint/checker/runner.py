"""Runs rules over facts: findings on lines that the series added, suspects on older ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Set
from itertools import islice
from typing import Any

from kfunclint.checker.consequences import Consequences
from kfunclint.checker.lines import LineIndex, fingerprint
from kfunclint.checker.removals import Candidate, RemovedLine
from kfunclint.facts.docs import Prose
from kfunclint.facts.fact import Fact
from kfunclint.facts.facts import Facts
from kfunclint.facts.kfunc import MOST_ENTRIES, Kfunc, KfuncOfTest
from kfunclint.facts.sets import Entry
from kfunclint.finding import Finding, Missing, Origin, Place, Reason, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import Rule
from kfunclint.text import excerpt
from kfunclint.value import replace

Precedent = Callable[[Missing, Fact], tuple[Reason, ...]]
"""Gives who makes the test that a fact lacks, as far as that is worth saying."""

_MOST_REMARKS = 1000  # of one rule: nobody reads more, and a hostile mail brings any number
_MOST_OF_A_LINE = 20
_MOST_REASONS = 20


def _not_checked(rule: Rule[Any], facts: Facts, lines: LineIndex) -> Iterator[tuple[str, str]]:
    """What a rule about bodies cannot say of a changed kfunc: why its body is not known."""
    if not rule.needs_body or rule.over is not Kfunc:
        return
    reasons: dict[str, list[str]] = {}
    for kfunc in _without_account(facts, lines):
        line = kfunc.definition.misread_line
        if kfunc.definition.body is not None:
            reasons.setdefault("too much to follow:", []).append(f"{kfunc.name}()")
        elif line is not None:
            reasons.setdefault("not understood:", []).append(f"{kfunc.name}() at line {line}")
        else:
            reasons.setdefault("without the whole body of", []).append(f"{kfunc.name}()")
    if reasons:
        yield rule.id, "; ".join(f"{why} {', '.join(dict.fromkeys(names))}" for why, names in reasons.items())


def _shows(fact: Fact, at: Place) -> bool:
    """Does a place that a rule names show what it means? That of a kfunc whose name is out of view shows other code."""
    return not isinstance(fact, Kfunc) or fact.definition.shows_name or at != fact.at


def _seen_by(rule: Rule[Any], facts: Facts) -> Iterator[Any]:
    yield from facts.by_type(rule.over)
    if rule.in_tests:
        yield from (test.kfunc for test in facts.by_type(KfuncOfTest))


def not_followed(facts: Facts, lines: LineIndex) -> dict[str, str]:
    """The files with changed kfuncs whose bodies are in view and too much to follow, and which kfuncs these are."""
    names: dict[str, list[str]] = {}
    for kfunc in _without_account(facts, lines):
        if kfunc.definition.body is not None:
            names.setdefault(kfunc.at.path or "", []).append(f"{kfunc.name}()")
    return {path: f"too much to follow: {', '.join(dict.fromkeys(kfuncs))}" for path, kfuncs in names.items()}


def crowded(facts: Facts) -> dict[str, str]:
    """The files with kfuncs that have more entries than were looked at for them, and which kfuncs these are."""
    counts = Counter(entry.name for entry in facts.by_type(Entry))
    names: dict[str, dict[str, None]] = {}
    for kfunc in facts.by_type(Kfunc):
        if len(kfunc.entries) == MOST_ENTRIES < counts[kfunc.name]:
            names.setdefault(kfunc.at.path or "", {})[f"{kfunc.name}()"] = None
    return {path: f"too many entries of {', '.join(kfuncs)}" for path, kfuncs in names.items()}


def _without_account(facts: Facts, lines: LineIndex) -> list[Kfunc]:
    """The kfuncs with a changed line of which it is not known what they do."""
    return [
        kfunc
        for kfunc in facts.by_type(Kfunc)
        if kfunc.account is None and lines.any_added(kfunc.at.path, kfunc.at.line, kfunc.definition.last_line)
    ]


def _bounded(remark: Remark) -> Remark:
    """A remark with as many words as a person reads: names in a hostile mail have any length."""
    reasons = tuple(replace(reason, note=excerpt(reason.note)[0]) for reason in remark.because[:_MOST_REASONS])
    return replace(remark, message=excerpt(remark.message)[0], because=reasons)


def _moved(remark: Remark, at: Place) -> Remark:
    """A remark that points at another of its places, and tells what is to be seen at the first one."""
    if at == remark.at or not remark.here:
        return replace(remark, at=at)
    others = [reason for reason in remark.because if (reason.at.path, reason.at.line) != (at.path, at.line)]
    return replace(remark, at=at, because=(*others, Reason(remark.at, remark.here)))


class RuleRunner:
    """Runs rules over facts: findings on lines that the series added, suspects on older ones.

    `skipped`, `unchecked` and `failures` are those of a Review.
    """

    def __init__(
        self,
        rules: Iterable[Rule[Any]],
        kernel: Kernel,
        lines: LineIndex,
        precedent: Precedent = lambda missing, fact: (),
    ) -> None:
        self.rules = tuple(rules)
        self.kernel = kernel
        self.lines = lines
        self.precedent = precedent
        self.findings: list[Finding] = []
        self.suspects: list[Candidate] = []
        self.skipped: dict[str, str] = {}
        self.failures: dict[str, str] = {}
        self.unchecked: set[str] = set()
        self._of_line: dict[tuple[object, ...], int] = {}
        self._seen: set[tuple[object, ...]] = set()
        self._consequences: Consequences | None = None

    def run_over(self, facts: Facts) -> None:
        """Run the rules that hold for the kernel."""
        self._consequences = Consequences(facts, self.rules, self.kernel)
        for rule in self.rules:
            if rule.holds_for(self.kernel.target):
                self.skipped.update(_not_checked(rule, facts, self.lines))
                self._run(rule, facts)

    def _run(self, rule: Rule[Any], facts: Facts) -> None:
        """Run a rule; one that raises is kept as a failure, and what it found before counts for nothing."""
        remarks: list[tuple[Fact, Remark]] = []
        try:
            for fact in _seen_by(rule, facts):
                if not (rule.needs_body and isinstance(fact, Kfunc) and fact.definition.body is None):
                    remaining = _MOST_REMARKS + 1 - len(remarks)
                    remarks += ((fact, remark) for remark in islice(rule.check(fact, self.kernel), remaining))
                if len(remarks) > _MOST_REMARKS:
                    self._stop(rule, f"stopped after {_MOST_REMARKS} remarks")
                    break
        except MemoryError:  # the end of the whole review
            raise
        except Exception:  # a rule that fails must not cost the others their say
            import traceback  # costs the start a millisecond, and rules do not fail

            self.failures[rule.id] = traceback.format_exc()
            return
        messages: dict[int, set[str]] = {}
        for fact, remark in remarks:
            messages.setdefault(id(fact), set()).add(remark.message)
        for fact, remark in remarks[:_MOST_REMARKS]:
            self._judge(rule, fact, remark, messages[id(fact)])

    def _stop(self, rule: Rule[Any], why: str) -> None:
        self.skipped[rule.id] = why
        self.unchecked.add(rule.id)

    def attribute(self, suspect: Candidate, removed: RemovedLine) -> None:
        """Make a finding of a suspect, at the line that was taken away."""
        remark = suspect.remark
        origin = self.lines.origin_in(removed.patch, removed.mail_line)
        if origin is not None:
            because = (Reason(remark.at, "here it is missed"), *remark.because)
            self._add(suspect.rule, suspect.fact, replace(remark, at=removed.at, because=because), origin, removed.text)

    def _judge(self, rule: Rule[Any], fact: Fact, remark: Remark, messages: Set[str]) -> None:
        at = next((at for at in (remark.at, *remark.or_at) if _shows(fact, at) and self.lines.origin(at)), None)
        origin = self.lines.origin(at) if at else None
        if at is None or origin is None:
            self.suspects.append(Candidate(rule, fact, remark, messages))
        else:
            self._add(rule, fact, _moved(remark, at), origin, self.lines.text(at))

    def _add(self, rule: Rule[Any], fact: Fact, remark: Remark, origin: Origin, quoted: str) -> None:
        if (rule.id, remark.at, remark.message) in self._seen:
            return
        line = rule.id, remark.at.path, remark.at.patch, remark.at.line
        self._of_line[line] = self._of_line.get(line, 0) + 1
        if self._of_line[line] > _MOST_OF_A_LINE:
            self._stop(rule, f"stopped after {_MOST_OF_A_LINE} remarks about one line")
            return
        self._seen.add((rule.id, remark.at, remark.message))
        if self._consequences is not None and remark.fix is not None:
            fix = self._consequences.settled(remark.fix, fact)
            if fix is None:
                return
            remark = replace(remark, fix=fix)
        remark = _bounded(remark)
        precedents = self.precedent(remark.missing, fact) if remark.missing else ()
        self.findings.append(
            Finding(
                rule=rule.id,
                level=rule.level_for(self.kernel.target),
                strict=rule.strict or (isinstance(fact, Prose) and fact.is_aside),
                at=remark.at,
                message=remark.message,
                because=(*(reason for reason in remark.because if _shows(fact, reason.at)), *precedents),
                fix=remark.fix,
                diff=self.lines.diff(remark.fix) if remark.fix and remark.fix.sure_edits else "",
                see=rule.see,
                function=fact.function,
                quoted=quoted,
                origin=origin,
                key=fingerprint(rule.id, remark.at.path, fact.function, quoted),
            )
        )
