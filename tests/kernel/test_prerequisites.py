"""Which series may build on another one."""

from __future__ import annotations

import pytest

from kfunclint.kernel.prerequisites import builds_on
from kfunclint.mail.message import Headers, Mail, MailSource, Series, Subject

LORE = "https://lore.kernel.org/bpf/20251001-shelf@example.org/"


def mail(message: str, number: int = 1, parent: str = "") -> Mail:
    diff = "---\n mm/shelf.c | 1 +\n\ndiff --git a/mm/shelf.c b/mm/shelf.c\n--- a/mm/shelf.c\n+++ b/mm/shelf.c\n"
    hunk = "@@ -1 +1,2 @@\n int a;\n+int b; /* depends on c */\n"
    body = f"{message}\n{diff}{hunk}" if number else f"{message}\n"
    return Mail(Subject("mm: shelves", number=number), body, MailSource("a.mbox"), Headers(in_reply_to=parent))


def series(*patches: Mail, cover: Mail | None = None, total: int = 1, prerequisites: tuple[str, ...] = ()) -> Series:
    return Series(patches, cover, 1, total, "", prerequisites)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("It depends on the suffix series.", True),
        ("It is based\non v3 of the verifier work.", True),
        ("This sits on top of the new suffix.", True),
        ("Prerequisite: the __caller suffix.", True),
        ("Needs the series that adds the suffix.", True),
        ("The suffix is introduced by another patch set, an RFC: follow-up to that series.", True),
        (f"The suffix comes from [1].\n\n[1] {LORE}", True),
        ("See https://patchwork.kernel.org/project/netdevbpf/list/?series=1", True),
        ("Programs count shelves.", False),
        ("The verifier needs to know the size.", False),
        (f"Link: {LORE}", False),
        (f"Reported-by: A B <a@example.org>\nCloses: {LORE}", False),
        (f"v2: {LORE}", False),
        (f"- Link to v1: {LORE}", False),
        (f"v1:\n{LORE}", False),
        ("See https://example.org/lore.html for shelves.", False),
    ],
)
def test_words_that_name_another_series(message: str, expected: bool) -> None:
    assert builds_on(series(mail(message))) == expected
    assert builds_on(series(mail("Shelves."), cover=mail(message, 0))) == expected


def test_ids_of_patches_name_it() -> None:
    assert builds_on(series(mail("Shelves."), prerequisites=("0123456789ab",)))


def test_a_mail_that_is_missing_may_name_one() -> None:
    first, second = mail("Shelves."), mail("More.", 2)
    assert not builds_on(series(first, second, total=2))
    assert builds_on(series(second, total=2))
    assert builds_on(series(mail("Shelves.", parent="cover@example.org"), second, total=2))
    assert not builds_on(series(mail("Shelves.", parent="cover@example.org"), second, cover=mail("Two.", 0), total=2))
