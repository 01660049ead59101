"""Mail that is damaged or hostile is refused with the line and the reason, cheaply and without a traceback."""

from __future__ import annotations

import contextlib
import errno
import gzip
import os
import random
import resource
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import ROOT, Lint
from hypothesis import given, settings
from hypothesis import strategies as st

from kfunclint import paths
from kfunclint.c.failure import Failure, FailureKind
from kfunclint.c.syntax import Unit
from kfunclint.clang import Parser
from kfunclint.errors import InputError
from kfunclint.mail import mbox, mime
from kfunclint.mail.inbox import MAX_MAILS, read_inbox, select_series
from kfunclint.patch.diff import MAX_FILES, MAX_HUNKS, MAX_LINE, parse_patch
from kfunclint.patch.postimage import PostImage

FIXTURES = ROOT / "fixtures"
BAD = FIXTURES / "bad"
MAILS = FIXTURES / "mail"

HEAD = b"Subject: [PATCH] x\nFrom: a@example.org\n"
FILE = b"diff --git a/x.c b/x.c\n--- a/x.c\n+++ b/x.c\n"
HUNK = b"@@ -1 +1 @@\n-old\n+new\n"


def refusals(path: Path | str) -> Iterator[InputError]:
    """Everything that reading, choosing and parsing an input refuses."""
    inbox = read_inbox([str(path)])
    yield from inbox.errors
    for series in select_series(inbox, None, True):
        for one in series.patches:
            try:
                parse_patch(one)
            except InputError as refusal:
                yield refusal


def refused(path: Path | str) -> str:
    """The one refusal of an input, without the folder."""
    (refusal,) = refusals(path)
    return str(refusal).removeprefix(f"{Path(path).parent}/")


COUNTS = "hunk with other counts than its @@ line"
FOREIGN = "line that no hunk can hold: quoted, wrapped or cut off"
REASONS = {
    "absolute.patch": ":22: absolute path",
    "climbing.patch": ":22: path that leads out of the tree",
    "control.patch": ":22: not a file name",
    "count-too-large.patch": f":26: {COUNTS}",
    "count-too-small.patch": f":26: {COUNTS}",
    "cut-off.patch": f":26: {COUNTS}",
    "cut-out.patch": f":26: {COUNTS}",
    "damaged.mbox.gz": ": damaged gzip data",
    "empty.patch": ": empty",
    "half-file-header.patch": ":24: file header without its two names",
    "junk.bin": ": no patch in it",
    "last-count-too-small.patch": ":50: line of a diff that no @@ line counts",
    "mangled-hunk-header.patch": ":44: not a hunk header",
    "merge.patch": ":7: combined diff of a merge",
    "no-diff.eml": ":1: no diff in this patch mail",
    "no-file-header.patch": ":24: file header without its two names",
    "no-hunk-header.patch": ":44: line of a diff that no @@ line counts",
    "no-patch.txt": ": no patch in it",
    "overlap.patch": ":44: hunk that does not stand behind the one above it",
    "quoted-header.patch": ":26: file header without a hunk",
    "quoted-hunk.patch": f":30: {FOREIGN}",
    "replies-only.mbox": ": no patch in it",
    "wrapped.patch": f":45: {FOREIGN}",
}


@pytest.mark.parametrize("name", REASONS)
def test_reason(name: str) -> None:
    assert refused(BAD / name) == name + REASONS[name]


def test_every_bad_file_is_tried() -> None:
    assert {path.name for path in BAD.iterdir()} >= {*REASONS, "broken-mails.mbox"}


def test_broken_mails_do_not_stop_the_others() -> None:
    inbox = read_inbox([str(BAD / "broken-mails.mbox")])
    assert [refusal.reason for refusal in inbox.errors] == ["no patch in it"]
    (series,) = inbox.series
    assert [one.subject.number for one in series.patches] == [1, 2]
    assert parse_patch(series.patches[0]).files
    with pytest.raises(InputError, match=COUNTS):
        parse_patch(series.patches[1])


