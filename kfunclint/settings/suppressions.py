"""Silence that somebody asked for, with a reason: in the mail below the `---`, or in a configuration file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from kfunclint.checker.result import Review
from kfunclint.finding import Finding, SuppressedFinding, UnusedSuppression
from kfunclint.mail.body import is_signature
from kfunclint.patch.diff import Patch
from kfunclint.rule import names
from kfunclint.rule.rule import Rule
from kfunclint.settings.patterns import matches
from kfunclint.value import Value, replace

MOST = 100  # requests in one mail
_REQUEST = re.compile(r"kfunclint: ignore(?:[ \t]+|$)")
_COMPLETE = re.compile(r"([\w/-]+)(?:[ \t]+(\w+)(?:\(\))?)?[ \t]+-[ \t]+(\S.*)", re.ASCII)
_OLD_DIFF = re.compile(r"(?:Range-diff|Interdiff)\b.*:$")


class Suppression(Value):
    """A request for silence about the findings of a rule or family, in files, of a kfunc; "" stands for all.

    `path` is a pattern of paths.matches(); `patch` the number of the patch that it is about, None for all. `file` and
    `line` say where it stands, the line is None where it is not known; `text` is how it reads there.
    """

    rule: str
    path: str
    function: str
    reason: str
    patch: int | None
    file: str
    line: int | None
    text: str

    def covers(self, finding: Finding) -> bool:
        return (
            self.patch in (None, finding.origin.patch)
            and (not self.rule or names.covers(self.rule, finding.rule))
            and (not self.path or (finding.at.path is not None and matches(finding.at.path, self.path)))
            and self.function in ("", finding.function)
        )

    @property
    def why(self) -> str:
        """What is told of a finding that it withholds."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{self.reason} ({place})"


def apply_suppressions(
    review: Review, configured: Sequence[Suppression], rules: Sequence[Rule[Any]], *, complete: bool = False
) -> Review:
    """The review without the findings that its own mails or a configuration ask to withhold.

    `rules` are all rules, whether they ran or not. A line of a mail without effect is told if its rules ran over all
    that is there; one of the configuration only where the review is `complete`, that of a whole tree.
    """
    mails, unused = _of_mails(review, rules)
    own = frozenset(mails)
    findings: list[Finding] = []
    withheld: list[SuppressedFinding] = []
    used: set[Suppression] = set()
    for finding in review.findings:
        matching = [request for request in (*mails, *configured) if request.covers(finding)]
        used.update(matching)
        if matching:
            withheld.append(SuppressedFinding(finding, matching[0].why, by_sender=matching[0] in own))
        else:
            findings.append(finding)
    unused += (
        UnusedSuppression(request.file, request.line, request.text, "nothing was found that it silences")
        for request in (*mails, *(configured if complete else ()))
        if request not in used and _rules_ran(review, request, rules)
    )
    return replace(
        review,
        findings=tuple(findings),
        withheld=(*review.withheld, *withheld),
        unused=(*review.unused, *unused),
    )


def _rules_ran(review: Review, request: Suppression, rules: Sequence[Rule[Any]]) -> bool:
    """Did rules run that it is about, and none of them over a part only?"""
    ids = {rule.id for rule in review.rules if not request.rule or names.covers(request.rule, rule.id)}
    covered = [rule for rule in rules if rule.id in ids]
    return any(rule.holds_for(review.kernel) for rule in covered) and not any(
        rule.id in review.skipped or rule.id in review.failures for rule in covered
    )


def _of_mails(review: Review, rules: Sequence[Rule[Any]]) -> tuple[list[Suppression], list[UnusedSuppression]]:
    """The requests in the mails of a review, and those that cannot be granted."""
    suppressions: list[Suppression] = []
    unused: list[UnusedSuppression] = []
    for patch in filter(None, (review.cover, *review.patches)):
        for count, (line, text) in enumerate(_lines(patch), 1):
            if count > MOST:
                unused.append(_refusal(patch, line, text, f"there are more than {MOST} in this mail"))
                break
            suppression = _suppression(patch, line, text, rules)
            if isinstance(suppression, Suppression):
                suppressions.append(suppression)
            else:
                unused.append(suppression)
    return suppressions, unused


def _lines(patch: Patch) -> Iterator[tuple[int, str]]:
    """Every line of a mail that asks for silence, with its 1-based number; not those of quotes, diffs and signature."""
    if "kfunclint: ignore" not in patch.mail.body:
        return
    yield from ((line.mail_line, line.text) for line in patch.message if _REQUEST.match(line.text))
    lines, diff = patch.mail.lines, patch.mail.layout.diff
    for at in range(patch.mail.message_end, len(lines) if diff is None else diff):
        if is_signature(lines[at]) or _OLD_DIFF.match(lines[at]):
            return
        text = lines[at].lstrip(" \t") if patch.mail.subject.number else lines[at]  # git indents the notes of a commit
        if _REQUEST.match(text):
            yield at + 1, text


def _suppression(patch: Patch, line: int, text: str, rules: Sequence[Rule[Any]]) -> Suppression | UnusedSuppression:
    match = _COMPLETE.fullmatch(_REQUEST.sub("", text.rstrip(), count=1))
    if patch.mail.subject.number and patch.message and line <= patch.message[-1].mail_line:
        return _refusal(patch, line, text, "git would keep it, move it below the ---")
    if not match:
        return _refusal(patch, line, text, "write kfunclint: ignore RULE [FUNCTION] - reason")
    name, function, reason = match.groups(default="")
    if objection := names.objection(rules, name):
        return _refusal(patch, line, text, f"{name}: {objection}")
    mail = patch.mail
    return Suppression(
        name, "", function, reason, mail.subject.number or None, mail.source.file, mail.in_input(line), text.rstrip()
    )


def _refusal(patch: Patch, line: int, text: str, why: str) -> UnusedSuppression:
    return UnusedSuppression(patch.mail.source.file, patch.mail.in_input(line), text.rstrip(), why)
