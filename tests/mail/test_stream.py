"""Archives of any size are read in memory that does not grow with them, and no series is cut."""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from conftest import ROOT

from kfunclint.clang import Parser
from kfunclint.cli.main import main
from kfunclint.errors import InputError
from kfunclint.mail import inbox as inbox_module
from kfunclint.mail import mbox, stream
from kfunclint.mail.inbox import read_inbox
from kfunclint.mail.mbox import Raw, raw_mails
from kfunclint.mail.stream import Archive

FROM = "From git@z Thu Jan  1 00:00:00 1970\n"
DIFF = "diff --git a/x.c b/x.c\n--- a/x.c\n+++ b/x.c\n@@ -1 +1 @@\n-old\n+{}\n"


def mail(name: str, title: str, above: str = "", line: str = "new") -> str:
    answers = f"In-Reply-To: <{above}>\n" if above else ""
    head = f"From: Ann Author <ann@example.org>\nMessage-ID: <{name}>\n{answers}"
    return f"{FROM}Subject: {title}\n{head}\nx\n---\n{DIFF.format(line)}\n"


def series(number: int, line: str = "new") -> list[str]:
    """A series of three, the second and third in answer to the first."""
    first = f"{number}-1@example.org"
    titles = [f"[PATCH {at}/3] part {at} of shelf {number}" for at in (1, 2, 3)]
    return [
        mail(f"{number}-{at}@example.org", title, first if at > 1 else "", line) for at, title in enumerate(titles, 1)
    ]