def test_missing_file_does_not_stop_the_others(tmp_path: Path) -> None:
    inbox = read_inbox([str(tmp_path / "none"), str(MAILS / "plain.eml")])
    assert [str(refusal) for refusal in inbox.errors] == [f"{tmp_path / 'none'}: No such file or directory"]
    assert len(inbox.series) == 1


def test_file_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:  # root may read everything
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    (tmp_path / "x.eml").touch()
    monkeypatch.setattr(os, "open", refuse)
    assert refused(tmp_path / "x.eml") == "x.eml: Permission denied"


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to("loop")
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(str(tmp_path / "socket"))
        assert refused(tmp_path / "socket") == "socket: not a regular file"
    assert refused(tmp_path / "fifo") == "fifo: not a regular file"
    assert refused(tmp_path / "loop") == "loop: Too many levels of symbolic links"
    assert refused("/dev/zero") == "zero: not a regular file"


def test_names_that_are_none() -> None:
    assert [refusal.reason for refusal in refusals("a\0b")] == ["not a file name"]
    assert [refusal.reason for refusal in refusals("")] == ["not a regular file"]
    (refusal,) = refusals("no\udcff")
    assert str(refusal).isprintable()


def test_folder_without_patches(tmp_path: Path) -> None:
    (tmp_path / "up.patch").symlink_to(tmp_path)
    (tmp_path / "notes.txt").write_text("Nothing.\n")
    assert refused(tmp_path).endswith(": a folder without patches or mails")
    (tmp_path / "gone.patch").symlink_to("nowhere")
    assert [refusal.reason for refusal in refusals(tmp_path)] == ["No such file or directory"]


LIMITS = {
    f"line of more than {MAX_LINE} characters": b"\n---\n" + FILE + HUNK + b"+" * (MAX_LINE + 1),
    f"more than {MAX_FILES} files": b"\n---\n" + (FILE + HUNK) * (MAX_FILES + 1),
    f"more than {MAX_HUNKS} hunks": b"\n---\n"
    + FILE
    + b"".join(b"@@ -%d +%d @@\n-old\n+new\n" % (at, at) for at in range(1, MAX_HUNKS + 2)),
    f"more than {mime.MAX_LINES} lines": b"\n" * (mime.MAX_LINES + 1) + FILE + HUNK,
    f"header field of more than {mime.MAX_HEADER >> 10} KiB": b"Cc: "
    + b"a\n b" * mime.MAX_HEADER
    + b"\n\n"
    + FILE
    + HUNK,
    f"more than {mime.MAX_PARTS} parts": b"Content-Type: multipart/mixed; boundary=b\n\n"
    + b"--b\n\nx\n" * (mime.MAX_PARTS + 1),
    f"parts nested more than {mime.MAX_DEPTH} deep": b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (depth, depth)
        for depth in range(mime.MAX_DEPTH + 1)
    ),
    "not a file name": b"\n---\n" + FILE.replace(b"x.c", b"x" * (paths.MAX_PATH + 1)) + HUNK,
    "larger than 8 MiB": b"\n" + b"x" * mbox.MAX_MAIL,
    "empty hunk": b"\n---\n" + FILE + b"@@ -1,0 +1,0 @@\n",
}


@pytest.mark.parametrize("reason", LIMITS)
def test_limit(reason: str, tmp_path: Path) -> None:
    (tmp_path / "x.eml").write_bytes(HEAD + LIMITS[reason])
    assert [refusal.reason for refusal in refusals(tmp_path / "x.eml")] == [reason]


def test_too_many_mails(tmp_path: Path) -> None:
    one = b"From git@z Thu Jan  1 00:00:00 1970\n" + HEAD + b"\n" + FILE + HUNK + b"\n"
    (tmp_path / "box").write_bytes(one * (MAX_MAILS + 1))
    line = MAX_MAILS * one.count(b"\n") + 2
    assert refused(tmp_path / "box") == f"box:{line}: more than {MAX_MAILS} mails"


