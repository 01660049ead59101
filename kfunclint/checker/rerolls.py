"""What a reroll mended, what of the version before still stands, and what is new."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import replace

from kfunclint.checker.result import Review
from kfunclint.finding import Comparison, Finding, SuppressedFinding
from kfunclint.mail.message import Inbox, Series
from kfunclint.mail.series import age, is_reroll


def previous_version(inbox: Inbox, series: Series, version: int | None = None) -> Series | None:
    """The version of a series to compare it with: the given one, or else the newest complete one that came before it,
    or else the same version in other words. None if the inbox has none; rerolls are those of its family, or by their
    titles if it is not of this inbox itself."""
    here = any(one is series for one in inbox.series)
    others = [one for one in inbox.series if one != series and version in (None, one.version)]
    related = [one for one in others if (one.family == series.family if here else is_reroll(one, series))]
    older = [one for one in related if age(one) < age(series)]
    older = older or [one for one in related if version is not None or age(one) == age(series)]
    return next((one for one in reversed(older) if one.complete), older[-1] if older else None)


def compare(new: Review, old: Review) -> Review:
    """The review with what the other one, of an earlier version, says of its findings; those withheld are compared,
    too, and nothing is said of what one of the two did not look at."""
    same = _matched(_all(new), _all(old))
    first = old.series.cover or old.series.patches[0] if old.series else None
    if first is None:
        return new

    def told(finding: Finding) -> Finding:
        stands = True if id(finding) in same else None if _unseen(finding, old) else False
        return replace(finding, persisted=stands)

    left = {id(finding) for finding in same.values()}
    fixed = tuple(finding for finding in old.findings if id(finding) not in left and not _unseen(finding, new))
    rfc = "RFC " if any(tag.lower() == "rfc" for tag in first.subject.tags) else ""
    return replace(
        new,
        findings=tuple(map(told, new.findings)),
        withheld=tuple(SuppressedFinding(told(one.finding), one.why) for one in new.withheld),
        since=Comparison(f"{rfc}v{first.subject.version}", first.subject.text, first.headers.message_id, fixed),
    )


def _all(review: Review) -> list[Finding]:
    return [*review.findings, *(one.finding for one in review.withheld)]


def _unseen(finding: Finding, review: Review) -> bool:
    return finding.rule in review.skipped or finding.rule in review.failures or finding.at.path in review.skipped


# By what a finding is known again, the most certain first.


def _by_key(finding: Finding) -> Hashable:
    return finding.key


def _on_a_changed_line(finding: Finding) -> Hashable:
    return finding.rule, finding.at.path, finding.function, finding.message


def _in_another_file(finding: Finding) -> Hashable:
    return (finding.rule, finding.function, finding.message) if finding.function else None


def _under_another_name(finding: Finding) -> Hashable:
    name = finding.function
    if not name:
        return None
    return (
        finding.rule,
        finding.at.path,
        finding.message.replace(name, "\0"),
        finding.quoted.strip().replace(name, "\0"),
    )


def _for_another_reason(finding: Finding) -> Hashable:
    marked = finding.quoted[finding.at.column - 1 : finding.at.end_column - 1]
    return (finding.rule, finding.at.path, finding.function, marked) if finding.function else None


_WAYS: tuple[Callable[[Finding], Hashable], ...] = (
    _by_key,
    _on_a_changed_line,
    _in_another_file,
    _under_another_name,
    _for_another_reason,
)


def _matched(new: Iterable[Finding], old: Iterable[Finding]) -> dict[int, Finding]:
    """The old finding that each new one, by its id(), is: one to one, and in order where there are several."""
    open_, left = list(new), list(old)
    found: dict[int, Finding] = {}
    for way in _WAYS:
        waiting: dict[Hashable, list[Finding]] = {}
        for finding in reversed(left):
            waiting.setdefault(way(finding), []).append(finding)
        for finding in open_:
            if (name := way(finding)) is not None and waiting.get(name):
                found[id(finding)] = waiting[name].pop()
        taken = {id(finding) for finding in found.values()}
        open_ = [finding for finding in open_ if id(finding) not in found]
        left = [finding for finding in left if id(finding) not in taken]
    return found
