"""The index of a tree: what it finds where, and that the cache never makes it say anything else."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from kernels import CORE, DEPOT, FAR, GAUGE_H, KERNEL, OLD, XMACRO
from trees import commit, git, write

from kfunclint.index import cache, index
from kfunclint.index.file_facts import FileFacts
from kfunclint.index.index import Index
from kfunclint.tree.tree import open_tree

Make = Callable[[dict[str, str | None]], Path]


@pytest.fixture(autouse=True)
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "kfunclint" / "index"


@pytest.fixture
def linux(tmp_path: Path) -> Path:
    write(tmp_path / "linux", KERNEL)
    return tmp_path / "linux"


@pytest.fixture(params=["folder", "git"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """Writes files into a tree of either kind."""

    def made(files: dict[str, str | None]) -> Path:
        (write if request.param == "folder" else commit)(tmp_path / "linux", files)
        return tmp_path / "linux"

    return made


def build(root: Path, *also: str) -> tuple[Index, list[str]]:
    """The index, and what was read for it."""
    read: list[str] = []
    tree = open_tree(root)
    try:
        return index.build(tree, also, read.append), read
    finally:
        tree.close()


def fresh(root: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    """The index as it is without a cache."""
    with monkeypatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", "/proc/nowhere")
        return build(root)[0]


def facts(found: Index, path: str) -> FileFacts:
    return next(file for file in found.files if file.path == path)


def test_definitions(make: Make) -> None:
    found = facts(build(make(KERNEL))[0], DEPOT)
    assert [(one.name, one.at.line, one.marker, one.static, one.documented) for one in found.definitions] == [
        ("bpf_depot_get", 10, True, False, True),
        ("bpf_depot_put", 16, True, False, False),
        ("bpf_depot_put_dtor", 21, True, False, False),
        ("bpf_depot_unlisted", 22, True, True, False),
    ]


def test_definitions_of_old_functions_are_found_near_the_set_or_far(make: Make) -> None:
    found, _ = build(make(KERNEL))
    assert {(one.name, one.at.path, one.static, one.documented) for one in found.elsewhere} == {
        ("depot_old", OLD, False, False),
        ("depot_core", CORE, True, False),
        ("depot_far", FAR, False, True),
    }
    assert found.definitions()["depot_old"][0].at.line == 3
    assert "depot_nowhere" not in found.definitions()


def test_entries_sets_and_registrations(make: Make) -> None:
    found = facts(build(make(KERNEL))[0], DEPOT)
    assert [entry.name for entry in found.entries] == [
        "bpf_depot_get",
        "bpf_depot_put",
        "depot_old",
        "depot_core",
        "depot_far",
        "depot_nowhere",
    ]
    flags = [entry.flags and [flag.name for flag in entry.flags] for entry in found.entries]
    assert flags[:4] == [["KF_ACQUIRE", "KF_RET_NULL"], ["KF_RELEASE"], (), None]
    assert found.entries[0].set == found.sets[0]
    assert [(one.name, one.kind) for one in found.sets] == [("depot_ids", "KFUNCS")]
    types = [call.program_type for call in found.sets[0].registrations]
    assert types == ["BPF_PROG_TYPE_TRACING", "BPF_PROG_TYPE_LSM"]


def test_filters(make: Make) -> None:
    found = facts(build(make(KERNEL))[0], DEPOT)
    assert {(call.set, call.filter) for call in found.registrations} == {("depot_ids", "depot_filter")}


def test_hooks(make: Make) -> None:
    (own,) = facts(build(make(KERNEL))[0], "net/hooks.c").sets
    assert (own.kind, own.is_fmodret) == ("SET8", True)


def test_entries_that_a_macro_makes_in_a_header(make: Make) -> None:
    found = facts(build(make(KERNEL))[0], XMACRO)
    assert [(one.name, one.at.path, one.at.line, one.macro) for one in found.entries] == [
        ("bpf_gauge_heat", GAUGE_H, 2, "GAUGE"),
        ("bpf_gauge_cold", GAUGE_H, 3, "GAUGE"),
    ]
    assert all(one.set and one.set.name == "gauge_ids" for one in found.entries)
    assert found.reads == (GAUGE_H,)


def test_prototypes_are_no_registrations(make: Make) -> None:
    assert "include/linux/btf.h" not in {file.path for file in build(make(KERNEL))[0].files}


def test_selftests_and_samples_count_only_when_asked_for(make: Make) -> None:
    root = make(KERNEL)
    plain = {file.path for file in build(root)[0].files}
    assert not any(path.startswith(index.OUTSIDE) for path in plain)
    more = {file.path for file in build(root, "tools/testing")[0].files}
    assert more - plain == {"tools/testing/selftests/bpf/mod.c"}
    assert {file.path for file in build(root)[0].files} == plain


@pytest.mark.parametrize("size", [5, *range((1 << 17) - 13, (1 << 17) - 5), (1 << 18) + 1])
def test_marks_are_found_wherever_they_stand(size: int, linux: Path) -> None:
    write(linux, {"mm/late.c": "/" * size + "\n__bpf_kfunc void bpf_late(void) {}\n"})
    assert "bpf_late" in build(linux)[0].definitions()


# ---- the cache


def test_nothing_is_read_twice(make: Make) -> None:
    root = make(KERNEL)
    first, read = build(root)
    assert DEPOT in read
    again, read = build(root)
    assert again == first
    assert read == []


CHANGES: dict[str, dict[str, str | None]] = {
    "a flag": {DEPOT: (KERNEL[DEPOT] or "").replace("KF_RELEASE", "KF_DESTRUCTIVE")},
    "an old function moves": {OLD: "int x;\n", "kernel/depot/new.c": "\nint depot_old(void)\n{\n\treturn 1;\n}\n"},
    "an old function appears": {"lib/new.c": "int depot_nowhere(void)\n{\n\treturn 1;\n}\n"},
    "the header of a macro": {GAUGE_H: (KERNEL[GAUGE_H] or "").replace("bpf_gauge_cold", "bpf_gauge_mild")},
    "a file goes": {DEPOT: None},
    "a file comes": {"mm/new.c": "__bpf_kfunc void bpf_new(void) {}\n"},
    "a file is no longer marked": {DEPOT: "int nothing;\n"},
    "an outside file": {"tools/testing/selftests/bpf/mod.c": "__bpf_kfunc void bpf_other(void) {}\n"},
}


@pytest.mark.parametrize("change", CHANGES)
def test_changed_files_are_read_again_and_no_others(change: str, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    before, _ = build(make(KERNEL))
    root = make(CHANGES[change])
    now, read = build(root)
    assert now == fresh(root, monkeypatch)
    assert (XMACRO in read) == (change == "the header of a macro")
    assert (now == before) == (change == "an outside file")


def holding(root: Path, word: str) -> tuple[tuple[str, ...], list[str]]:
    """The files that hold a word, and what was read to find them."""
    read: list[str] = []
    tree = open_tree(root)
    try:
        return index.holding(tree, word, read.append), read
    finally:
        tree.close()


def test_files_that_hold_a_word(make: Make, cache_folder: Path) -> None:
    root = make(KERNEL | {"tools/core.c": "depot_core\n"})
    assert holding(root, "depot_core")[0] == (CORE, DEPOT)
    kept = {path: path.stat().st_ino for path in cache_folder.iterdir()}
    assert holding(root, "depot_core") == ((CORE, DEPOT), [])
    assert {path: path.stat().st_ino for path in cache_folder.iterdir()} == kept
    assert holding(root, "bpf_gauge_heat")[0] == (GAUGE_H, XMACRO)
    make({CORE: "int nothing;\n", FAR: "int depot_core;\n", GAUGE_H: None})
    assert holding(root, "depot_core")[0] == (DEPOT, FAR)
    assert holding(root, "bpf_gauge_heat")[0] == (XMACRO,)


@pytest.mark.parametrize("content", [b"", b"[]", b'[1,"",{},[1]]', b'[1,"",{"a":1},[]]', b'[0,"",{},[]]', b"[" * 99999])
def test_damaged_hits_are_sought_anew(content: bytes, linux: Path, cache_folder: Path) -> None:
    first = holding(linux, "depot_core")
    (kept,) = cache_folder.iterdir()
    kept.write_bytes(content)
    assert holding(linux, "depot_core") == first


def test_a_branch_that_was_rewritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache_folder: Path) -> None:
    commit(tmp_path / "linux", KERNEL)
    build(tmp_path / "linux")
    for state in ("0" * 40, git(tmp_path / "linux", "rev-parse", "HEAD"), "--output=/dev/full", ""):
        (kept,) = cache_folder.glob("*.json")
        value = json.loads(kept.read_text())
        value[1] = state
        kept.write_text(json.dumps(value))
        assert build(tmp_path / "linux")[0] == fresh(tmp_path / "linux", monkeypatch)
        value = json.loads(kept.read_text())
        assert value[1] == git(tmp_path / "linux", "rev-parse", "HEAD^{tree}")


def kept_file(cache_folder: Path) -> Path:
    (kept,) = cache_folder.glob("*.json")
    return kept


def mutations(value: Any) -> list[Any]:
    """Values that no index is kept as: each differs from a right one in one place."""
    files = value[3]
    first = next(number for number, file in enumerate(files) if file[0] == DEPOT)

    def with_file(part: int, new: Any) -> Any:
        file = [*files[first][:part], new, *files[first][part + 1 :]]
        return [*value[:3], [*files[:first], file, *files[first + 1 :]], *value[4:]]

    entry = files[first][3][0]
    return [
        None,
        {},
        [],
        [cache.FORMAT + 1, *value[1:]],
        [True, *value[1:]],
        value[:-1],
        [*value, 1],
        [value[0], 7, *value[2:]],
        [*value[:2], {"kernel": 7}, *value[3:]],
        [*value[:3], 7, value[4]],
        [*value[:3], [7], value[4]],
        with_file(0, None),
        with_file(1, [7]),
        with_file(2, [["name", 1, False, False, "a.c", 1, 1]]),
        with_file(3, [[*entry[:2], 99, *entry[3:]]]),
        with_file(3, [[*entry[:2], -1, *entry[3:]]]),
        with_file(3, [[*entry[:2], True, *entry[3:]]]),
        with_file(3, [[*entry[:-2], 0, 1]]),
        with_file(3, [[*entry[:-2], 1e3, 1]]),
        with_file(6, {"set": "x"}),
        with_file(7, [["a"]]),
    ]


def test_a_hostile_cache_is_not_believed(linux: Path, cache_folder: Path) -> None:
    right, _ = build(linux)
    kept = kept_file(cache_folder)
    good = kept.read_text()
    for bad in mutations(json.loads(good)):
        kept.write_text(json.dumps(bad))
        assert cache.load(kept.stem) is None, bad
    assert build(linux)[0] == right
    assert kept.read_text() == good


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[" * 100_000, b"1" * 5000, b'{"a"', b"\x80\x04K\x01."])
def test_a_damaged_cache_is_made_anew(content: bytes, linux: Path, cache_folder: Path) -> None:
    right, _ = build(linux)
    kept = kept_file(cache_folder)
    good = kept.read_bytes()
    kept.write_bytes(content)
    assert build(linux)[0] == right
    assert kept.read_bytes() == good


def test_a_truncated_cache_is_made_anew(linux: Path, cache_folder: Path) -> None:
    build(linux)
    kept = kept_file(cache_folder)
    kept.write_bytes(kept.read_bytes()[:-20])
    assert cache.load(kept.stem) is None


def test_no_cache_at_all(linux: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right, _ = build(linux)
    (tmp_path / "file").write_text("")
    for place in ("/proc/nowhere", str(tmp_path / "file")):
        monkeypatch.setenv("XDG_CACHE_HOME", place)
        assert build(linux)[0] == right


def test_a_cache_for_each_tree(linux: Path, tmp_path: Path, cache_folder: Path) -> None:
    write(tmp_path / "other", {**KERNEL, DEPOT: ""})
    assert build(linux)[0] != build(tmp_path / "other")[0]
    assert len(list(cache_folder.glob("*.json"))) == 2
    assert list(cache_folder.iterdir()) == list(cache_folder.glob("*.json"))


def test_the_cache_keeps_what_is_used(
    linux: Path, tmp_path: Path, cache_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "_MOST_FILES", 2)
    build(linux)
    first = kept_file(cache_folder)
    for name in ("second", "third"):
        for path in cache_folder.glob("*.json"):
            os.utime(path, (1, 1))
        build(linux)
        write(tmp_path / name, {**KERNEL, DEPOT: ""})
        build(tmp_path / name)
    assert first.exists()
    assert len(list(cache_folder.glob("*.json"))) == 2


def test_another_process_may_empty_the_cache(linux: Path, cache_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build(linux)
    old = kept_file(cache_folder)
    os.utime(old, (1, 1))
    seen = [cache_folder / "gone.json", old, cache_folder / "x.json"]
    monkeypatch.setattr(cache, "_MOST_FILES", 1)
    monkeypatch.setattr(Path, "glob", lambda self, pattern: seen)
    cache.save("x", cache.CachedHits("", {}, ()))
    assert [path.exists() for path in seen] == [False, False, True]


def test_two_at_once(linux: Path, cache_folder: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: build(linux)[0], range(24)))
    assert all(one == found[0] for one in found)
    assert cache.load(kept_file(cache_folder).stem) is not None
    assert len(list(cache_folder.iterdir())) == 1


def test_links_lead_nowhere(linux: Path, tmp_path: Path) -> None:
    write(tmp_path / "outside", {"secret.c": "__bpf_kfunc void bpf_secret(void) {}\n"})
    (linux / "mm").mkdir()
    (linux / "mm" / "link.c").symlink_to(tmp_path / "outside" / "secret.c")
    (linux / "mm" / "folder").symlink_to(tmp_path / "outside")
    os.mkfifo(linux / "mm" / "pipe.c")
    assert "bpf_secret" not in build(linux)[0].definitions()


def test_the_tree_itself_may_be_a_link(linux: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(linux)
    (here, _), (there, _) = build(linux), build(tmp_path / "link")
    assert here.entries
    assert there.entries == here.entries


def test_headers_outside_of_the_tree_are_not_asked_for(linux: Path, tmp_path: Path) -> None:
    write(tmp_path, {"x.h": "#define LIST ODD(bpf_stolen)\n"})
    for include in ("../../x.h", "../x.h", str(tmp_path / "x.h")):
        text = f'#include "{include}"\n#define ODD(n) BTF_ID_FLAGS(func, n)\n'
        write(linux, {"net/odd.c": f"{text}__bpf_kfunc void bpf_odd(void) {{}}\n"})
        found, _ = build(linux)
        assert "bpf_odd" in found.definitions()
        assert "bpf_stolen" not in {entry.name for entry in found.entries}


def test_a_cache_that_is_no_file_is_left_alone(cache_folder: Path, linux: Path) -> None:
    """A FIFO would block for ever, and some devices never end."""
    expected, _ = build(linux)
    (kept,) = cache_folder.glob("*.json")
    for make in (os.mkfifo, lambda path: path.symlink_to("/dev/zero")):
        kept.unlink()
        make(kept)
        assert build(linux)[0] == expected
