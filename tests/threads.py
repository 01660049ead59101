"""Threads made up for tests: mails as bytes, and what became of them."""

from __future__ import annotations

from collections.abc import Iterable

from kfunclint.mail.inbox import read_inbox
from kfunclint.mail.message import Inbox, Series

ANN, BOB = "Ann Author <ann@example.org>", "Bob Builder <bob@example.org>"
STAT = " shelf.c | 2 +-\n 1 file changed, 1 insertion(+), 1 deletion(-)\n"
DIFF = "diff --git a/shelf.c b/shelf.c\n--- a/shelf.c\n+++ b/shelf.c\n@@ -1 +1 @@\n-old\n+new {}\n"
WORDS = "These shelves hold more.\n"
OUTLINE = f"These shelves hold more.\n\n{STAT}"
QUOTE = "Bob wrote:\n> +new\n\nLooks good to me.\n"


def patch(text: str = "") -> str:
    """A body as git format-patch writes it."""
    return f"Say why.\n\nSigned-off-by: {ANN}\n---\n{STAT}\n{DIFF.format(text)}-- \n2.47.0\n"


def mail(subject: str, own: str, above: str = "", sender: str = ANN, body: str | None = None) -> str:
    """A mail: with the ids, without brackets, of itself and of those above it, the opening of the thread first. Without
    a body it is a patch."""
    ids = above.split()
    links = f"In-Reply-To: <{ids[-1]}>\nReferences: {' '.join(f'<{name}>' for name in ids)}\n" if ids else ""
    ident = f"Message-ID: <{own}>\n" if own else ""
    text = patch(subject) if body is None else body
    return f"From: {sender}\nDate: Fri, 10 Jan 2025 12:00:00 +0100\nSubject: {subject}\n{ident}{links}\n{text}"


def read(mails: Iterable[str]) -> Inbox:
    """The inbox of the mails, in an mbox."""
    return read_inbox(["".join(f"From git@z Thu Jan  1 00:00:00 1970\n{text}\n" for text in mails).encode()])


def outline(series: Series) -> str:
    """A series in a word: "v2 0 1 2/3", 0 for its cover letter, and the version of each patch where they differ."""
    are_mixed = len(set(series.revisions)) > 1
    names = [
        f"{patch.subject.number}" + (f"(v{name})" if are_mixed else "")
        for patch, name in zip(series.patches, series.revisions, strict=True)
    ]
    return " ".join([f"v{series.version}", *(["0"] if series.cover else []), *names]) + f"/{series.total}"


def outlines(inbox: Inbox) -> list[str]:
    """All series of an inbox."""
    return [outline(series) for series in inbox.series]
