"""Which state of a tree a series applies to, and what the files look like there."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trees import FILES, commit, git, write

from kfunclint.mail.inbox import read_inbox, select_series
from kfunclint.mail.message import Series
from kfunclint.patch import base as base_
from kfunclint.patch.base import find_base
from kfunclint.patch.diff import Patch, parse_patch
from kfunclint.patch.postimage import Base, PostImage, apply_series, pre_images
from kfunclint.tree.tree import open_tree
from kfunclint.value import replace

DEPOT = "kernel/bpf/depot.c"
LINES = [f"int line{number};" for number in range(1, 41)]


GONE = "".join(f"long gone{number};\n" for number in range(5))


def text(*changes: tuple[int, str | None]) -> str:
    """A file of 40 lines with some (1-based) replaced or taken out."""
    lines: dict[int, str | None] = {**dict(enumerate(LINES, 1)), **dict(changes)}
    return "".join(f"{line}\n" for line in lines.values() if line is not None)


@pytest.fixture
def linux(tmp_path: Path) -> Path:
    commit(tmp_path / "linux", FILES | {DEPOT: text()})
    return tmp_path / "linux"


def posted(repository: Path, since: str, *options: str) -> tuple[Series, tuple[Patch, ...]]:
    """What format-patch makes of the commits since one, read back."""
    mbox = git(repository, "format-patch", "--stdout", *options, f"{since}..HEAD") + "\n"
    path = repository.parent / "series.mbox"
    path.write_text(mbox)
    (series,) = select_series(read_inbox([str(path)]), None, False)
    return series, tuple(parse_patch(one) for one in series.patches)


def chosen(tree: Path, series: Series, patches: tuple[Patch, ...]) -> Base:
    found = open_tree(tree)
    try:
        return find_base(found, series, patches)
    finally:
        found.close()


def texts(sources: tuple[PostImage, ...]) -> dict[str, str]:
    return {source.path: "".join(visible.text for visible in source.ranges) for source in sources}


def added(sources: tuple[PostImage, ...]) -> list[tuple[int, str, int | None]]:
    return [
        (visible.start + offset, line.text, line.patch)
        for source in sources
        for visible in source.ranges
        for offset, line in enumerate(visible.lines)
        if line.added
    ]


def changed(linux: Path) -> tuple[str, Series, tuple[Patch, ...]]:
    """A series of two patches that the tree does not have; the commit it was made on, and the mails."""
    base = git(linux, "rev-parse", "HEAD")
    commit(linux, {DEPOT: text((10, "int ten;"))}, "first")
    commit(linux, {DEPOT: text((10, "int ten;"), (30, "int thirty;\nint more;"))}, "second")
    series, patches = posted(linux, base)
    git(linux, "reset", "-q", "--hard", base)
    return base, series, patches


def test_the_base_commit_is_the_base(linux: Path) -> None:
    base = git(linux, "rev-parse", "HEAD")
    commit(linux, {DEPOT: text((10, "int ten;"))}, "first")
    series, patches = posted(linux, base, f"--base={base}")
    found = chosen(linux, series, patches)
    assert (found.name, found.why) == (f"linux at {base[:12]}", "base-commit of the series")
    assert not found.unapplied
    (source,) = apply_series(patches, found)
    assert source.whole
    assert texts((source,)) == {DEPOT: text((10, "int ten;"))}
    assert added((source,)) == [(10, "int ten;", 1)]


def test_prerequisites_are_said_to_be_left_out(linux: Path) -> None:
    base = git(linux, "rev-parse", "HEAD")
    commit(linux, {"kernel/bpf/depot.h": "extern int other;\n"}, "before")
    prerequisite = git(linux, "rev-parse", "HEAD")
    commit(linux, {DEPOT: text((10, "int ten;"))}, "first")
    series, patches = posted(linux, prerequisite, f"--base={base}")
    found = chosen(linux, series, patches)
    assert found.why == "base-commit of the series, without its 1 prerequisite patch"
    assert found.name.endswith(base[:12])


def test_a_base_commit_that_the_repository_lacks(linux: Path) -> None:
    base, series, patches = changed(linux)
    lost = Series(series.patches, None, 1, 2, "0123456789abcdef" * 2 + "01234567", ())
    found = chosen(linux, lost, patches)
    assert found.name.endswith(base[:12])
    assert found.why == (
        "HEAD, which has the files that the index lines name; its base-commit 0123456789ab is not in the repository"
    )


def test_blobs_find_a_branch_that_is_not_checked_out(linux: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base_, "_MOST_COMMITS", 0)
    base, series, patches = changed(linux)
    git(linux, "branch", "topic")
    commit(linux, {DEPOT: text((11, "int eleven;"))}, "meanwhile")
    found = chosen(linux, series, patches)
    assert found.name.endswith(base[:12])
    assert found.why == "the newest commit with the files that the index lines name"
    assert not found.unapplied


def test_blobs_find_a_commit_in_the_history(linux: Path) -> None:
    base, series, patches = changed(linux)
    for number in (11, 12):
        commit(linux, {DEPOT: text((number, "int meanwhile;"))}, "meanwhile")
    found = chosen(linux, series, patches)
    assert found.name.endswith(base[:12])
    assert texts(apply_series(patches, found)) == {DEPOT: text((10, "int ten;"), (30, "int thirty;\nint more;"))}


def without_index(patches: tuple[Patch, ...]) -> tuple[Patch, ...]:
    return tuple(replace(one, files=tuple(replace(file, headers=()) for file in one.files)) for one in patches)


def test_head_is_the_base_if_the_hunks_apply(linux: Path) -> None:
    _, series, patches = changed(linux)
    head = commit(linux, {DEPOT: "int new;\n" * 5 + text((20, "int twenty;"))}, "meanwhile")
    found = chosen(linux, series, without_index(patches))
    assert (found.name, found.why) == (f"linux at {head[:12]}", "HEAD, as far as the hunks apply")
    assert added(apply_series(patches, found)) == [(15, "int ten;", 1), (35, "int thirty;", 2), (36, "int more;", 2)]


def test_a_file_that_does_not_apply_falls_back_alone(linux: Path) -> None:
    base = git(linux, "rev-parse", "HEAD")
    commit(linux, {DEPOT: text((10, "int ten;")), "kernel/bpf/depot.h": "int a;\n"}, "first")
    series, patches = posted(linux, base)
    git(linux, "reset", "-q", "--hard", base)
    head = commit(linux, {DEPOT: text((9, None), (10, "int X;"), (11, None))}, "meanwhile")
    found = chosen(linux, series, without_index(patches))
    assert found.unapplied == {DEPOT: f"the hunk at line 10 of the mail does not apply to linux at {head[:12]}"}
    sources = {source.path: source for source in apply_series(patches, found)}
    assert not sources[DEPOT].whole
    assert sources["kernel/bpf/depot.h"].whole
    assert added((sources[DEPOT],)) == added(tuple(s for s in apply_series(patches) if s.path == DEPOT))


def test_a_folder(tmp_path: Path, linux: Path) -> None:
    _, series, patches = changed(linux)
    folder = tmp_path / "linux-source"
    write(folder, FILES | {DEPOT: text()})
    found = chosen(folder, series, patches)
    assert (found.name, found.why) == (str(folder), "its files are those that the index lines name")
    write(folder, {DEPOT: text((20, "int twenty;"))})
    found = chosen(folder, series, patches)
    assert found.why == "as it stands, as far as the hunks apply"
    assert not found.unapplied
    write(folder, {DEPOT: None})
    found = chosen(folder, series, patches)
    assert found.unapplied == {DEPOT: f"it is not in {folder}"}
    assert not found.used


def test_new_deleted_renamed_copied_and_mode(linux: Path) -> None:
    commit(linux, {"kernel/bpf/old.c": text((1, "int old;")), "kernel/bpf/gone.c": GONE})
    base = git(linux, "rev-parse", "HEAD")
    git(linux, "mv", "kernel/bpf/old.c", "kernel/bpf/moved.c")
    commit(
        linux,
        {
            "kernel/bpf/moved.c": text((1, "int old;"), (20, "int twenty;")),
            "kernel/bpf/copy.c": text((5, None)),
            "kernel/bpf/gone.c": None,
            "kernel/bpf/new.c": "int new;\n",
            DEPOT: text((2, "int two;")),
        },
        "much",
    )
    (linux / DEPOT).chmod(0o755)
    commit(linux, {}, "mode")
    series, patches = posted(linux, base, "-C", "--find-copies-harder")
    assert {file.kind for one in patches for file in one.files} == {
        "new",
        "deleted",
        "renamed",
        "copied",
        "modified",
        "mode",
    }
    found = chosen(linux, series, patches)
    assert not found.unapplied
    expected = {
        path: (linux / path).read_text()
        for path in ("kernel/bpf/moved.c", "kernel/bpf/copy.c", "kernel/bpf/new.c", DEPOT)
    }
    assert texts(apply_series(patches, found)) == expected
    assert all(source.whole for source in apply_series(patches, found))
    git(linux, "checkout", "-q", base)
    old = {path: (linux / path).read_text() for path in ("kernel/bpf/old.c", "kernel/bpf/gone.c", DEPOT)}
    assert texts(pre_images(patches, found)) == old
    taken = {source.path: [line for _, line, _ in added((source,))] for source in pre_images(patches, found)}
    assert taken == {
        "kernel/bpf/old.c": ["int line20;"],
        "kernel/bpf/gone.c": GONE.split("\n")[:-1],
        DEPOT: ["int line2;"],
    }


def test_a_renamed_file_falls_back_under_both_names(linux: Path) -> None:
    base = git(linux, "rev-parse", "HEAD")
    git(linux, "mv", DEPOT, "kernel/bpf/moved.c")
    commit(linux, {"kernel/bpf/moved.c": text((10, "int ten;"))}, "moved")
    commit(linux, {"kernel/bpf/moved.c": text((10, "int ten;"), (30, "int thirty;"))}, "changed")
    series, patches = posted(linux, base)
    git(linux, "checkout", "-q", base)
    commit(linux, {DEPOT: text((29, None), (30, "int X;"), (31, None))}, "meanwhile")
    found = chosen(linux, series, without_index(patches))
    assert found.unapplied.keys() == {DEPOT, "kernel/bpf/moved.c"}
    assert apply_series(patches, found) == apply_series(patches)


@pytest.mark.parametrize("also", [{}, {DEPOT: text((10, "int ten;"))}], ids=["new files alone", "others too"])
def test_a_series_that_is_applied_already_began_before_it(also: dict[str, str], linux: Path) -> None:
    git(linux, "branch", "old")
    commit(linux, {"kernel/bpf/depot.h": "extern int other;\n"}, "meanwhile")
    base = git(linux, "rev-parse", "HEAD")
    commit(linux, {"kernel/bpf/new.c": "int new;\n"} | also, "first")
    commit(linux, {"kernel/bpf/new.c": "int new;\nint newer;\n"}, "second")
    series, patches = posted(linux, base)
    found = chosen(linux, series, patches)
    assert found.name.endswith(base[:12])
    assert not found.unapplied
    assert found.why == (
        "the newest commit with the files that the index lines name"
        if also
        else "the newest commit without its new files"
    )


def test_a_series_of_new_files_applies_to_head_and_to_no_old_branch(linux: Path) -> None:
    base = git(linux, "rev-parse", "HEAD")
    commit(linux, {"kernel/bpf/new.c": "int new;\n"}, "first")
    series, patches = posted(linux, base)
    git(linux, "reset", "-q", "--hard", base)
    found = chosen(linux, series, patches)
    assert found.why == "HEAD, as far as the hunks apply"
    git(linux, "branch", "old")
    git(linux, "checkout", "-q", "--orphan", "other")
    head = commit(linux, {"kernel/bpf/new.c": "int other;\n"}, "from the first day")
    found = chosen(linux, series, patches)
    assert found.name.endswith(head[:12])
    assert found.unapplied.keys() == {"kernel/bpf/new.c"}


def test_what_must_not_be_there_or_is_no_text(linux: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base_, "_MOST_COMMITS", 0)
    base = commit(linux, {"kernel/bpf/odd.c": text()}, "odd")
    commit(linux, {"kernel/bpf/new.c": "int new;\n", "kernel/bpf/odd.c": text((3, None))}, "first")
    series, patches = posted(linux, base)
    git(linux, "reset", "-q", "--hard", base)
    commit(linux, {"kernel/bpf/new.c": "int other;\n", "kernel/bpf/odd.c": "\0"}, "meanwhile")
    head = commit(linux, {"kernel/bpf/depot.h": ""}, "more")
    found = chosen(linux, series, without_index(patches))
    assert found.unapplied == {
        "kernel/bpf/new.c": f"it is in linux at {head[:12]} already",
        "kernel/bpf/odd.c": f"it is no text in linux at {head[:12]}",
    }
    assert not found.used


def test_images_between_the_patches(linux: Path) -> None:
    _, series, patches = changed(linux)
    found = chosen(linux, series, patches)
    assert texts(apply_series(patches, found, upto=0)) == texts(pre_images(patches, found)) == {DEPOT: text()}
    assert texts(apply_series(patches, found, upto=1)) == {DEPOT: text((10, "int ten;"))}
    assert texts(apply_series(patches, found, upto=2)) == texts(apply_series(patches, found))


def test_missing_objects_cost_only_their_file(linux: Path) -> None:
    _, series, patches = changed(linux)
    blob = git(linux, "rev-parse", f"HEAD:{DEPOT}")
    (linux / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    found = chosen(linux, series, patches)
    assert list(found.unapplied) == [DEPOT]
    assert f"object {blob[:12]} is missing" in found.unapplied[DEPOT]


def test_names_in_the_way_of_git(linux: Path) -> None:
    """Pathspec magic, options and revisions in names are names."""
    names = ["--all.c", ":(nonsense)a.c", "kernel/*.c", "HEAD^{tree}.c", "a b.c"]
    commit(linux, {name: text((1, f"int a{at};")) for at, name in enumerate(names)}, "odd names")
    base = git(linux, "rev-parse", "HEAD")
    commit(linux, {name: text((1, f"int a{at};"), (20, None)) for at, name in enumerate(names)}, "first")
    series, patches = posted(linux, base)
    found = chosen(linux, series, patches)
    assert found.name.endswith(base[:12])
    assert sorted(texts(apply_series(patches, found))) == sorted(names)


def check_in_view(sources: tuple[PostImage, ...], whole: str) -> None:
    """What hunks show of a file stands where it stands in the whole file."""
    lines = whole.split("\n")
    for source in sources:
        for visible in source.ranges:
            first = visible.start - 1
            assert [line.text for line in visible.lines] == lines[first : first + len(visible.lines)]


def test_what_was_there_before_as_the_hunks_show_it(linux: Path) -> None:
    base = git(linux, "rev-parse", "HEAD")
    commit(linux, {DEPOT: text((10, None), (12, "int twelve;"))}, "first")
    git(linux, "mv", DEPOT, "kernel/bpf/moved.c")
    commit(linux, {"kernel/bpf/moved.c": text((10, None), (12, "int other;"), (30, None)), "kernel/bpf/depot.h": None})
    _, patches = posted(linux, base)
    found = {source.path: source for source in pre_images(patches)}
    assert found.keys() == {DEPOT, "kernel/bpf/depot.h"}
    assert not found[DEPOT].whole
    check_in_view((found[DEPOT],), text())
    assert added((found[DEPOT],)) == [(10, "int line10;", 1), (12, "int line12;", 1), (30, "int line30;", 2)]
    assert [line.mail_line for line in found[DEPOT].ranges[0].lines if line.added] == [
        line.mail_line for line in patches[0].files[0].hunks[0].lines if line.sign == "-"
    ]
    assert added((found["kernel/bpf/depot.h"],)) == [(1, "extern int depot;", 2)]


EDITS = st.lists(
    st.lists(st.tuples(st.integers(1, 40), st.sampled_from([None, "int x;", "}", "a;\nb;"])), min_size=1, max_size=3),
    min_size=1,
    max_size=3,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(EDITS, st.lists(st.tuples(st.integers(1, 40), st.sampled_from([None, "int y;\nint z;"])), max_size=3))
def test_the_files_are_those_that_git_am_makes(
    tmp_path_factory: pytest.TempPathFactory,
    edits: list[list[tuple[int, str | None]]],
    drift: list[tuple[int, str | None]],
) -> None:
    linux = tmp_path_factory.mktemp("am") / "linux"
    base = commit(linux, FILES | {DEPOT: text()})
    for edit in edits:
        commit(linux, {DEPOT: text(*edit)}, "one")
    if git(linux, "rev-parse", "HEAD^{tree}") == git(linux, "rev-parse", f"{base}^{{tree}}") and len(edits) == 1:
        return
    mbox = git(linux, "format-patch", "--stdout", "--no-stat", f"{base}..HEAD") + "\n"
    (linux.parent / "series.mbox").write_text(mbox)
    inbox = read_inbox([str(linux.parent / "series.mbox")])
    if not inbox.series or not inbox.series[0].complete:  # some commits were empty
        return
    patches = tuple(parse_patch(one) for one in inbox.series[0].patches)
    check_in_view(pre_images(patches), text())
    check_in_view(apply_series(patches), (linux / DEPOT).read_text())
    git(linux, "checkout", "-q", "--detach", base)
    commit(linux, {DEPOT: text(*drift)}, "drift")
    found = chosen(linux, inbox.series[0], without_index(patches))
    try:
        git(linux, "am", "-q", text=mbox)
    except subprocess.CalledProcessError:
        return
    assert not found.unapplied
    assert texts(apply_series(patches, found)) == {DEPOT: (linux / DEPOT).read_text()}
