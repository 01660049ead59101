"""Containers, parts and layouts that are not as usual, and yet are what people send."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from threads import OUTLINE, WORDS, mail, outlines, patch

from kfunclint.mail.inbox import read_inbox
from kfunclint.mail.message import Mail
from kfunclint.patch.diff import parse_patch

FROM = "From mboxrd@z Thu Jan  1 00:00:00 1970\n"
ONE, TWO = mail("[PATCH 1/2] one", "p1"), mail("[PATCH 2/2] two", "p2", "p1")


def only(text: str) -> Mail:
    inbox = read_inbox([text.encode()])
    assert not inbox.errors
    ((patch,),) = (series.patches for series in inbox.series)
    return patch


FIELDS = [
    "Content-Disposition: inline; filename=shelf.patch",
    "Content-Disposition: attachment",
    "Content-Type: text/x-patch; charset=utf-8",
    'Content-Type: text/plain; name="0001-shelf.diff"',
    "Content-Type: application/octet-stream",
    "Content-Type: text/html",
    "Content-Type: multipart/mixed",
]


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("encoding", ["8bit", "quoted-printable"])
def test_the_only_part_is_the_body(field: str, encoding: str) -> None:
    text = ONE.replace("\n\n", f"\n{field}\nContent-Transfer-Encoding: {encoding}\n\n", 1)
    assert only(text).body.strip() == patch("[PATCH 1/2] one").strip()


@pytest.mark.parametrize("charset", ["windows-125\0", "utf-16\0", "gb\0", "latin\0one", "koi8-\u00ff"])
def test_a_charset_of_strange_characters_is_unknown(charset: str) -> None:
    head = f'Content-Type: text/plain; charset="{charset}"\nContent-Transfer-Encoding: 8bit\n\n'
    data = ONE.replace("\n\n", f"\n{head}", 1).replace(
        "Say why.", "Say why, J\N{LATIN SMALL LETTER O WITH DIAERESIS}rg."
    )
    inbox = read_inbox([data.encode("latin-1")])
    ((mail,),) = (series.patches for series in inbox.series)
    assert "Say why, J\N{LATIN SMALL LETTER O WITH DIAERESIS}rg." in mail.body


BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"


@pytest.mark.parametrize("lead", ["\n", "\n\n \t\n", "\r\n", BOM, f"{BOM}\n\n"])
def test_an_mbox_may_begin_with_nothing(lead: str) -> None:
    text = f"{lead}{FROM}{ONE}\n{FROM}{TWO}"
    inbox = read_inbox([text.encode()])
    assert (outlines(inbox), inbox.errors) == (["v1 1 2/2"], ())
    for found in inbox.series[0].patches:
        assert found.source.body_line
        assert text.split("\n")[found.source.body_line - 1] == "Say why."


@pytest.mark.parametrize("lead", ["", "\n", "\n\n", FROM])
@pytest.mark.parametrize("gap", ["", "\n", f"\n{FROM}", FROM])
def test_two_mails_in_one_text_are_two(lead: str, gap: str) -> None:
    text = f"{lead}{ONE}{gap}{TWO}"
    inbox = read_inbox([text.encode()])
    assert (outlines(inbox), inbox.errors) == (["v1 1 2/2"], ())
    for found in inbox.series[0].patches:
        assert found.source.body_line
        assert text.split("\n")[found.source.body_line - 1] == "Say why."


def in_base64(text: str) -> str:
    head, _, body = text.partition("\n\n")
    return f"{head}\nContent-Transfer-Encoding: base64\n\n{base64.encodebytes(body.encode()).decode()}"


def in_escapes(text: str) -> str:
    head, _, body = text.partition("\n\n")
    return f"{head}\nContent-Transfer-Encoding: quoted-printable\n\n{body.replace('=', '=3D').replace('@', '=40')}"


def in_parts(text: str) -> str:
    head, _, body = text.partition("\n\n")
    kind = 'Content-Type: multipart/mixed; boundary="x"'
    return f"{head}\n{kind}\n\n--x\nContent-Type: text/plain\n\n{body}\n--x--\n"


ENCODINGS = [str, in_base64, in_escapes, in_parts]


@pytest.mark.parametrize("second", ENCODINGS)
@pytest.mark.parametrize("first", ENCODINGS)
@pytest.mark.parametrize("gap", ["", "\n", FROM])
@pytest.mark.parametrize("lead", ["", FROM])
def test_two_mails_are_two_however_they_are_encoded(
    lead: str, gap: str, first: Callable[[str], str], second: Callable[[str], str]
) -> None:
    inbox = read_inbox([f"{lead}{first(ONE)}{gap}{second(TWO)}".encode()])
    assert (outlines(inbox), inbox.errors) == (["v1 1 2/2"], ())


@pytest.mark.parametrize("encoded", ENCODINGS)
def test_a_cover_letter_ends_where_the_next_mail_begins(encoded: Callable[[str], str]) -> None:
    cover = mail("[PATCH 0/2] all", "c", body=OUTLINE)
    inbox = read_inbox([f"{encoded(cover)}{ONE}{TWO}".encode()])
    assert (outlines(inbox), inbox.errors) == (["v1 0 1 2/2"], ())


def test_a_patch_that_lost_its_diff_takes_none_from_the_next_mail() -> None:
    inbox = read_inbox([f"{mail('[PATCH 1/2] one', 'p1', body=WORDS)}{TWO}".encode()])
    assert (outlines(inbox), len(inbox.errors)) == (["v1 2/2"], 1)


def test_fields_in_a_message_are_no_mail() -> None:
    report = "As this has it:\n\nFrom: Bob Builder <bob@example.org>\nSubject: shelves\n\n"
    assert "Bob" in only(mail("[PATCH] one", "p", body=report + patch())).body


def test_what_stands_below_a_diff_is_no_mail_without_a_header() -> None:
    tail = "base-commit: 0123456789abcdef\nFrom: the shelf\n\nSubject: none\n"
    assert only(mail("[PATCH] one", "p") + tail).body.endswith(tail)


def test_patches_in_an_answer_are_part_of_it() -> None:
    answer = mail("Re: [PATCH 1/2] one", "x", "p1", body=f"Like this:\n\n{patch()}\n{TWO}")
    inbox = read_inbox([f"{FROM}{ONE}\n{FROM}{answer}".encode()])
    assert (outlines(inbox), len(inbox.replies)) == (["v1 1/2"], 1)


def test_an_attached_mail_is_no_second_one() -> None:
    attached = f"Content-Type: message/rfc822\n\n{TWO}"
    parts = f"--x\nContent-Type: text/plain\n\n{patch()}\n--x\n{attached}\n--x--\n"
    head = "From: a@example.org\nSubject: [PATCH] one\nContent-Type: multipart/mixed; boundary=x\n"
    assert only(f"{head}\n{parts}").subject.title == "one"


def test_an_empty_mail_is_nothing() -> None:
    inbox = read_inbox([f"{FROM}{ONE}\n{FROM}\n\n{FROM}{TWO}".encode()])
    assert (outlines(inbox), inbox.errors) == (["v1 1 2/2"], ())


HEADER = "From: Ann Author <ann@example.net>\nSubject: [PATCH 2/2] shelf: count"
HASH = "0123456789abcdef0123456789abcdef01234567"
INNER = {
    "fields": (f"{HEADER}\n\n", ("shelf: count", "ann@example.net")),
    "fields in lower case": (f"{HEADER.lower()}\n\n", ("shelf: count", "ann@example.net")),
    "a format-patch file": (f"From {HASH} Mon Sep 17 00:00:00 2001\n{HEADER}\n\n", ("shelf: count", "ann@example.net")),
    "a quoted one": (f">From {HASH} Mon Sep 17 00:00:00 2001\n{HEADER}\n\n", ("shelf: count", "ann@example.net")),
    "a title": ("[PATCH] shelf: count\n\n", ("shelf: count", "ann@example.org")),
    "a title and a field": ("[PATCH] shelf: count\n\nFrom: b <b@example.net>\n\n", ("shelf: count", "b@example.net")),
    "a title of another kind": ("[PATCH v2] shelf: count\n\n", ("one", "ann@example.org")),
    "a folded title": ("Subject: shelf:\n count\n\n", ("shelf: count", "ann@example.org")),
    "no field": ("From here on it counts.\n\n", ("one", "ann@example.org")),
}


@pytest.mark.parametrize(("lead", "wanted"), INNER.values(), ids=INNER)
def test_header_fields_in_the_body(lead: str, wanted: tuple[str, str], tmp_path: Path) -> None:
    text = mail("[PATCH] one", "p", body=lead + patch())
    found = only(text)
    author = found.headers.author.rpartition("<")[2].rstrip(">")
    assert (found.subject.title, author) == wanted
    # an mbox quotes that line, and git knows it so
    git_title, git_author, git_message = mailinfo(text.replace(f"\n\nFrom {HASH}", f"\n\n>From {HASH}"), tmp_path)
    assert (git_title, git_author, git_message) == (*wanted, [line.text for line in parse_patch(found).message])


def mailinfo(text: str, folder: Path) -> tuple[str, str, list[str]]:
    """Title, address and message as git am would commit them."""
    command = ["git", "mailinfo", str(folder / "message"), str(folder / "patch")]
    info = subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout
    fields = dict(line.split(": ", 1) for line in info.splitlines() if line)
    return fields["Subject"], fields["Email"], (folder / "message").read_text().rstrip("\n").split("\n")


ENDS = [
    "---",
    "---  ",
    "--- notes",
    "---\tnotes",
    "----",
    "--",
    "diff -u a b",
    "diff of",
    "Index: x",
    "index: x",
    "--- ",
]


@pytest.mark.parametrize("line", ENDS)
def test_the_message_ends_where_git_ends_it(line: str, tmp_path: Path) -> None:
    text = mail("[PATCH] one", "p", body=patch().replace("Say why.\n", f"Say why.\n\n{line}\nMore.\n"))
    message = [line.text.rstrip() for line in parse_patch(only(text)).message]
    assert message == [line.rstrip() for line in mailinfo(text, tmp_path)[2]]


PREFIXES = [("a/", "b/"), ("old/", "new/"), ("before/", "x/"), ("i/", "w/")]
NAME = "sh elf/x.c"
CHANGES = {
    "new": ("new file mode 100644\n--- /dev/null\n+++ {dst}sh elf/x.c\n@@ -0,0 +1 @@\n+new\n", (None, NAME)),
    "deleted": ("deleted file mode 100644\n--- {src}sh elf/x.c\n+++ /dev/null\n@@ -1 +0,0 @@\n-new\n", (NAME, None)),
    "modified": ("--- {src}sh elf/x.c\n+++ {dst}sh elf/x.c\n@@ -1 +1 @@\n-old\n+new\n", (NAME, NAME)),
    "empty": ("new file mode 100644\n", (None, NAME)),
    "mode": ("old mode 100644\nnew mode 100755\n", (NAME, NAME)),
}


@pytest.mark.parametrize(("src", "dst"), PREFIXES)
@pytest.mark.parametrize(("change", "wanted"), CHANGES.values(), ids=CHANGES)
def test_prefixes_of_any_name(src: str, dst: str, change: str, wanted: tuple[str | None, str | None]) -> None:
    diff = f"diff --git {src}{NAME} {dst}{NAME}\n{change.format(src=src, dst=dst)}"
    (file,) = parse_patch(only(mail("[PATCH] one", "p", body=f"Why.\n---\n{diff}"))).files
    assert (file.old_path, file.new_path) == wanted


def test_names_without_prefix() -> None:
    diff = "diff --git new/x.c new/x.c\nnew file mode 100644\n--- /dev/null\n+++ new/x.c\n@@ -0,0 +1 @@\n+new\n"
    (file,) = parse_patch(only(mail("[PATCH] one", "p", body=f"Why.\n---\n{diff}"))).files
    assert file.new_path == "new/x.c"
