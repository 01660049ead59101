"""What is read is never overwritten, what is written is whole, and a mail on a pipe is read."""

from __future__ import annotations

import gzip
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT
from programs import BIN

from kfunclint.cli import outputs
from kfunclint.cli.main import main

SERIES = ROOT / "fixtures" / "series.mbox"
Output = pytest.CaptureFixture[str]


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A mailbox, with a second and a third name, in the working directory; and a folder of patches."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(SERIES, "s.mbox")
    Path("link").symlink_to("s.mbox")
    Path("hard").hardlink_to("s.mbox")
    Path("d").mkdir()
    for number, mail in enumerate(SERIES.read_text().split("From mboxrd@z Thu Jan  1 00:00:00 1970\n")[1:]):
        Path(f"d/000{number}-reply-x.patch").write_text(mail)
    return tmp_path


OVERWRITING = [
    ["s.mbox", "-o", "s.mbox"],
    ["s.mbox", "-o", "./d/../s.mbox"],
    ["s.mbox", "-o", "link"],
    ["s.mbox", "-o", "hard"],
    ["link", "--report", "html=s.mbox"],
    ["s.mbox", "--report", "json=x", "--report", "html=s.mbox"],
    ["d", "-o", "d/0001-reply-x.patch"],
    ["d", "--report", "json=d/0001-reply-x.patch"],
    ["d", "--since", "s.mbox", "-o", "s.mbox"],
    ["s.mbox", "--config", "c.toml", "-o", "c.toml"],
]
TWICE = [
    ["s.mbox", "--report", "html=x", "--report", "json=x"],
    ["s.mbox", "--report", "html=x", "-o", "x"],
    ["s.mbox", "--report", "html=x", "-o", "./d/../x"],
    ["s.mbox", "--baseline", "x", "-o", "x"],
]


@pytest.mark.parametrize("arguments", [*OVERWRITING, *TWICE])
def test_nothing_is_overwritten(arguments: list[str], box: Path, capsys: Output) -> None:
    Path("c.toml").write_text("strict = false\n")
    before = {path: path.read_bytes() for path in box.rglob("*") if path.is_file()}
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    words = "would overwrite an input" if arguments in OVERWRITING else "is named for two outputs"
    assert f": {words}, nothing was written\n" in err
    assert {path: path.read_bytes() for path in box.rglob("*") if path.is_file()} == before


def test_an_input_is_no_baseline(box: Path, capsys: Output) -> None:
    assert main(["s.mbox", "--baseline", "s.mbox"]) == 2
    assert (capsys.readouterr().out, Path("s.mbox").read_bytes()) == ("", SERIES.read_bytes())


def test_a_file_of_a_folder_report_does_not_overwrite_a_patch(box: Path, capsys: Output) -> None:
    assert main(["d", "--report", "reply=replies/"]) == 1
    for reply in Path("replies").iterdir():
        shutil.copy("d/0001-reply-x.patch", Path("d") / reply.name)
        Path("d/0001-reply-x.patch").unlink(missing_ok=True)
        break
    before = {path: path.read_bytes() for path in Path("d").iterdir()}
    capsys.readouterr()
    assert main(["d", "--report", "reply=d/"]) == 2
    out, err = capsys.readouterr()
    assert (out, "would overwrite an input" in err) == ("", True)
    assert {path: path.read_bytes() for path in Path("d").iterdir()} == before


def test_what_is_no_file_may_be_named_twice(box: Path) -> None:
    assert main(["s.mbox", "-o", "/dev/null", "--report", "html=/dev/null"]) == 1
    assert Path("/dev/null").is_char_device()


def test_standard_input_from_a_file_is_not_overwritten(box: Path) -> None:
    with Path("s.mbox").open() as file:
        done = subprocess.run([BIN / "kfunclint", "-", "-o", "s.mbox"], stdin=file, capture_output=True, check=False)
    assert (done.returncode, b"would overwrite an input" in done.stderr) == (2, True)
    assert Path("s.mbox").read_bytes() == SERIES.read_bytes()


def test_a_report_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target, link = tmp_path / "x", tmp_path / "link"
    target.write_text("old")
    target.chmod(0o600)
    link.symlink_to(target)
    with pytest.raises(UnicodeEncodeError):
        outputs.write_file(link, "new \udc80")
    assert target.read_text() == "old"
    outputs.write_file(link, "new")
    assert (target.read_text(), link.is_symlink(), target.stat().st_mode & 0o777) == ("new", True, 0o600)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "x"]
    with pytest.raises(OSError, match=r"no/x: No such file or directory$"):
        outputs.write_file(tmp_path / "no" / "x", "new")


