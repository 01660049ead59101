"""What a series made wrong by taking something away: a guard, a flag, a section of kernel-doc.

Old code is nobody's fault, so a finding needs a line that the series added. Where an old line is guilty now and was not
before, the line that was taken away stands in for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from typing import Any

from kfunclint.checker.changed import moved
from kfunclint.facts.docs import Doc
from kfunclint.facts.fact import Extent, Fact, taken_away
from kfunclint.facts.facts import Facts
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Place, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.patch.diff import Hunk, Patch
from kfunclint.patch.postimage import Line, PostImage
from kfunclint.rule.rule import Rule
from kfunclint.value import Value

_WORD = re.compile(r"[A-Za-z_]\w{2,}", re.ASCII)


class Candidate(Value):
    """A remark on old code; `messages` are those of all remarks of its rule on the fact."""

    rule: Rule[Any]
    fact: Fact
    remark: Remark
    messages: Set[str]


class RemovedLine(Value):
    """A line that a patch takes away: where it stood, as a place in the post-image, and its line in the mail."""

    at: Place
    text: str
    patch: int
    mail_line: int


Accused = tuple[Candidate, RemovedLine]


def regressions(
    suspects: Sequence[Candidate],
    patches: Sequence[Patch],
    before: Sequence[PostImage],
    facts_of: Callable[[], Facts],
    kernel: Kernel,
) -> Iterator[Accused]:
    """The suspects that were innocent before the series, each with the removed line that tells most of it.

    `before` are the pre-images, in which a line's patch is the one that takes it away; `facts_of` makes their facts,
    which costs as much as those of the series, so it is called only if there is a suspect near a removed line.
    """
    yield from _losses(suspects, patches)
    paths = {suspect.remark.at.path for suspect in suspects if isinstance(suspect.fact, Kfunc | Doc)}
    sources = {source.path: source for source in before if source.path in paths and _loses_lines(source)}
    if not sources:
        return
    facts = facts_of()
    for suspect in suspects:
        path = suspect.remark.at.path or ""
        fact = _same_fact(suspect, facts) if path in sources else None
        if fact is None or _fired_before(suspect, fact, kernel):
            continue
        removed_lines = [line for line in _lines(sources[path], fact.extent[0]) if line.added]
        if removed_lines:
            closest = max(removed_lines, key=lambda line: _common_length(line.text, suspect))
            yield suspect, _removed_line(path, closest, patches)


def _losses(suspects: Iterable[Candidate], patches: Sequence[Patch]) -> Iterator[Accused]:
    """The suspects that tell themselves which line they have lost."""
    for suspect in suspects:
        if (lost := taken_away(suspect.fact)) is not None:
            line = Line(lost.text, lost.patch, lost.mail_line)
            yield suspect, _removed_line(lost.path, line, patches)


def _loses_lines(source: PostImage) -> bool:
    return any(line.added for visible in source.ranges for line in visible.lines)


def _same_fact(suspect: Candidate, facts: Facts) -> Kfunc | Doc | None:
    """The fact about the same function before the series; none where less was in view."""
    kind = type(suspect.fact)
    for fact in facts.by_type(kind):
        if (
            isinstance(fact, Kfunc | Doc)
            and fact.function == suspect.fact.function
            and fact.extent[0].path == suspect.remark.at.path
        ):
            is_comparable = (
                not suspect.rule.needs_body or not isinstance(fact, Kfunc) or fact.definition.body is not None
            )
            return fact if is_comparable else None
    return None


def _fired_before(suspect: Candidate, fact: Kfunc | Doc, kernel: Kernel) -> bool:
    """Was it said before? What is said no more may be the same in other words."""
    before = {remark.message for remark in suspect.rule.check(fact, kernel)}
    return suspect.remark.message in before or not before <= suspect.messages


def _lines(source: PostImage, extent: Extent) -> Iterator[Line]:
    return (line for number in range(extent.first, extent.last + 1) if (line := source.line(number)) is not None)


def _common_length(text: str, suspect: Candidate) -> int:
    """How much of a line the remark speaks of, in characters of words."""
    fix = suspect.remark.fix
    words = f"{suspect.remark.message} {fix.description if fix else ''}"
    return sum(map(len, set(_WORD.findall(text)) & set(_WORD.findall(words))))


def _removed_line(path: str, line: Line, patches: Iterable[Patch]) -> RemovedLine:
    patch_number, mail_line = line.patch or 0, line.mail_line or 0
    number = 1
    for patch in patches:
        for file in patch.files:
            if path not in (file.old_path, file.new_path):
                continue
            if patch.mail.subject.number == patch_number:
                number = next(
                    (_line_behind(hunk, mail_line) for hunk in file.hunks if _holds_line(hunk, mail_line)), number
                )
            elif patch.mail.subject.number > patch_number:
                number = moved(file.hunks, number)
    indent = len(line.text) - len(line.text.lstrip())
    return RemovedLine(Place(path, number, indent + 1, len(line.text) + 1), line.text, patch_number, mail_line)


def _holds_line(hunk: Hunk, mail_line: int) -> bool:
    return hunk.mail_line < mail_line <= hunk.lines[-1].mail_line


def _line_behind(hunk: Hunk, mail_line: int) -> int:
    """The line of the post-image of the patch that follows a removed one."""
    following = (line.new for line in hunk.lines if line.mail_line > mail_line and line.new is not None)
    return next(following, hunk.new_start + hunk.new_count)
