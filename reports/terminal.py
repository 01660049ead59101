"""Compiler lines, for people and editors: path:line:col: level: message [rule]."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Callable, Iterator, Sequence

from kfunclint.checker.lines import LineIndex
from kfunclint.checker.result import Review
from kfunclint.finding import Comparison, Finding, Level, Place, Reason
from kfunclint.mail.message import Mail
from kfunclint.report import formats
from kfunclint.report.composition import composition
from kfunclint.text import excerpt, last_line, pluralize, visible

Paint = Callable[[str, str], str]

_HASH_SHOWN = 12
_BOLD, _FAINT, _NOTE, _CARET = "1", "2", "1;36", "1;32"
_SIGNS = {"-": "31", "+": "32", "@": "36"}
_LESSON = 'why: kfunclint explain RULE; to silence one: "kfunclint: ignore RULE - why" below the "---"'
_COLOURS = {Level.ERROR: "1;31", Level.WARNING: "1;35", Level.CHECK: "1;36"}


def render(review: Review, *, colour: bool = False, diffs: bool = False) -> str:
    """The findings with their lines and reasons, below the patch that brought them, between a head that names series
    and kernel and a line of counts. The other places of a fault follow the first one, a line each.

    With `diffs` fixes that hold are shown. Nothing in it is a control character but line breaks and tabs and, with
    `colour`, those of the colours.
    """
    paint: Paint = _painted if colour else _plain
    mails = formats.mails(review)
    texts = review.lines
    blocks = ["\n".join(_head(review, paint))]
    headings = _headings(mails)
    shown = {*itertools.chain(*formats.mendable(review))} if diffs else set()
    for first, *others in formats.same_faults(review.findings):
        if heading := headings.pop(first.origin.patch, None):
            blocks.append(paint(visible(heading), _BOLD))
        lines = [*_finding(first, mails, texts, review.since, paint)]
        lines += _diff(first, texts, paint) if first in shown else []
        for other in others:
            mail = None if other.origin.patch == first.origin.patch else mails.get(other.origin.patch)
            lines += _same(other, mail, mails, texts, paint)
            lines += _diff(other, texts, paint) if other in shown else []
        blocks.append("\n".join(lines))
    blocks.append("\n".join(_end(review, mails)))
    return "\n\n".join(blocks) + "\n"


def _painted(text: str, code: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m"


def _plain(text: str, code: str) -> str:
    del code
    return text


def _head(review: Review, paint: Paint) -> Iterator[str]:
    yield paint(visible(formats.title(review)), _BOLD)
    for line in composition(review.series) if review.series else ():
        yield visible(line)
    yield visible(f"judged for {review.kernel.release}: {review.kernel.why}")
    if review.base:
        yield visible(f"applied to {review.base.name}: {review.base.why}")


def _headings(mails: dict[int, Mail]) -> dict[int, str]:
    """What stands above the findings of a mail: its subject, with the hash of its commit, or its file if each mail has
    one of its own. None for a patch alone, nor for a cover letter, as the head of the report names them."""
    is_file_of_all = len({mail.source.file for mail in mails.values()}) == 1
    names = {number: mail.source.commit[:_HASH_SHOWN] or mail.source.file for number, mail in mails.items()}
    return {
        number: mail.subject.text + ("" if is_file_of_all else f" ({names[number]})")
        for number, mail in mails.items()
        if number and len(mails) > 1
    }


def _finding(
    finding: Finding, mails: dict[int, Mail], texts: LineIndex, since: Comparison | None, paint: Paint
) -> Iterator[str]:
    level = paint(f"{finding.level}:", _COLOURS[finding.level])
    place = paint(_place(finding.at, mails), _BOLD)
    yield f"{place} {level} {visible(finding.message)} {paint(f'[{finding.rule}]', _FAINT)}"
    yield from _quoted_line(finding.at, finding.quoted, paint)
    for reason in finding.because:
        yield from _reason(reason, mails, texts, paint)
    if finding.fix:
        unsure = " (unsure)" if finding.fix.unsure and finding.fix.edits else ""
        yield f"{paint('fix:', _NOTE)} {visible(finding.fix.description)}{unsure}"
    if finding.repaired_by:
        yield f"{paint('note:', _NOTE)} patch {finding.repaired_by} repairs it"
    if finding.persisted and since:
        yield f"{paint('note:', _NOTE)} stands since {visible(since.name)}"


def _same(finding: Finding, mail: Mail | None, mails: dict[int, Mail], texts: LineIndex, paint: Paint) -> Iterator[str]:
    """Another place of the fault that was told just before; `mail` is its patch, where that is another one."""
    words = f"the same for {finding.function}()" if finding.function else "the same here"
    if mail is not None:
        words += f", from patch {mail.subject.number}"
    level = paint(f"{finding.level}:", _COLOURS[finding.level])
    yield f"{paint(_place(finding.at, mails), _BOLD)} {level} {visible(words)} {paint(f'[{finding.rule}]', _FAINT)}"
    for reason in finding.because:
        yield from _reason(reason, mails, texts, paint)


def _diff(finding: Finding, texts: LineIndex, paint: Paint) -> Iterator[str]:
    """What the fix of a finding does to the lines, without the names of files, which stand above."""
    for line in texts.diff(finding.fix).split("\n")[:-1] if finding.fix else ():
        if not line.startswith(("--- ", "+++ ")):
            yield paint(f"    {visible(line)}", _SIGNS[line[:1]]) if line[:1] in _SIGNS else f"    {visible(line)}"


def _reason(reason: Reason, mails: dict[int, Mail], texts: LineIndex, paint: Paint) -> Iterator[str]:
    yield f"{paint(_place(reason.at, mails), _BOLD)} {paint('note:', _NOTE)} {visible(reason.note)}"
    if text := texts.text(reason.at):
        yield f"    {visible(excerpt(text, reason.at.column)[0])}"


def _place(at: Place, mails: dict[int, Mail]) -> str:
    """path:line:col: of a file; of a message the place in the input, of one that was encoded where its mail begins."""
    if at.path is not None:
        return visible(f"{at.path}:{at.line}:{at.column}:")
    file, line, column = formats.in_input(mails[at.patch or 0], at)
    return visible(f"{file}:{line}:{column}:")


def _quoted_line(at: Place, text: str, paint: Paint) -> Iterator[str]:
    text, column = excerpt(text, at.column)
    before, marked = visible(text[: column - 1]), visible(text[column - 1 : column - 1 + at.end_column - at.column])
    yield f"    {visible(text)}"
    indent = "".join("\t" if char == "\t" else " " * _width(char) for char in before)
    yield f"    {indent}{paint('^' + '~' * (sum(map(_width, marked)) - 1), _CARET)}"


def _width(char: str) -> int:
    """The columns that a character takes on a terminal."""
    if unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _end(review: Review, mails: dict[int, Mail]) -> Iterator[str]:
    yield _verdict(review)
    if review.since:
        yield from _since(review.since, review.findings)
    for findings, why in formats.withheld(review):
        first = findings[0]
        what = pluralize(len(findings), "finding") if findings[1:] else f"{_place(first.at, mails)} {first.rule}"
        yield visible(f"not said: {what}: {why}")
    for where, text in formats.unused(review):
        yield visible(f"without effect: {where}: {text}")
    for names, why in formats.not_checked(review):
        yield visible(_not_checked(names, why, hint="" if review.base or review.tree else " (--tree DIR shows it)"))
    for name, trace in review.failures.items():
        yield visible(f"failed: {name}: {last_line(trace)}")
    for refusal in review.unreadable:
        yield visible(f"not read: {refusal}")
    if review.findings and review.series:
        yield _LESSON
        yield from _mendable(review)


def _verdict(review: Review) -> str:
    """How many findings there are of each level, and in how many patches or files."""
    files = sum(line.added for source in review.sources if (line := source.line(1)))
    total = pluralize(len(review.patches), "patch") if review.series else pluralize(files, "file")
    counts = [pluralize(count, level) for level, count in formats.counts_by_level(review.findings).items() if count]
    guilty = len({finding.origin.patch for finding in review.findings if finding.origin.patch})
    of = f"{guilty} of " if review.series and guilty and len(review.patches) > 1 else ""
    partial = ", and not all of it could be checked" if review.troubles else ""
    return f"{', '.join(counts) or formats.nothing_said(review)} in {of}{total}{partial}"


def _mendable(review: Review) -> Iterator[str]:
    """How many findings can be mended, and with which option."""
    sure, unsure = formats.mendable(review)
    if sure or unsure:
        option = "--fix=commits" if formats.are_commits(review) else "--fix FILE"
        more = f", {len(unsure)} more with --fix-unsure" if unsure else ""
        yield f"{len(sure)} of {len(review.findings)} can be mended: {option}{more}"


def _not_checked(names: Sequence[str], why: str, hint: str) -> str:
    """What was not looked at for one reason, the reason first where a rule lacks something."""
    what = names[0] if len(names) == 1 else pluralize(len(names), "rule")
    lack = why.startswith(formats.WITHOUT)
    return f"not checked {why}: {what}{hint}" if lack else f"not checked: {what}: {why}"


def _since(since: Comparison, findings: Sequence[Finding]) -> Iterator[str]:
    """What came of the findings of an earlier version."""
    stands = sum(finding.persisted is True for finding in findings)
    new = sum(finding.persisted is False for finding in findings)
    yield f"since {visible(since.name)}: fixed {len(since.fixed)}, stands {stands}, new {new}"
    for finding in since.fixed:
        yield visible(f"fixed: {finding.at.path or 'message'}: {finding.message} [{finding.rule}]")
