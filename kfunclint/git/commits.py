"""Commits and the index of a git repository as series of patches, as `git format-patch` would send them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from kfunclint.errors import InputError
from kfunclint.git.repository import Repository, around
from kfunclint.mail import mime
from kfunclint.mail.inbox import MAX_MAILS, only_mail
from kfunclint.mail.mbox import MAX_MAIL, Raw
from kfunclint.mail.message import Inbox, Mail, MailSource, Series, Subject, TitlePlace
from kfunclint.value import replace

_HASH_SHOWN = 12
_DIFF = (
    "--no-ext-diff",
    "--no-textconv",
    "--full-index",
    "--submodule=short",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    "-O/dev/null",
    "-M",
)
_FORMAT = (
    "--root",  # one revision stands for all that it reaches
    "--stdout",
    "--no-binary",
    "--pretty=mboxrd",
    "--no-attach",
    "--no-thread",
    "--no-signature",
    "--no-add-header",
    "--no-to",
    "--no-cc",
    "--no-notes",
)
_FROM = re.compile(rb"^From ([0-9a-f]{40,64}) [^\n]*\n", re.M)
_QUOTED_FROM = re.compile(rb"^>(?=>*From )", re.M)
_CUT = re.compile(r" -{24} >8 -{24}")


def repository(folder: Path) -> Repository:
    """The git repository that a folder is in. Raises InputError where it is in none."""
    top = around(folder)
    if top is None:
        raise InputError(str(folder.absolute()), None, "not in a git repository, and no mail is named")
    return Repository(top)


def in_range(repository: Repository, text: str) -> Inbox:
    """The commits of a range as one series, oldest first and without merges: `a..b`, or `a` for `a..HEAD`.

    Its base is the parent of the first. Raises InputError for what is no range and for too many commits.
    """
    no_range = repository.refusal(f"{text} is not a range of commits")
    if text.startswith("-"):
        raise no_range
    revisions = repository.run("rev-parse", "--revs-only", text, "--").decode().split()
    if not all(repository.commit(name.removeprefix("^")) for name in revisions):
        raise no_range
    if len(revisions) == 1 and not revisions[0].startswith("^"):
        revisions = [f"^{revisions[0]}", "HEAD"]
    return reached(repository, revisions, MAX_MAILS)


def reached(repository: Repository, revisions: Sequence[str], most: int) -> Inbox:
    """The commits that git rev-list finds, as one series. Raises InputError for more than `most` of them."""
    commits = repository.run("rev-list", "--no-merges", f"--max-count={most + 1}", *revisions, "--").decode().split()
    if len(commits) > most:
        raise repository.refusal(f"more than {most} commits")
    if not commits:
        return Inbox((), ())
    numbered = "--numbered" if len(commits) > 1 else "--no-numbered"
    return _series(repository, repository.run("format-patch", numbered, *_FORMAT, *_DIFF, *revisions, "--"))


def staged(repository: Repository) -> Inbox:
    """What the index changes in HEAD as a series of one patch without a message. Raises as staged_diff() does."""
    diff = staged_diff(repository, None)
    return alone(unsent(diff, "staged changes")) if diff else Inbox((), ())


def staged_diff(repository: Repository, index: Path | None) -> str:
    """What the index, or another file in its place, changes in HEAD: a diff, "" for nothing.

    Raises InputError where there is no HEAD yet, mime.MailError for a diff that breaks a limit.
    """
    if repository.commit("HEAD") is None:
        raise repository.refusal("no commit yet")
    return mime.plain(repository.run("diff-index", "--cached", "-p", *_DIFF, "HEAD", "--", index=index))


def message(text: str, comment: str, file: str, diff: str) -> Mail:
    """A commit in the making: the text that its author edited, `file` for short, and the diff that goes with it.

    Lines that begin with `comment`, git's core.commentChar, are no part of it; they stay as blank lines, so that all
    lines of the text keep their number.
    """
    lines = text.split("\n")
    cut = next((at for at, line in enumerate(lines) if _CUT.fullmatch(line.removeprefix(comment))), len(lines))
    lines = ["" if line.startswith(comment) else line for line in lines[:cut]]
    title = next((at for at, line in enumerate(lines) if line.strip()), len(lines))
    body = "\n".join(lines[title + 1 :]).rstrip("\n")
    return unsent(f"{body}\n---\n\n{diff}", file, "".join(lines[title : title + 1]).rstrip(), title + 2)


def alone(patch: Mail) -> Inbox:
    """A series of one patch."""
    return Inbox((Series((patch,), None, 1, 1, "", ()),), ())


def unsent(body: str, file: str, title: str = "", first_line: int = 1) -> Mail:
    """A patch that is no mail yet: a message and a diff, of which `first_line` is that of the message in its file,
    below the line of the title."""
    title_place = TitlePlace(first_line - 1, 1) if title else None
    return Mail(Subject(title, text=title), body, MailSource(file, body_line=first_line, title=title_place))


def _series(repository: Repository, mbox: bytes) -> Inbox:
    """The mails that git wrote for commits."""
    pieces = list(_pieces(mbox))
    patches: list[Mail] = []
    broken: list[InputError] = []
    for commit, data in pieces:
        try:
            patches.append(_patch(commit, data))
        except InputError as refusal:
            broken.append(refusal)
    parent = repository.info(f"{pieces[0][0]}^") if pieces else None
    series = Series(tuple(patches), None, 1, len(pieces), parent.hash if parent else "", ())
    return Inbox((series,) if patches else (), tuple(broken))


def _pieces(mbox: bytes) -> Iterator[tuple[str, bytes]]:
    """The commit and the bytes of every mail; in a message git quotes what looks like the start of one."""
    parts = _FROM.split(mbox)
    for commit, data in zip(parts[1::2], parts[2::2], strict=True):
        yield commit.decode(), _QUOTED_FROM.sub(b"", data)


def _patch(commit: str, data: bytes) -> Mail:
    """The patch of a commit, whose file is named as the kernel cites commits and begins with the title."""
    name = f"commit {commit[:_HASH_SHOWN]}"
    if len(data) > MAX_MAIL:
        raise InputError(name, None, f"larger than {MAX_MAIL >> 20} MiB")
    mail = only_mail(Raw(name, 1, data))
    source = MailSource(f'{name} ("{mail.subject.title}")', body_line=3, title=TitlePlace(1, 1), commit=commit)
    return replace(mail, source=source)
