"""What a reroll mended, what of the version before still stands, and what is new."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable

from kfunclint.checker.result import Review
from kfunclint.finding import Comparison, Finding
from kfunclint.mail.message import Inbox, Series
from kfunclint.mail.versions import age, is_reroll
from kfunclint.value import replace


def previous_version(inbox: Inbox, series: Series, version: int | None = None) -> Series | None:
    """The version of a series to compare it with: the given one, or else the newest complete one that came before it,
    or else the same version in other words. None if the inbox has none; rerolls are those of its family, or by their
    titles if it is not of this inbox itself."""
    in_inbox = any(candidate is series for candidate in inbox.series)
    candidates = [
        candidate for candidate in inbox.series if candidate != series and version in (None, candidate.version)
    ]
    related = [
        candidate
        for candidate in candidates
        if (candidate.family == series.family if in_inbox else is_reroll(candidate, series))
    ]
    older = [candidate for candidate in related if age(candidate) < age(series)]
    older = older or [candidate for candidate in related if version is not None or age(candidate) == age(series)]
    return next((candidate for candidate in reversed(older) if candidate.complete), older[-1] if older else None)


def compare(new: Review, old: Review) -> Review:
    """The review with what the other one, of an earlier version, says of its findings; those withheld are compared,
    too, and nothing is said of what one of the two did not look at."""
    matches = _matches(_all_findings(new), _all_findings(old))
    first = old.series.cover or old.series.patches[0] if old.series else None
    if first is None:
        return new

    def marked(finding: Finding) -> Finding:
        stands = True if id(finding) in matches else None if _is_unseen(finding, old) else False
        return replace(finding, persisted=stands)

    matched_ids = {id(finding) for finding in matches.values()}
    fixed = tuple(
        finding for finding in old.findings if id(finding) not in matched_ids and not _is_unseen(finding, new)
    )
    rfc = "RFC " if any(tag.lower() == "rfc" for tag in first.subject.tags) else ""
    return replace(
        new,
        findings=tuple(map(marked, new.findings)),
        withheld=tuple(replace(suppressed, finding=marked(suppressed.finding)) for suppressed in new.withheld),
        since=Comparison(f"{rfc}v{first.subject.version}", first.subject.text, first.headers.message_id, fixed),
    )


def _all_findings(review: Review) -> list[Finding]:
    return [*review.findings, *(suppressed.finding for suppressed in review.withheld)]


def _is_unseen(finding: Finding, review: Review) -> bool:
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


_KEYS: tuple[Callable[[Finding], Hashable], ...] = (
    _by_key,
    _on_a_changed_line,
    _in_another_file,
    _under_another_name,
    _for_another_reason,
)


def _matches(new: Iterable[Finding], old: Iterable[Finding]) -> dict[int, Finding]:
    """The old finding that each new one, by its id(), is: one to one, and in order where there are several."""
    open_new, open_old = list(new), list(old)
    matches: dict[int, Finding] = {}
    for key_of in _KEYS:
        by_key: dict[Hashable, list[Finding]] = {}
        for finding in reversed(open_old):
            by_key.setdefault(key_of(finding), []).append(finding)
        for finding in open_new:
            if (key := key_of(finding)) is not None and by_key.get(key):
                matches[id(finding)] = by_key[key].pop()
        matched_ids = {id(finding) for finding in matches.values()}
        open_new = [finding for finding in open_new if id(finding) not in matches]
        open_old = [finding for finding in open_old if id(finding) not in matched_ids]
    return matches