def interleaved(count: int) -> bytes:
    """Series of three each, the parts of one among those of its neighbours."""
    parts = [series(number) for number in range(count)]
    order = sorted((number + 2 * at, at, number) for number in range(count) for at in range(3))
    return "".join(parts[number][at] for _, at, number in order).encode()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Inboxes of at most 40 mails."""
    monkeypatch.setattr(stream, "MAX_MAILS", 40)
    monkeypatch.setattr(stream, "_PORTION", 20)


def titles(archive: Archive) -> list[list[str]]:
    """The series of each inbox by their titles, with what is missing."""
    return [
        [f"{of.patches[0].subject.title} {of.missing or ''}".strip() for of in inbox.series]
        for inbox in archive.inboxes()
    ]


@pytest.mark.usefixtures("small")
def test_an_archive_is_read_in_portions_and_no_series_is_cut() -> None:
    found = titles(Archive([interleaved(60)]))
    assert len(found) > 5
    assert [title for portion in found for title in portion] == [f"part 1 of shelf {number}" for number in range(60)]


def test_what_fits_is_one_inbox(tmp_path: Path) -> None:
    (tmp_path / "box").write_bytes(interleaved(60))
    archive = Archive([str(tmp_path / "box")])
    assert not archive.is_large()
    (inbox,) = archive.inboxes()
    assert inbox == read_inbox([str(tmp_path / "box")])


@pytest.mark.usefixtures("small")
def test_a_thread_that_does_not_fit_is_told() -> None:
    first = mail("0@example.org", "[PATCH] x")
    box = first + "".join(mail(f"{at}@example.org", "Re: [PATCH] x", "0@example.org") for at in range(1, 60))
    inboxes = list(Archive([box.encode()]).inboxes())
    assert [str(why) for inbox in inboxes for why in inbox.errors] == [
        "<bytes>:601: a thread of more than 40 mails, read in parts"
    ]


@pytest.mark.usefixtures("small")
def test_what_is_wanted_brings_its_thread() -> None:
    box = "".join(text for number in range(60) for text in series(number, "wanted" if number % 20 == 7 else "new"))
    box += "".join(series(60)[:2]) + series(60, "wanted")[2]
    found = titles(Archive([box.encode(), b"no mail"], lambda data: b"+wanted" in data))
    numbers = [7, 27, 47, 60]
    assert [title for portion in found for title in portion] == [f"part 1 of shelf {number}" for number in numbers]


def test_an_input_that_was_not_read_is_not_called_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox_module, "MAX_MAILS", 2)
    one = mail("1@example.org", "[PATCH] x").encode()
    found = read_inbox([one, one * 2, b"junk"])
    limit = "<bytes>:16: more than 2 mails"
    assert [str(why) for why in found.errors] == [limit, f"<bytes>: not read, as {limit}"]


@pytest.mark.parametrize("chunk", [100, 1000])
def test_a_box_read_in_pieces_is_the_same(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    boxes = sorted((ROOT / "fixtures").rglob("*.mbox*"))
    whole = [list(raw_mails([str(path)])) for path in boxes]
    monkeypatch.setattr(mbox, "_CHUNK", chunk)
    monkeypatch.setattr(mbox, "_BLOCK", chunk)
    assert len(boxes) > 5
    assert list(map(told, whole)) == [told(raw_mails([str(path)])) for path in boxes]


def told(mails: Sequence[tuple[object, Raw | InputError]] | Iterator[tuple[object, Raw | InputError]]) -> list[object]:
    return [str(raw) if isinstance(raw, InputError) else raw for _, raw in mails]


def test_mails_behind_one_that_is_too_large_are_read() -> None:
    large = mail("1@example.org", "[PATCH] large", line="x\n" * (mbox.MAX_MAIL // 2))
    small = mail("2@example.org", "[PATCH] small")
    found = read_inbox([f"{small}{large}{small}".encode()])
    at = 2 * small.count("\n") - 1 - small.count("\n") + 2
    assert [(str(why)) for why in found.errors] == [f"<bytes>:{at}: mail of more than 8 MiB"]
    line = (small + large).count("\n") + 2
    assert [patch.source.line for of in found.series for patch in of.patches] == [line]


def test_a_bomb_is_refused() -> None:
    bomb = gzip.compress(b"From x\n" + b"\n" * (100 << 20), 9)
    assert "<bytes>: gzip data of more than 100 times its size" in map(str, read_inbox([bomb]).errors)


KFUNC = "__bpf_kfunc int bpf_shelf(void);"


@pytest.mark.parametrize("names", [("small",), ()])
def test_only_series_about_kfuncs(
    names: tuple[str, ...],
    request: pytest.FixtureRequest,
    parser: Parser,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    for name in names:
        request.getfixturevalue(name)
    box = "".join(text for number in range(60) for text in series(number, KFUNC if number == 7 else "the the"))
    (tmp_path / "box").write_text(box)
    main([str(tmp_path / "box"), "--only-kfuncs", "--no-tree", "--format", "json"], parser)
    out, err = capsys.readouterr()
    assert out.count('"schema"') == 1
    assert "part 1 of shelf 7" in out
    assert err == ""


@pytest.mark.usefixtures("small")
def test_reports_of_an_archive_are_those_of_its_portions(
    parser: Parser, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    mails = (mail(f"{at}@example.org", f"[PATCH] shelf {at}", line="/* is is the the */") for at in range(60))
    (tmp_path / "box").write_text("".join(mails))
    assert main([str(tmp_path / "box"), "--no-tree", "--fail-on", "check"], parser) == 1
    printed = capsys.readouterr().out
    main([str(tmp_path / "box"), "--no-tree", "-o", str(tmp_path / "out")], parser)
    assert (tmp_path / "out").read_text() == printed
    assert printed.count("[PATCH] shelf") == 60


MEASURED = """
import sys
from kfunclint.mail.stream import Archive

for inbox in Archive(sys.argv[1:]).inboxes():
    count = len(inbox.series)
    del inbox
print(*(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def test_memory_does_not_grow_with_the_archive(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        lines = "".join(f"line {number} of a mail\n" for number in range(100))
        with (tmp_path / "box").open("w", encoding="utf-8") as box:
            box.writelines(mail(f"{at}@example.org", f"[PATCH] {at}") + lines for at in range(count))
        command = [sys.executable, "-c", MEASURED, str(tmp_path / "box")]
        return int(subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout)

    assert peak(12_000) <= 1.3 * peak(2000)
