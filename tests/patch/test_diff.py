"""A mail taken apart: message, files, hunks, and the line of the mail that each line stands on."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from conftest import ROOT
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kfunclint.mail.inbox import read_inbox
from kfunclint.patch.diff import FileDiff, Patch, parse_patch

MAILS = ROOT / "fixtures" / "mail"
DIFF = "---\ndiff --git a/x.c b/x.c\n--- a/x.c\n+++ b/x.c\n@@ -1 +1 @@\n-old\n+new\n"


def read(path: Path) -> Patch:
    inbox = read_inbox([str(path)])
    assert not inbox.errors
    (series,) = inbox.series
    (one,) = series.patches
    return parse_patch(one)


def messages(patch: Patch) -> list[str]:
    return [line.text for line in patch.message]


def check_lines(patch: Patch) -> None:
    """Every line stands in the body where it says."""
    body = patch.mail.body.split("\n")
    for text in patch.message:
        assert body[text.mail_line - 1] == text.text
    for file in patch.files:
        assert body[file.mail_line - 1 :][: len(file.headers)] == list(file.headers)
        for hunk in file.hunks:
            assert body[hunk.mail_line - 1].startswith(f"@@ -{hunk.old_start}")
            for line in hunk.lines:
                assert (body[line.mail_line - 1] or " ") == line.sign + line.text


@pytest.mark.parametrize("path", sorted(MAILS.glob("*.*")), ids=lambda path: path.name)
def test_lines_of_the_mail(path: Path) -> None:
    for series in read_inbox([str(path)]).series:
        for one in series.patches:
            check_lines(parse_patch(one))


def test_plain() -> None:
    patch = read(MAILS / "plain.eml")
    assert messages(patch)[0].startswith("Programs that sort")
    assert messages(patch)[-1] == "Signed-off-by: Jörg Beispiel <joerg@example.org>"
    (file,) = patch.files
    assert (file.old_path, file.new_path, file.kind) == ("kernel/bpf/shelf.c", "kernel/bpf/shelf.c", "modified")
    assert [line.split()[0] for line in file.headers] == ["diff", "index", "---", "+++"]
    first, second = file.hunks
    assert (first.old_start, first.old_count, first.new_start, first.new_count) == (10, 6, 10, 17)
    assert (first.heading, second.heading) == ("struct shelf {", "__bpf_kfunc void bpf_shelf_put(struct shelf *shelf)")
    added = next(line for line in second.lines if line.sign == "+")
    assert (added.old, added.new) == (None, 44)
    assert (second.lines[-1].old, second.lines[-1].new) == (34, 46)


KINDS = [
    ("modified", "copied.c", "copied.c", 1),
    ("copied", "copied.c", "copy.c", 1),
    ("modified", "deep dir/space.c", "deep dir/space.c", 1),
    ("deleted", "deleted.c", None, 1),
    ("new", None, "empty.c", 0),
    ("mode", "mode.sh", "mode.sh", 0),
    ("modified", "modified.c", "modified.c", 2),
    ("renamed", "moved.c", "moved-and-changed.c", 1),
    ("renamed", "renamed.c", "new-name.c", 0),
    ("new", None, "new.c", 1),
    ("modified", "no-newline.c", "no-newline.c", 1),
    ("binary", "picture.bin", "picture.bin", 0),
    ("modified", "ä ö.c", "ä ö.c", 1),
]


@pytest.mark.parametrize("name", ["kinds.patch", "kinds-plain.txt", "noprefix.txt", "mnemonic.txt"])
def test_kinds_and_names(name: str) -> None:
    files = read(MAILS / name).files
    assert [(file.kind, file.old_path, file.new_path, len(file.hunks)) for file in files] == KINDS


def test_no_newline_at_the_end() -> None:
    file = next(file for file in read(MAILS / "kinds.patch").files if file.new_path == "no-newline.c")
    assert [(line.sign, line.text) for line in file.hunks[0].lines] == [
        (" ", "int a;"),
        ("-", "int b;"),
        ("+", "int c;"),
    ]


def test_added_line_that_looks_like_a_signature() -> None:
    file = next(file for file in read(MAILS / "kinds.patch").files if file.new_path == "deep dir/space.c")
    assert file.hunks[0].lines[-1].text == "-- "


def test_removed_line_that_looks_like_the_separator() -> None:
    patch = read(MAILS / "no-separator.eml")
    assert messages(patch) == messages(read(MAILS / "plain.eml"))
    assert patch.files[0].hunks[0].lines[0].text == "--"


def test_diff_in_the_message_is_an_example() -> None:
    patch = read(MAILS / "example-above.eml")
    assert [file.new_path for file in patch.files] == ["kernel/bpf/shelf.c"]
    assert messages(patch) == ["Once more the old way, to compare:"]
    assert "+int new;" in [line.text for line in patch.lost]


def test_prefixes_of_other_tools() -> None:
    assert read(MAILS / "quilt.txt").files[0].new_path == "kernel/bpf/shelf.c"


def test_footer_of_a_list(tmp_path: Path) -> None:
    text = (MAILS / "plain.eml").read_text().replace("-- \n2.39.5\n", "\n___\nlist mailing list\n- how to leave\n")
    (tmp_path / "x.eml").write_text(text)
    assert read(tmp_path / "x.eml").files == read(MAILS / "plain.eml").files


def test_base_commit_under_the_diff_is_no_diff(tmp_path: Path) -> None:
    text = (
        (MAILS / "plain.eml")
        .read_text()
        .replace("-- \n2.39.5\n", "\n---\nbase-commit: 0123456789abcdef\n-- \n2.39.5\n")
    )
    (tmp_path / "x.eml").write_text(text)
    (series,) = read_inbox([str(tmp_path / "x.eml")]).series
    assert series.base_commit == "0123456789abcdef"
    assert parse_patch(series.patches[0]).files == read(MAILS / "plain.eml").files


@settings(deadline=None, max_examples=60)
@example("-- >8 --")
@example("- - - >8 - - - - - -")
@example("8< a whole sentence that has scissors in it")
@given(st.text("-->8<% x", min_size=6, max_size=24))
def test_scissors_are_those_of_git(tmp_path_factory: pytest.TempPathFactory, line: str) -> None:
    folder = tmp_path_factory.mktemp("scissors")
    text = f"Subject: [PATCH] x\nFrom: a@example.org\n\nAbove.\n{line}\nBelow.\n{DIFF}"
    (folder / "x.eml").write_text(text)
    command = ["git", "mailinfo", "--scissors", "message", "patch"]
    subprocess.run(command, cwd=folder, input=text, capture_output=True, check=True, text=True)
    theirs = (folder / "message").read_text().strip().split("\n")
    assert ("Above." in messages(read(folder / "x.eml"))) is ("Above." in theirs)


def patched(old: list[str], file: FileDiff | None) -> list[str]:
    """The post-image that the hunks make of a pre-image; each line they take away or keep must be there."""
    new, at = list[str](), 0
    for line in (line for hunk in (file.hunks if file else ()) for line in hunk.lines):
        if line.old is not None:
            new += old[at : line.old - 1]
            at = line.old
            assert old[line.old - 1] == line.text
        if line.new is not None:
            if line.old is None:
                # an insertion stands behind everything that the pre-image has up to here
                gap = line.new - 1 - len(new)
                new += old[at : at + gap]
                at += gap
            new.append(line.text)
            assert line.new == len(new)
    return new + old[at:]


SOURCE = st.lists(
    st.sampled_from(
        ["", "{", "}", "\tint a;", "-- ", "--", "---", "+++ b/x", "@@ -1 +1 @@", "> x", "\\ No", "diff --git a b"]
    ),
    max_size=25,
)


@settings(deadline=None, max_examples=40)
@given(SOURCE, SOURCE, st.sampled_from(["-U3", "-U0", "-U1"]), st.booleans())
def test_hunks_make_the_post_image(
    tmp_path_factory: pytest.TempPathFactory, old: list[str], new: list[str], context: str, newline: bool
) -> None:
    folder = tmp_path_factory.mktemp("images")
    end = "\n" if newline else "|"
    for name, lines in (("a", old), ("b", new)):
        (folder / name).mkdir()
        (folder / name / "x.c").write_text("\n".join(lines) + end)
    command = ["git", "diff", "--no-index", "--no-prefix", context, "a/x.c", "b/x.c"]
    diff = subprocess.run(command, cwd=folder, capture_output=True, check=False, text=True).stdout
    (folder / "x.eml").write_text(f"Subject: [PATCH] x\nFrom: a@example.org\n\nText.\n---\n{diff}-- \n2.39.5\n")
    images = [(folder / name / "x.c").read_text().removesuffix("\n").split("\n") for name in "ab"]
    if not diff:
        assert images[0] == images[1]
        return
    patch = read(folder / "x.eml")
    check_lines(patch)
    assert patched(images[0], patch.files[0]) == images[1]


@settings(deadline=None, max_examples=25)
@given(SOURCE.filter(len), SOURCE.filter(len))
def test_git_apply_agrees(tmp_path_factory: pytest.TempPathFactory, old: list[str], new: list[str]) -> None:
    folder = tmp_path_factory.mktemp("tree")
    count = f"@@ -1,{len(old)} +1,{len(new)} @@\n"
    body = "".join(f"-{line}\n" for line in old) + "".join(f"+{line}\n" for line in new)
    head = f"Subject: [PATCH] x\nFrom: a@example.org\n\nText.\n{DIFF.partition('@@')[0]}"
    (folder / "x.eml").write_text(head + count + body)
    (folder / "x.c").write_text("".join(f"{line}\n" for line in old))
    subprocess.run(["git", "apply", "x.eml"], cwd=folder, check=True)
    ours = patched(old, read(folder / "x.eml").files[0])
    assert "".join(f"{line}\n" for line in ours) == (folder / "x.c").read_text()
