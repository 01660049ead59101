"""Finds the report formats, loads the one that is asked for, and holds what several of them use."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

from kfunclint import resources
from kfunclint.finding import Level, Place
from kfunclint.mail.message import Mail

if TYPE_CHECKING:
    import jinja2

    from kfunclint.checker.result import Review
    from kfunclint.finding import Finding
from kfunclint.text import pluralize, visible


def formats() -> tuple[str, ...]:
    """The names of all formats: the modules in reports/."""
    return tuple(sorted(path.stem.replace("_", "-") for path in resources.folder("reports").glob("*.py")))


def render(name: str, review: Review, *, colour: bool = False, diffs: bool = False) -> str:
    """The review in the format of that name; `colour` is for the formats that know colours, `diffs` for those that show
    fixes as diffs if asked.

    Raises ValueError for a name that is none.
    """
    module = _module(name)
    known = module.render.__kwdefaults__ or ()
    options = {key: True for key, asked in (("colour", colour), ("diffs", diffs)) if asked and key in known}
    return str(module.render(review, **options))


def render_all(name: str, reviews: Sequence[Review], *, colour: bool = False, diffs: bool = False) -> str:
    """The reviews as one output: one document where the format makes one of them all, else one behind the other.
    `colour` and `diffs` are those of render().

    Raises ValueError for a name that is none.
    """
    return "".join(pieces(name, reviews, colour=colour, diffs=diffs))


def pieces(name: str, reviews: Iterable[Review], *, colour: bool = False, diffs: bool = False) -> Iterator[str]:
    """What render_all() gives, piece by piece: as soon as its reviews are there, if the format allows for that."""
    module = _module(name)
    if hasattr(module, "pieces"):
        yield from module.pieces(reviews)
    elif hasattr(module, "render_all"):
        yield str(module.render_all(list(reviews)))
    else:
        yield from (render(name, review, colour=colour, diffs=diffs) for review in reviews)


def files(name: str, review: Review) -> dict[str, str]:
    """The review as files for a folder, texts by file name: one a mail for the format that writes mails, else one.

    Raises ValueError for a name that is no format.
    """
    module = _module(name)
    if hasattr(module, "files"):
        return dict(module.files(review))
    mail = first(review)
    return {f"{slug(mail) if mail else 'tree'}.{name}": render(name, review)}


def as_reply(review: Review, finding: Finding) -> str:
    """A finding of a mail as a reply to it says it: the lines that are quoted for it, and the remark below them."""
    return str(_module("reply").in_context(review, finding))


def whole_replies(review: Review) -> dict[str, str]:
    """The reply mails of a review by file name, each with all of the patch that it answers."""
    return dict(_module("reply").files(review, whole=True))


def as_mbox(mails: Mapping[str, str]) -> str:
    """Reply mails, one behind the other."""
    return str(_module("reply").as_mbox(mails))


def is_page(name: str) -> bool:
    """Is a report of that format a page of its own, so that two cannot stand in one file?"""
    return bool(getattr(_module(name), "PAGE", False))


def takes_notes(name: str) -> bool:
    """May something be said on standard error that is no trouble, beside a report in the format of that name?

    Raises ValueError for a name that is no format.
    """
    return bool(getattr(_module(name), "NOTES", True))


@cache
def _module(name: str) -> ModuleType:
    if name not in formats():
        raise ValueError(f"{name!r} is not a format, only {', '.join(formats())}")
    stem = name.replace("-", "_")
    return resources.module(resources.folder("reports") / f"{stem}.py", f"kfunclint.reports.{stem}")


@cache
def templates() -> jinja2.Environment:
    """The environment for the templates in reports/: HTML is escaped, an undefined name is an error."""
    import jinja2  # a quarter of the start-up time, and only two formats need it

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(resources.folder("reports")),
        autoescape=jinja2.select_autoescape(("html.j2",)),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


_BACKSLASH_OR_SURROGATES = re.compile(r"\\\\|\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|\\ud[89a-f][0-9a-f]{2}")


def as_json(document: Any, indent: int | None = 2) -> str:
    """A document as JSON in ASCII, on one line if `indent` is None, with a line break at the end. A byte that is no
    UTF-8, as in the name of a file, becomes U+FFFD: half of a surrogate pair is no JSON to strict readers."""
    text = json.dumps(document, indent=indent)
    return _BACKSLASH_OR_SURROGATES.sub(lambda match: "\\ufffd" if len(match[0]) == 6 else match[0], text) + "\n"


def unless_empty(name: str, text: str) -> dict[str, str]:
    """A member of a JSON object, or none for an empty text."""
    return {name: text} if text else {}


def first(review: Review) -> Mail | None:
    """The mail that names the series: the cover letter or else the first patch; None for a tree."""
    return (review.series.cover or review.series.patches[0]) if review.series else None


def title(review: Review) -> str:
    """What was reviewed, in a line: the subject of the series, or else its file, or the tree."""
    mail = first(review)
    if mail is None:
        return review.tree
    return mail.subject.text or ("standard input" if mail.source.file == "-" else mail.source.file)


def input_name(review: Review) -> str:
    """The file of the mail that names the series, or the tree, fit to be printed."""
    mail = first(review)
    return visible(mail.source.file if mail else review.tree)


def mails(review: Review) -> dict[int, Mail]:
    """The mails of the series by number, 0 for the cover letter."""
    return {patch.mail.subject.number: patch.mail for patch in (review.cover, *review.patches) if patch}


def in_input(mail: Mail, at: Place) -> tuple[str, int, int]:
    """File, line and column of the input for a place in a message; the first of its mail where that is encoded.

    The column in a folded subject counts as if its header were one line.
    """
    if at.is_title and mail.source.title:
        line, column = mail.source.title
        return mail.source.file, line, column + at.column - 1
    number = None if at.is_title else mail.in_input(at.line)
    return (mail.source.file, mail.source.line, 1) if number is None else (mail.source.file, number, at.column)


def place(at: Place, mails: Mapping[int, Mail]) -> tuple[str, int, int]:
    """File, line and column of a place, fit to be printed: its own or, in a message, those of the input."""
    if at.path is not None:
        return visible(at.path), at.line, at.column
    file, line, column = in_input(mails[at.patch or 0], at)
    return visible(file), line, column


def with_fix(finding: Finding) -> str:
    """What is wrong and what would mend it, in one line."""
    return visible(f"{finding.message}; fix: {finding.fix.description}" if finding.fix else finding.message)


def in_message(mail: Mail, at: Place) -> str:
    """The name of a place in a message: the subject, or a line."""
    name = mail.subject.text or mail.source.file
    return f"subject of {name}" if at.is_title else f"message of {name}, line {at.line}"


def checkpatch_line(place: str, finding: Finding, type_: str = "") -> str:
    """A finding on one line as checkpatch.pl --terse prints it: "place: LEVEL:TYPE: message", then its rule."""
    return visible(f"{place}: {finding.level.value.upper()}:{type_} {finding.message} [{finding.rule}]")


def counts_by_level(findings: Iterable[Finding]) -> dict[Level, int]:
    """How many findings there are of each level, the worst level first."""
    levels = [finding.level for finding in findings]
    return {level: levels.count(level) for level in reversed(Level)}


def nothing_said(review: Review) -> str:
    """The verdict where there is nothing to say; what stands all the same, as others have named it, is counted."""
    named = sum(suppressed.named for suppressed in review.withheld)
    return (
        f"nothing new: {named} {'stands' if named == 1 else 'stand'} that others have named"
        if named
        else "nothing found"
    )


def same_faults(findings: Iterable[Finding]) -> list[list[Finding]]:
    """The findings, those together of which a rule says the same but for the kfunc that it speaks of; each group where
    its first one stands."""
    groups: dict[object, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(_fault(finding), []).append(finding)
    return list(groups.values())


def _fault(finding: Finding) -> object:
    name = finding.function
    texts = (finding.message, finding.fix.description if finding.fix else "")
    words = tuple(text.replace(name, "") if name else text for text in texts)
    return finding.rule, finding.level, words, finding.repaired_by, finding.persisted


MANY = 5


def withheld(review: Review) -> Iterator[tuple[tuple[Finding, ...], str]]:
    """What is not said and why: one finding, or all those together of which more than MANY have the same reason."""
    by_reason: dict[str, list[Finding]] = {}
    for suppressed in review.withheld:
        by_reason.setdefault(suppressed.why, []).append(suppressed.finding)
    for why, findings in by_reason.items():
        yield from [(tuple(findings), why)] if len(findings) > MANY else [((finding,), why) for finding in findings]


def silence(review: Review) -> str:
    """How many findings are not said, and why, in one line; "" if all are."""
    reasons = list(dict.fromkeys(suppressed.why for suppressed in review.withheld))
    if not reasons:
        return ""
    others = f", and {pluralize(len(reasons) - 1, 'other reason')}" if reasons[1:] else ""
    return f"{pluralize(len(review.withheld), 'finding')} not said: {reasons[0]}{others}"


def mendable(review: Review) -> tuple[list[Finding], list[Finding]]:
    """The findings whose fixes can be applied, those that are sure and those that are not: of files, and of the
    messages of commits. Only those that hold where that was found out."""
    can = [
        finding
        for number, finding in enumerate(review.findings)
        if _is_mendable(review, finding) and (review.mending is None or number in review.mending.mended)
    ]
    sure = [finding for finding in can if finding.fix and not finding.fix.unsure]
    return sure, [finding for finding in can if finding not in sure]


def _is_mendable(review: Review, finding: Finding) -> bool:
    edits = finding.fix.edits if finding.fix else ()
    if not edits or finding.repaired_by is not None:
        return False
    return are_commits(review) or all(edit.at.path is not None for edit in edits)


def are_commits(review: Review) -> bool:
    """Were commits reviewed, so that what is wrong can be mended in them?"""
    return bool(review.patches) and all(patch.mail.source.commit for patch in review.patches)


WITHOUT = "without "
"""So begins the reason of what was not checked for lack of something."""


def not_checked(review: Review) -> list[tuple[tuple[str, ...], str]]:
    """What was not looked at, by reason: the rules together that have the same, and each file for itself."""
    rules = {rule.id for rule in review.rules}
    groups: dict[object, list[str]] = {}
    for name, why in review.skipped.items():
        groups.setdefault(why if name in rules else (name, why), []).append(name)
    return [(tuple(names), review.skipped[names[0]]) for names in groups.values()]


def unused(review: Review) -> Iterator[tuple[str, str]]:
    """The requests for silence that had no effect: where each stands, and its text with the reason."""
    for request in review.unused:
        yield f"{request.file}:{request.line}" if request.line else request.file, f"{request.text}: {request.why}"


_SLUG_LENGTH = 52


def slug(mail: Mail) -> str:
    """A file name for a mail in the manner of git format-patch, "v2-0003-mm-count-widgets": no suffix, no slash."""
    title = re.sub(r"[^A-Za-z0-9_]+", "-", mail.subject.title).strip("-")[:_SLUG_LENGTH].rstrip("-")
    version = f"v{mail.subject.version}-" if mail.subject.version > 1 else ""
    return f"{version}{mail.subject.number:04}" + (f"-{title}" if title else "")
