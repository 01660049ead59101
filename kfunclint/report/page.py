"""What a page shows of a review: plain values for a template, in the order in which they are read.

A line has the number that stands beside it in the diff on the page, and every remark names lines by that number: in
the post-image of the series a line may have another one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from kfunclint.checker.result import Review
from kfunclint.finding import Finding, Level, Place
from kfunclint.kernel.release import Release
from kfunclint.patch.diff import DiffLine, FileDiff, Hunk, Patch
from kfunclint.patch.postimage import PostImage
from kfunclint.report import formats, links
from kfunclint.text import excerpt, visible
from kfunclint.value import Value, field

_AROUND = 6
_SHORT_DIFF = 12
_FIRST_WORDS = 90

LevelCounts = list[tuple[str, int]]


class Spot(Value):
    """A line on the page: its `name` for readers, and its `anchor`; "" where the page does not show the line."""

    name: str
    anchor: str


class ShownReason(Value):
    spot: Spot
    note: str
    text: str


class ShownFinding(Value):
    """A finding; `rule_number` and `part` are what filters go by, `texts` what may be copied: (title, text)."""

    anchor: str
    level: str
    rule: str
    rule_number: int
    part: int
    spot: Spot
    message: str
    words: str
    because: list[ShownReason]
    fix: str
    diff: list[tuple[str, str]]
    is_short: bool
    texts: list[tuple[str, str]]
    see: list[tuple[str, str]]
    repaired_by: int | None
    stands: str


class Gutter(Value):
    """What stands in front of a line: its number before and after the patch, padded, and the `sign` of the diff."""

    new: str = ""
    old: str = ""
    sign: str = ""

    @property
    def kind(self) -> str:
        """The CSS class of the line."""
        return {"+": "added", "-": "removed"}.get(self.sign, "")


class ShownLine(Value):
    """A line in parts, each with whether it is marked."""

    anchor: str
    gutter: Gutter
    parts: list[tuple[str, bool]]
    findings: list[ShownFinding]


class ShownHunk(Value):
    header: str
    lines: list[ShownLine]


class ShownFile(Value):
    path: str
    change: str
    hunks: list[ShownHunk]

    @property
    def is_open(self) -> bool:
        """Is there anything below its name that is worth a look?"""
        return not self.hunks or any(line.findings for hunk in self.hunks for line in hunk.lines)


class ShownPart(Value):
    """A mail of a series or a file of a tree: its number, what it is called, and its lines."""

    number: int
    title: str
    link: str
    counts: LevelCounts
    findings: list[ShownFinding]
    message: list[ShownLine] = field(default_factory=list)
    files: list[ShownFile] = field(default_factory=list)


def parts(review: Review) -> list[ShownPart]:
    """The parts of the page: the mails of a series, or the files of a tree that have findings."""
    page = _Page(review)
    if review.series is None:
        return [page.of_tree(source) for source in review.sources if _number(source) in page.findings]
    return [page.of_mail(patch) for patch in (review.cover, *review.patches) if patch]


def worst_first(shown_parts: Iterable[ShownPart]) -> list[ShownFinding]:
    """All findings of a page for its overview, errors before warnings before checks."""
    findings = [finding for part in shown_parts for finding in part.findings]
    return sorted(findings, key=lambda finding: -Level(finding.level).rank)


def level_counts(findings: Iterable[Finding]) -> LevelCounts:
    """How many findings there are of each level that has any, the worst first."""
    return [(level.value, count) for level, count in formats.counts_by_level(findings).items() if count]


def rules(review: Review) -> list[str]:
    """The rules with findings, by the number that filters know them by."""
    return sorted({finding.rule for finding in review.findings})


class _Page:
    """The spots of a page and the findings that stand on them."""

    def __init__(self, review: Review) -> None:
        self.review = review
        self.release: Release = review.kernel.release
        self.total = review.series.total if review.series else 0
        self.spots: dict[tuple[int, int], Spot] = dict(_spots(review))
        self.findings: dict[int, dict[int, list[ShownFinding]]] = {}
        numbers = {rule: number for number, rule in enumerate(rules(review))}
        self.places: dict[tuple[int, int], list[Place]] = {}
        keys: dict[str, int] = {}
        for finding in review.findings:
            keys[finding.key] = keys.get(finding.key, 0) + 1
            anchor = finding.key if keys[finding.key] == 1 else f"{finding.key}-{keys[finding.key]}"
            shown = self._finding(finding, anchor, numbers[finding.rule])
            of_part = self.findings.setdefault(finding.origin.patch, {})
            of_part.setdefault(finding.origin.mail_line, []).append(shown)
            self.places.setdefault((finding.origin.patch, finding.origin.mail_line), []).append(finding.at)

    def of_mail(self, patch: Patch) -> ShownPart:
        number = patch.mail.subject.number
        part = self._part(number, patch.mail.subject.text or patch.mail.source.file)
        width = len(str(max((line.new or 0 for _, line in _diff_lines(patch)), default=0)))
        part.message.extend(self._message(patch))
        part.files.extend(self._file(number, file, width) for file in patch.files)
        return part

    def of_tree(self, source: PostImage) -> ShownPart:
        """A file of a tree: what stands around its findings."""
        number = _number(source)
        part = self._part(number, source.path)
        hunks = [
            ShownHunk(f"line {first}", list(self._excerpt(source, number, first, last)))
            for first, last in _stretches(sorted(self.findings[number]))
        ]
        part.files.append(ShownFile(visible(source.path), "", hunks))
        return part

    def _part(self, number: int, title: str) -> ShownPart:
        of_part = [finding for finding in self.review.findings if finding.origin.patch == number]
        shown = [finding for findings in self.findings.get(number, {}).values() for finding in findings]
        mail = formats.mails(self.review).get(number)
        link = links.mail(mail.headers.message_id) if mail else ""
        return ShownPart(number, visible(title), link, level_counts(of_part), shown)

    def _message(self, patch: Patch) -> Iterator[ShownLine]:
        """The lines of a message; in front of them the title once more, if there is something to say about it."""
        number = patch.mail.subject.number
        if self._on(number, 0):
            yield self._line(number, 0, patch.mail.subject.title, Gutter())
        for at, line in enumerate(patch.message, 1):
            yield self._line(number, line.mail_line, line.text, Gutter(f"{at:>4}"))

    def _file(self, number: int, file: FileDiff, width: int) -> ShownFile:
        lines = list(file.lines)
        added, removed = (sum(line.sign == sign for line in lines) for sign in "+-")
        path = visible(file.new_path or file.old_path or "")
        hunks = [self._hunk(number, hunk, width) for hunk in file.hunks]
        return ShownFile(path, f"{file.kind}, +{added} -{removed}", hunks)

    def _hunk(self, number: int, hunk: Hunk, width: int) -> ShownHunk:
        header = f"@@ -{hunk.old_start},{hunk.old_count} +{hunk.new_start},{hunk.new_count} @@ {visible(hunk.heading)}"
        return ShownHunk(header, [self._diff_line(number, line, width) for line in hunk.lines])

    def _diff_line(self, number: int, line: DiffLine, width: int) -> ShownLine:
        old, new = (f"{at or '':>{width}}" for at in (line.old, line.new))
        return self._line(number, line.mail_line, line.text, Gutter(new, old, line.sign))

    def _excerpt(self, source: PostImage, number: int, first: int, last: int) -> Iterator[ShownLine]:
        for at in range(first, last + 1):
            line = source.line(at)
            if line is not None:
                yield self._line(number, at, line.text, Gutter(f"{at:>{len(str(last))}}"))

    def _line(self, number: int, mail_line: int, text: str, gutter: Gutter) -> ShownLine:
        spot = self.spots.get((number, mail_line))
        anchor = spot.anchor if spot and mail_line else ""
        marked = _marked(text, self.places.get((number, mail_line), ()))
        return ShownLine(anchor, gutter, marked, self._on(number, mail_line))

    def _on(self, number: int, mail_line: int) -> list[ShownFinding]:
        return self.findings.get(number, {}).get(mail_line, [])

    def _finding(self, finding: Finding, anchor: str, rule_number: int) -> ShownFinding:
        diff = visible_lines(finding.diff.rstrip("\n"))
        since = self.review.since
        return ShownFinding(
            anchor=anchor,
            level=finding.level.value,
            rule=finding.rule,
            rule_number=rule_number,
            part=finding.origin.patch,
            spot=self._spot(finding.at, finding),
            message=visible(finding.message),
            words=_first_words(visible(finding.message)),
            because=[
                ShownReason(self._spot(reason.at, finding), visible(reason.note), self._text(reason.at))
                for reason in finding.because
            ],
            fix=visible(finding.fix.description) if finding.fix else "",
            diff=[(_kind(line), line) for line in diff.split("\n")] if diff else [],
            is_short=diff.count("\n") <= _SHORT_DIFF,
            texts=list(self._texts(finding)),
            see=list(links.parts(finding.see, self.release)),
            repaired_by=finding.repaired_by,
            stands=visible(since.name) if since and finding.persisted else "",
        )

    def _texts(self, finding: Finding) -> Iterator[tuple[str, str]]:
        """What a reader may want to take along: the remark as in a reply, and the line that silences it."""
        if self.review.series is None:
            return
        yield "as a reply", visible_lines(formats.as_reply(self.review, finding))
        name = f" {finding.function}" if finding.function else ""
        yield "to silence it", visible(f"kfunclint: ignore {finding.rule}{name} - ")

    def _text(self, at: Place) -> str:
        return visible(excerpt(self.review.lines.text(at).strip())[0])

    def _spot(self, at: Place, finding: Finding) -> Spot:
        """The line on the page that a place is; of one that no diff shows the name alone."""
        origin = self.review.lines.origin(at)
        spot = self.spots.get((origin.patch, origin.mail_line)) if origin else self._context(at, finding)
        if spot is None and self.review.series is None:
            return Spot(visible(f"{at.path}:{at.line}"), "")
        if spot is None:
            return Spot(visible(f"{at.path}, line {at.line} after the series") if at.path else "message", "")
        if origin and origin.patch != finding.origin.patch and self.total:
            return Spot(f"{spot.name} of patch {origin.patch}", spot.anchor)
        return spot

    def _context(self, at: Place, finding: Finding) -> Spot | None:
        """An old line that the diff with the finding shows: as far from its line there as in the post-image."""
        if at.path != finding.at.path or self.review.series is None:
            return None
        patch = next((one for one in self.review.patches if one.mail.subject.number == finding.origin.patch), None)
        hunk = _hunk_with(patch, finding.origin.mail_line) if patch else None
        if hunk is None:
            return None
        here = next(line for line in hunk.lines if line.mail_line == finding.origin.mail_line)
        number = (here.new or 0) + at.line - finding.at.line
        line = next((line for line in hunk.lines if line.new == number), None)
        if line is None or line.text != self.review.lines.text(at):
            return None
        return self.spots.get((finding.origin.patch, line.mail_line))


def _spots(review: Review) -> Iterator[tuple[tuple[int, int], Spot]]:
    """Every line of the page that has an anchor, by mail and line there; the first of those with one number."""
    for patch in (review.cover, *review.patches):
        if patch is not None:
            yield from _spots_of_mail(patch)
    if review.series is None:
        yield from _spots_of_tree(review)


def _spots_of_tree(review: Review) -> Iterator[tuple[tuple[int, int], Spot]]:
    paths = {_number(source): source.path for source in review.sources}
    lines: dict[int, set[int]] = {}
    for finding in review.findings:
        lines.setdefault(finding.origin.patch, set()).add(finding.origin.mail_line)
    for number, of_file in lines.items():
        for first, last in _stretches(sorted(of_file)):
            for at in range(first, last + 1):
                yield (number, at), Spot(visible(f"{paths[number]}:{at}"), _anchor(number, paths[number], at))


def _spots_of_mail(patch: Patch) -> Iterator[tuple[tuple[int, int], Spot]]:
    number = patch.mail.subject.number
    yield (number, 0), Spot("subject", f"patch-{number}")
    for at, written in enumerate(patch.message, 1):
        yield (number, written.mail_line), Spot(f"message, line {at}", f"p{number}-message-{at}")
    taken = set()
    for path, line in _diff_lines(patch):
        if line.new is not None and (path, line.new) not in taken:
            taken.add((path, line.new))
            yield (number, line.mail_line), Spot(visible(f"{path}:{line.new}"), _anchor(number, path, line.new))


def _anchor(number: int, path: str, line: int) -> str:
    return f"p{number}-{'_'.join(visible(path).split())}-{line}"


def _diff_lines(patch: Patch) -> Iterator[tuple[str, DiffLine]]:
    """The lines of a diff, each with the path of its file behind the patch."""
    return ((file.new_path or "", line) for file in patch.files for line in file.lines)


def _hunk_with(patch: Patch, mail_line: int) -> Hunk | None:
    for file in patch.files:
        for hunk in file.hunks:
            if hunk.mail_line < mail_line <= hunk.lines[-1].mail_line:
                return hunk
    return None


def _number(source: PostImage) -> int:
    """The number under which the findings of a file of a tree stand; 0 where it has no new lines."""
    line = source.line(1)
    return (line.patch or 0) if line else 0


def _stretches(lines: Iterable[int]) -> list[tuple[int, int]]:
    """The lines around some, first to last, with those joined that touch."""
    stretches: list[tuple[int, int]] = []
    for line in lines:
        first = max(1, line - _AROUND)
        if stretches and first <= stretches[-1][1] + 1:
            first = stretches.pop()[0]
        stretches.append((first, line + _AROUND))
    return stretches


def _marked(text: str, places: Sequence[Place]) -> list[tuple[str, bool]]:
    """A line in parts, each with whether one of the places on it covers that part."""
    spans = [(at.column - 1, at.end_column - 1) for at in places]
    cuts = sorted({0, len(text), *(min(end, len(text)) for span in spans for end in span)})
    return [
        (visible(text[start:end]), any(first <= start and end <= last for first, last in spans))
        for start, end in pairwise(cuts)
    ]


def _first_words(message: str) -> str:
    """The message as far as it fits into a line of the overview, cut between words."""
    if len(message) <= _FIRST_WORDS:
        return message
    return message[:_FIRST_WORDS].rpartition(" ")[0] + " ..."


def visible_lines(text: str) -> str:
    """A text of several lines with every character written out that works unseen."""
    return "\n".join(map(visible, text.split("\n")))


def _kind(line: str) -> str:
    if line.startswith(("--- ", "+++ ", "@@ ")):
        return "head"
    return {"+": "added", "-": "removed"}.get(line[:1], "")
