"""What --fix does: one patch on top of a series, or fixup commits on top of a branch."""

from __future__ import annotations

import argparse
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from kfunclint.checker.mending import Mending
from kfunclint.checker.result import Review
from kfunclint.cli import options, outputs
from kfunclint.finding import Finding
from kfunclint.git import fixups
from kfunclint.git.fixups import Fixup
from kfunclint.git.repository import Repository
from kfunclint.mail.message import Inbox
from kfunclint.patch.replacements import unified
from kfunclint.text import pluralize, visible

_NOBODY = "kfunclint <kfunclint@kfunclint.invalid>"


def check_branch(repository: Repository, inbox: Inbox) -> None:
    """Raises InputError where fixup commits cannot be made for the commits of a range."""
    for series in inbox.series:
        fixups.check(repository, [mail.source.commit for mail in series.patches])


def write_patch(arguments: argparse.Namespace, reviews: Sequence[Review]) -> None:
    """Write what --fix FILE asks for, and say what became of the fixes.

    Raises ValueError for fixes of more than one series.
    """
    mended = [review for review in reviews if review.mending and review.mending.replacements]
    if len(mended) > 1:
        raise ValueError("--fix writes one patch on top of one series: review them one by one")
    text = _patch(mended[0]) if mended else ""
    if arguments.fix == "-":
        options.write(text, None)
    elif mended:
        outputs.write_file(Path(arguments.fix), text)
    for review in reviews:
        _tell(review, arguments, "" if arguments.fix == "-" else arguments.fix)


def commit(arguments: argparse.Namespace, repository: Repository, reviews: Sequence[Review]) -> None:
    """Make what --fix=commits asks for, and say what to do with it. Raises InputError."""
    for review in reviews:
        wanted = list(_fixups(review))
        if wanted:
            first = review.patches[0].mail.source.commit
            fixups.check(repository, [patch.mail.source.commit for patch in review.patches])
            count = fixups.commit(repository, wanted)
            onto = f"{first[:12]}^" if repository.commit(first) and repository.info(f"{first}^") else "--root"
            for one in _in_the_way(review):
                options.say(f"git rebase may stop at {one}, as a later commit changes the line beside it")
            options.say(f"{pluralize(count, 'fixup commit')}; fold with: git rebase -i --autosquash {onto}")
        _tell(review, arguments, "")


def _fixups(review: Review) -> Iterator[Fixup]:
    """The fixups of a review of commits, in their order."""
    replacements = review.mending.replacements if review.mending else ()
    for patch in review.patches:
        number, name = patch.mail.subject.number, patch.mail.source.commit
        own = [fixups.LineChange(one.path, one.line, one.old, one.new) for one in replacements if one.patch == number]
        if own:
            files = tuple(one for one in own if one.path is not None)
            notes = tuple(_note(finding) for finding in _mended(review) if finding.origin.patch == number)
            yield Fixup(name, files, tuple(one for one in own if one.path is None), notes)


def _in_the_way(review: Review) -> Iterator[str]:
    """The lines to be changed in a commit beside which a later one adds a line: to git that is a conflict."""
    images = {image.path: image for image in review.sources}
    for one in review.mending.replacements if review.mending else ():
        if one.path is not None:
            beside = (images[one.path].line(one.line + step) for step in (-1, 1))
            if any(line and (line.patch or 0) > one.patch for line in beside):
                yield visible(f"{one.path}:{one.line}")


def _mended(review: Review) -> list[Finding]:
    mending = review.mending or Mending()
    return [review.findings[number] for number in sorted(mending.mended)]


def _note(finding: Finding) -> str:
    words = finding.fix.description if finding.fix else ""
    of = f"{finding.function}(): " if finding.function else ""
    return visible(f"- {of}{words} [{finding.rule}]")


def _patch(review: Review) -> str:
    """The patch as a mail, for git am as well as git apply."""
    assert review.mending is not None
    replacements = review.mending.replacements
    numbers = {one.patch for one in replacements}
    titles = [patch.mail.subject.title for patch in review.patches if patch.mail.subject.number in numbers]
    count = pluralize(len(review.mending.mended), "finding")
    subject = f"fixup! {titles[0]}" if len(titles) == 1 and titles[0] else f"mend {count} of kfunclint"
    notes = "".join(f"{_note(finding)}\n" for finding in _mended(review))
    head = f"From: {_author()}\nSubject: [PATCH] {visible(subject)}\nContent-Type: text/plain; charset=UTF-8\n"
    return f"{head}Content-Transfer-Encoding: 8bit\n\n{notes}---\n\n{unified(review.sources, replacements)}"


def _author() -> str:
    """Who applies the patch, as git knows them."""
    command = ["git", "var", "GIT_AUTHOR_IDENT"]
    try:
        ident = subprocess.run(command, capture_output=True, timeout=10, check=True).stdout.decode("utf-8", "replace")
    except (OSError, subprocess.SubprocessError):
        return _NOBODY
    return visible(ident.rpartition(">")[0] + ">") if ">" in ident else _NOBODY


def _tell(review: Review, arguments: argparse.Namespace, file: str) -> None:
    """Say how many findings are mended, and why others are not."""
    mending = review.mending or Mending()
    total = len(review.findings)
    if total:
        into = f": {file}" if file and mending.mended else ""
        options.say(f"{len(mending.mended)} of {pluralize(total, 'finding')} mended{into}")
    if mending.stopped:
        options.say(f"no fix was tried: {mending.stopped}")
    for finding in (review.findings[number] for number in sorted(mending.refused)):
        where = finding.at.path or "the message"
        options.say(f"not mended, as that would bring up something else: {finding.rule} in {where}")
    if not arguments.fix_unsure:
        unsure = sum(bool(finding.fix and finding.fix.edits and finding.fix.unsure) for finding in review.findings)
        if unsure:
            options.say(f"{pluralize(unsure, 'more fix')} with --fix-unsure, one of several ways each")
    for finding in mending.uncovered:
        options.say(f"found only then: {finding.message} [{finding.rule}]")
