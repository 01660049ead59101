"""Whole series in any encoding, with copies, renames, modes and any context, against what git makes of them."""

from __future__ import annotations

import base64
import quopri
import re
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trees import git

from kfunclint.mail.inbox import read_inbox
from kfunclint.patch.base import find_base
from kfunclint.patch.diff import Patch, parse_patch
from kfunclint.patch.postimage import apply_series
from kfunclint.tree.tree import open_tree

NAMES = ["a.c", "b.c", "sh elf/c.h", "sh elf/d.c"]
FIRST = {name: [f"{name} {number}" for number in range(24)] for name in NAMES[:3]}

Edit = tuple[str, str, str, int]
EDITS = st.tuples(
    st.sampled_from(["change", "change", "copy", "move", "swap", "add", "delete", "mode", "ünï"]),
    st.sampled_from(NAMES),
    st.sampled_from(NAMES),
    st.integers(0, 24),
)


def edit(folder: Path, edit: Edit) -> None:
    """Do something to the files of a folder, as far as they are there."""
    what, name, other, at = edit
    path, target = folder / name, folder / other
    if what == "add" and not path.exists():
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"new {at}\n" * 3)
    if not path.exists():
        return
    if what in ("change", "ünï"):
        lines = path.read_text().split("\n")[:-1]
        path.write_text("\n".join([*lines[:at], f"{what} {at} = 3D", "From here on", *lines[at + 1 :], ""]))
    elif what in ("copy", "move"):
        text = path.read_text()
        path.unlink() if what == "move" else None
        target.parent.mkdir(exist_ok=True)
        target.write_text(text)
    elif what == "swap" and target.exists():
        one, two = path.read_text(), target.read_text()
        path.write_text(two)
        target.write_text(one)
    elif what == "delete":
        path.unlink()
    elif what == "mode":
        path.chmod(path.stat().st_mode ^ 0o111)


def encoded(mail: str, encoding: str) -> bytes:
    """A mail of git format-patch in another encoding."""
    head, _, body = mail.partition("\n\n")
    head = re.sub(r"^(?:Content-Transfer-Encoding|Content-Type|MIME-Version):.*\n?", "", head, flags=re.M).rstrip("\n")
    data = body.encode()
    data = {"base64": base64.encodebytes, "quoted-printable": quopri.encodestring}.get(encoding, bytes)(data)
    fields = f"MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: {encoding}"
    return f"{head}\n{fields}\n\n".encode() + data


def repository(folder: Path) -> str:
    """A repository with the first files; gives its commit."""
    git(folder, "init", "-q")
    for name, lines in (FIRST | {"include/linux/btf.h": ["#define KF_ACQUIRE (1 << 0)"]}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("".join(f"{line}\n" for line in lines))
    return commit(folder)


def commit(folder: Path) -> str:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", "depot: change")
    return git(folder, "rev-parse", "HEAD")


def made_by_git(folder: Path, mails: list[str]) -> dict[str, str] | None:
    """The files behind the mails, None if git refuses one of them."""
    for mail in mails:
        command = ["git", "-C", str(folder), "apply", "--index", "-"]
        if subprocess.run(command, input=mail, text=True, capture_output=True, check=False).returncode:
            return None
    paths = (path for path in folder.rglob("*.[ch]"))
    return {str(path.relative_to(folder)): path.read_text() for path in paths}


def made_by_us(folder: Path, patches: tuple[Patch, ...], series_of: bytes) -> dict[str, str] | None:
    (series,) = read_inbox([series_of]).series
    tree = open_tree(folder)
    try:
        base = find_base(tree, series, patches)
    finally:
        tree.close()
    if base.unapplied:
        return None
    images = {path: "".join(f"{line.text}\n" for line in lines) for path, lines in base.files.items()}
    after = {image.path: "".join(part.text for part in image.ranges) for image in apply_series(patches, base)}
    untouched = {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*.[ch]")
        if str(path.relative_to(folder)) not in images
    }
    return untouched | after


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.lists(EDITS, min_size=1, max_size=4), min_size=1, max_size=3),
    st.sampled_from(["8bit", "base64", "quoted-printable"]),
    st.sampled_from([["-C", "--find-copies-harder"], ["-M"], ["-B", "-M"], ["--no-renames"], ["-C", "-C", "-B"]]),
    st.sampled_from(["-U3", "-U3", "-U1", "-U0", "-U40"]),
)
def test_a_series_makes_what_git_apply_makes(
    steps: list[list[Edit]], encoding: str, options: list[str], context: str
) -> None:
    with tempfile.TemporaryDirectory() as name:
        check(Path(name), steps, encoding, [*options, context])


def check(folder: Path, steps: list[list[Edit]], encoding: str, options: list[str]) -> None:
    base = repository(folder)
    for step in steps:
        for one in step:
            edit(folder, one)
        commit(folder)
    parts = git(folder, "format-patch", "--stdout", "--no-stat", "-l0", *options, f"{base}..HEAD").split("\nFrom ")
    mails = [f"From {part}\n" if number else f"{part}\n" for number, part in enumerate(parts)]
    mails = [mail for mail in mails if "\ndiff --git " in mail]
    if not mails:
        return
    renumbered = [
        re.sub(r"^Subject: \[PATCH[^]]*\]", f"Subject: [PATCH {number}/{len(mails)}]", mail, flags=re.M)
        for number, mail in enumerate(mails, 1)
    ]
    box = b"".join(
        b"From git@z Thu Jan  1 00:00:00 1970\n" + encoded(mail.partition("\n")[2], encoding) + b"\n"
        for mail in renumbered
    )
    (series,) = read_inbox([box]).series
    git(folder, "checkout", "-q", "--detach", base)
    patches = tuple(map(parse_patch, series.patches))
    ours = made_by_us(folder, patches, box)
    theirs = made_by_git(folder, mails)
    hunks = (hunk for patch in patches for file in patch.files for hunk in file.hunks)
    if ours is None and any(hunk.old_count == 0 for hunk in hunks):
        return  # git puts lines without context at the end of the file, wherever they belong
    assert ours == theirs


COPIES = {
    "of a changed file": [("copy", "a.c", "sh elf/d.c", 0), ("change", "a.c", "a.c", 9)],
    "changed, too": [("copy", "a.c", "sh elf/d.c", 0), ("change", "sh elf/d.c", "a.c", 4), ("change", "a.c", "a.c", 9)],
    "of a moved file": [("copy", "a.c", "sh elf/d.c", 0), ("move", "a.c", "b.c", 9)],
    "swapped": [("swap", "a.c", "b.c", 0)],
}


@pytest.mark.parametrize("options", [["-C", "-C"], ["-C", "-C", "-B"]], ids=" ".join)
@pytest.mark.parametrize("steps", COPIES.values(), ids=COPIES)
def test_copies_and_renames_are_made_of_the_files_before_the_patch(
    steps: list[Edit], options: list[str], tmp_path: Path
) -> None:
    check(tmp_path, [steps], "8bit", options)