# Each of these costs a careless reader quadratic time, or all memory.
HOSTILE: dict[str, Callable[[], bytes]] = {
    "encoded words": lambda: b"Subject: " + b"=?a?q?" * 10_000 + b"\nFrom: a@example.org\n\n" + FILE + HUNK,
    "quotes": lambda: HEAD + b"Cc: " + b',"' * 30_000 + b"\n\n" + FILE + HUNK,
    "parameters": lambda: HEAD + b"Content-Type: text/plain" + b';a="\\' * 12_000 + b"\n\n" + FILE + HUNK,
    "ids": lambda: HEAD + b"References: " + b"<" * 60_000 + b"\n\n" + FILE + HUNK,
    "prefixes": lambda: b"From: a@example.org\nSubject: " + b"Re: [a] " * 8_000 + b"\n\n" + FILE + HUNK,
    "in-body header": lambda: HEAD + b"\nFrom: a\n" + b" x\n" * 190_000 + FILE + HUNK,
    "scissors": lambda: HEAD + b"\n" + b"-- >8 --                   x\n" * 100_000 + FILE + HUNK,
    "hunks that end at once": lambda: HEAD + b"\n---\n" + FILE + b"@@ -1,9 +1,9 @@\n" * 190_000,
    "hunks that never end": lambda: HEAD + b"\n" + b"@@ -1,999999999 +1,999999999 @@\n" * 190_000 + FILE + HUNK,
    "names": lambda: HEAD + b"\n---\n" + (b"diff --git " + b"a " * 8_000 + b"\nold mode 1\n") * 400,
    "titles": lambda: b"[patch" * 1_000_000 + b"\n" + FILE + HUNK,
    "age of a page": lambda: b"[patch] x\nPosted by " + b" " * 4_000_000 + b"\n" + FILE + HUNK,
    "soft line breaks": lambda: HEAD + b"Content-Type: text/plain; format=flowed\n\n" + b"x \n" * 190_000 + FILE + HUNK,
    "From lines": lambda: b"From a Thu Jan  1 00:00:00 1970\n" + b"\nFrom Mon Tue" * 2_000_000,
    "line breaks": lambda: b"From a Thu Jan  1 00:00:00 1970\n" + b"\n" * (60 << 20),
    "parts in parts": lambda: (
        HEAD
        + b"Content-Type: multipart/mixed; boundary=b\n\n"
        + b"--b\nContent-Type: multipart/mixed; boundary=c\n\n\n" * 40_000
    ),
    "junk": lambda: random.Random(1).randbytes(50 << 20),
    "junk in an mbox": lambda: b"From x\n" + random.Random(1).randbytes(50 << 20),
    "bomb": lambda: gzip.compress(b"From x\n" + b"\n" * (200 << 20), 1),
}
# VmHWM and not ru_maxrss: that would count the memory of the test runner, from which the process was forked.
MEASURED = """
import sys

from kfunclint.mail.inbox import read_inbox
from kfunclint.patch.diff import parse_patch
from kfunclint.errors import InputError

for series in read_inbox(sys.argv[1:]).series:
    for one in series.patches:
        try:
            parse_patch(one)
        except InputError:
            pass
print(*(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def ten_seconds() -> None:
    """Limit the processor time of this process; linear work needs a second or two."""
    resource.setrlimit(resource.RLIMIT_CPU, (10, 10))


@pytest.mark.parametrize("name", HOSTILE)
def test_bounded_work(name: str, tmp_path: Path) -> None:
    (tmp_path / "input").write_bytes(HOSTILE[name]())
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, tmp_path / "input"],
        cwd=FIXTURES.parent,
        preexec_fn=ten_seconds,
        capture_output=True,
        check=False,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) < 200 << 10


def test_families_of_many_series(tmp_path: Path) -> None:
    one = "From git@z Thu Jan  1 00:00:00 1970\nSubject: [PATCH{}] bpf: add shelf_{}()\nFrom: a@example.org\n\n{}\n"
    diff = (FILE + HUNK).decode()
    (tmp_path / "box").write_text("".join(one.format(" v2" if at % 2 else "", at // 2, diff) for at in range(1000)))
    inbox = read_inbox([str(tmp_path / "box")])
    assert len(select_series(inbox, None, False)) == 500


SEEDS = ["plain.eml", "kinds.patch", "series.mboxrd", "attachment.eml", "page.txt", "flowed.eml", "base64.eml"]
STRANGE = [
    b"",
    b"---",
    b"-- ",
    b"@@ -1,2 +3 @@",
    b"diff --git a/x b/x",
    b"From x Thu Jan  1 00:00:00 1970",
    b"\0\xff",
    b"> ",
    b"\\",
]


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(SEEDS), st.data())
def test_any_damage_is_refused_or_read(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    lines = (MAILS / name).read_bytes().split(b"\n")
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(lines) - 1))
        other = data.draw(st.integers(0, len(lines) - 1))
        match data.draw(st.sampled_from(["drop", "cut", "copy", "strange", "byte"])):
            case "drop":
                del lines[at : max(at, other)]
            case "cut":
                lines[at] = lines[at][: other % 7]
            case "copy":
                lines.insert(at, lines[other])
            case "strange":
                lines[at] = data.draw(st.sampled_from(STRANGE)) + lines[at]
            case "byte":
                lines[at] += bytes([other % 256])
        lines = lines or [b""]
    path = tmp_path_factory.mktemp("damaged") / name
    path.write_bytes(b"\n".join(lines))
    for refusal in refusals(path):
        assert refusal.file == str(path)
        assert refusal.reason
        assert refusal.line is None or 1 <= refusal.line <= len(lines)


@settings(deadline=None, max_examples=200)
@given(
    st.binary(max_size=200), st.sampled_from([b"", b"From ", HEAD, HEAD + b"\n", FILE, b"\x1f\x8b\x08", b"\xff\xfe"])
)
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, data: bytes, start: bytes) -> None:
    path = tmp_path_factory.mktemp("bytes") / "x"
    path.write_bytes(start + data)
    for series in read_inbox([str(path)]).series:
        for one in series.patches:
            one.body.encode()
            one.subject.text.encode()
            assert "\0" not in one.body
    list(refusals(path))


def new_file(*lines: str) -> str:
    """A mail that brings a file with these lines."""
    added = "".join(f"+{line}\n" for line in lines)
    head = "From: Ann Author <ann@example.org>\nSubject: [PATCH] x\n\nx\n---\n"
    return f"{head}diff --git a/a.c b/a.c\n--- /dev/null\n+++ b/a.c\n@@ -0,0 +1,{len(lines)} @@\n{added}"


def test_a_rule_is_heard_a_thousand_times(lint: Lint) -> None:
    found = lint(new_file(*["/* the the */"] * 1200), only=("text/grammar",))
    assert len(found.findings) == 1000
    assert found.skipped == {"text/grammar": "stopped after 1000 remarks"}


def test_a_file_that_is_too_large_is_not_looked_at(lint: Lint) -> None:
    found = lint(new_file("/* the the */", *["x" * 1000] * 2200), only=("text/grammar",))
    assert not found.findings
    assert found.skipped == {"a.c": "not looked at: the file, or all files together, are too large"}


def test_a_parser_that_stops_is_not_asked_for_ever(monkeypatch: pytest.MonkeyPatch, lint: Lint, parser: Parser) -> None:
    asked = []

    def stop(source: PostImage, **_: object) -> Unit:
        asked.append(source.path)
        return Unit(source.path, failure=Failure(FailureKind.STOPPED, "CPU limit"))

    monkeypatch.setattr(parser, "parse", stop)
    head, file = new_file("__bpf_kfunc int bpf_a(void);").split("diff --git")
    found = lint(head + "".join("diff --git" + file.replace("a.c", f"{name}.c") for name in "abcdefg"))
    assert asked == ["a.c", "b.c", "c.c", "d.c"]
    assert found.skipped["g.c"] == "not parsed: the parser stopped too often"