@pytest.mark.parametrize("form", ["pipe", "file", "gzip"])
def test_a_mail_on_a_pipe_is_read(form: str, box: Path) -> None:
    subprocess.run(["git", "init", "--quiet"], check=True)
    Path("s.mbox.gz").write_bytes(gzip.compress(SERIES.read_bytes()))
    name = "s.mbox.gz" if form == "gzip" else "s.mbox"
    command = f"cat {name} | {BIN}/kfunclint" if form == "pipe" else f"{BIN}/kfunclint < {name}"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split("\n")[-4]) == (1, "3 warnings, 3 checks in 2 of 2 patches")


@pytest.mark.parametrize("stdin", ["</dev/null", "<&-", "<empty"])
def test_nothing_on_standard_input_is_no_mail(stdin: str, box: Path) -> None:
    Path("empty").touch()
    command = f"{BIN}/kfunclint {stdin}"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, f"kfunclint: {box}: not in a git repository, and no mail is named\n")


def test_what_is_named_is_read_not_the_pipe(box: Path) -> None:
    command = [sys.executable, "-m", "kfunclint", "--staged"]
    done = subprocess.run(command, input=SERIES.read_text(), capture_output=True, text=True, check=False)
    assert "not in a git repository" in done.stderr


def test_a_report_to_standard_output_takes_its_place(box: Path, capsys: Output) -> None:
    assert main(["s.mbox", "--report", "gcc=-"]) == 1
    printed = capsys.readouterr().out
    assert main(["s.mbox", "--format", "gcc", "-o", "-"]) == 1
    assert capsys.readouterr().out == printed
    assert main(["s.mbox", "--report", "gcc=-", "-o", "plain"]) == 1
    assert capsys.readouterr().out == printed
    assert "\n3 warnings, 3 checks in 2 of 2 patches" in Path("plain").read_text()
    assert not Path("-").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--report", "gcc=-", "--report", "json=-"],
        ["--report", "gcc=-", "--format", "json"],
        ["--report", "gcc=-", "--statistics"],
    ],
)
def test_two_reports_to_standard_output_are_refused(arguments: list[str], box: Path, capsys: Output) -> None:
    assert main(["s.mbox", *arguments]) == 2
    out, err = capsys.readouterr()
    assert (out, err) == ("", "kfunclint: standard output is named for two outputs, nothing was written\n")


@pytest.mark.parametrize("name", ["new/replies/", "d"])
def test_a_folder_is_filled_by_either_option(name: str, box: Path, capsys: Output) -> None:
    assert main(["s.mbox", "--report", f"reply={name}", "-o", "out"]) == 1
    texts = {path.name: path.read_text() for path in Path(name).glob("*.eml")}
    assert len(texts) == 2
    for path in Path(name).glob("*.eml"):
        path.unlink()
    assert main(["s.mbox", "--format", "reply", "-o", name]) == 1
    assert {path.name: path.read_text() for path in Path(name).glob("*.eml")} == texts
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("arguments", [["-o", "no/x"], ["--report", "html=no/x"]])
def test_no_folder_is_made_unasked(arguments: list[str], box: Path, capsys: Output) -> None:
    assert main(["s.mbox", *arguments]) == 2
    assert capsys.readouterr().err == "kfunclint: no/x: No such file or directory\n"
    assert not Path("no").exists()


@pytest.mark.parametrize(
    "arguments", [["--format", "json", "--format", "html"], ["-o", "a", "-o", "b"], ["--format", "gcc", "--statistics"]]
)
def test_what_can_hold_once_is_not_said_twice(arguments: list[str], box: Path, capsys: Output) -> None:
    assert main(["s.mbox", *arguments]) == 2
    assert "is given twice" in capsys.readouterr().err


def test_a_report_in_a_file_has_all_series(box: Path, capsys: Output) -> None:
    Path("t.mbox").write_text(SERIES.read_text().replace("depot-v2", "again-v2"))
    assert main(["s.mbox", "t.mbox", "--revision", "all", "--report", "json=x", "--format", "json"]) == 1
    text = capsys.readouterr().out
    assert (text.count("\n"), Path("x").read_text()) == (2, text)


def test_quiet_says_nothing_of_what_is_clean(box: Path, capsys: Output) -> None:
    assert main(["s.mbox", "-q"]) == 1
    assert "\n3 warnings, 3 checks in 2 of 2 patches" in capsys.readouterr().out
    assert main(["s.mbox", "-q", "--only", "body"]) == 0
    assert capsys.readouterr() == ("", "")
    assert main(["s.mbox", "-q", "--only", "body", "--format", "codequality"]) == 0
    assert capsys.readouterr().out == "[]\n"


def test_statistics_are_of_all_series(box: Path, capsys: Output) -> None:
    Path("t.mbox").write_text(SERIES.read_text().replace("depot-v2", "again-v2"))
    assert main(["s.mbox", "t.mbox", "--revision", "all", "--statistics"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:3] == ["2", "warning", "flags/ret-null-missing"]
    assert lines[-1] == "12 findings of 6 rules"
