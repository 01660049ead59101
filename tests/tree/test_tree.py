"""Trees are read as they are: objects of a repository, or a folder that no symlink leads out of."""

from __future__ import annotations

import os
import shutil
import zlib
from pathlib import Path

import pytest
from trees import FILES, commit, git, write

from kfunclint.errors import InputError
from kfunclint.git import repository as git_
from kfunclint.git.repository import _SHUT
from kfunclint.tree import tree as tree_module
from kfunclint.tree.around import kernel_around
from kfunclint.tree.tree import _PIECE, DirectoryTree, GitTree, Tree, open_tree

DEPOT = "kernel/bpf/depot.c"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    commit(tmp_path / "linux", FILES)
    return tmp_path / "linux"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "linux-source", FILES)
    return tmp_path / "linux-source"


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as refused:
        open_tree(path)
    assert refused.value.file == str(path)
    return refused.value.reason


def check(found: Tree) -> None:
    """What all kinds of trees answer for FILES."""
    assert found.read(DEPOT) == b"int depot;\n"
    assert found.read("Kbuild") == b""
    for path in ("nothing.c", "kernel", "kernel/bpf/", f"{DEPOT}/x", "/etc/passwd", "../x", "./Kbuild", "", "a\nb"):
        assert found.read(path) is None, path
    assert sorted(found.paths()) == ["include/linux/btf.h", DEPOT, "kernel/bpf/depot.h"]
    assert list(found.paths(("kernel/bpf",), (".h",))) == ["kernel/bpf/depot.h"]
    assert list(found.paths((DEPOT, "include/"))) == [DEPOT, "include/linux/btf.h"] or isinstance(found, GitTree)
    assert list(found.paths(("nothing", "kernel/bp"))) == []
    assert sorted(found.containing(["depot", "KF_NONE"])) == [DEPOT, "kernel/bpf/depot.h"]
    assert list(found.containing(["int depot", "KF_ACQUIRE"], ("include",))) == ["include/linux/btf.h"]
    assert list(found.containing(["depot"], suffixes=(".rst",))) == ["Documentation/depot.rst"]
    assert list(found.containing(["d.pot"])) == []
    assert list(found.containing(["depot"], (DEPOT, "Documentation/depot.rst"))) == [DEPOT]
    assert list(found.containing(["depot"], ("kernel/b*", "kernel/bp", ":kernel", ":!x", "kernel/bpf/*.c"))) == []


def test_a_repository_is_read_at_its_head(repository: Path) -> None:
    found = open_tree(repository)
    head = git(repository, "rev-parse", "HEAD")
    check(found)
    assert found.name == f"linux at {head[:12]}"
    assert found.state == git(repository, "rev-parse", "HEAD^{tree}")
    assert found.root is None
    found.close()


def test_bare_linked_and_detached_repositories(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(repository), "bare.git")
    git(repository, "worktree", "add", "-q", "--detach", str(tmp_path / "linked"))
    for place, name in (("bare.git", "bare at "), ("linked", "linked at "), ("linux/.git", "linux at ")):
        found = open_tree(tmp_path / place)
        check(found)
        assert found.name.startswith(name)
        found.close()


def test_the_state_of_the_work_tree_does_not_matter(repository: Path) -> None:
    write(repository, {DEPOT: "int changed;\n", "kernel/bpf/new.c": "int depot;\n", "kernel/bpf/depot.h": None})
    git(repository, "rm", "-q", "--cached", "kernel/bpf/depot.h")
    (repository / ".git" / "index.lock").write_bytes(b"")
    before = {path: path.stat().st_mtime_ns for path in sorted(repository.rglob("*"))}
    found = open_tree(repository)
    check(found)
    found.close()
    assert {path: path.stat().st_mtime_ns for path in sorted(repository.rglob("*"))} == before


def test_the_environment_of_a_hook_leads_nowhere_else(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(tmp_path / "elsewhere"))
    found = open_tree(repository)
    check(found)
    found.close()


def test_a_folder_is_read_as_it_is(folder: Path) -> None:
    found = open_tree(folder)
    check(found)
    assert (found.name, found.state, found.root) == (str(folder), "", folder)
    found.close()


def test_a_folder_inside_of_a_repository_is_not_that_repository(repository: Path) -> None:
    write(repository / "kept", FILES | {DEPOT: "int kept;\n"})
    found = open_tree(repository / "kept")
    assert isinstance(found, DirectoryTree)
    assert found.read(DEPOT) == b"int kept;\n"
    found.close()


def test_a_damaged_repository_inside_of_another_one(repository: Path) -> None:
    write(repository / "kept", FILES)
    (repository / "kept" / ".git").mkdir()
    assert refusal(repository / "kept").startswith("git: not a git repository")


def test_symlinks_and_odd_files_are_no_files(folder: Path, tmp_path: Path) -> None:
    write(tmp_path / "outside", {"secret.c": "int depot;\n"})
    (folder / "kernel" / "out").symlink_to(tmp_path / "outside")
    (folder / "kernel" / "secret.c").symlink_to(tmp_path / "outside" / "secret.c")
    (folder / "kernel" / "inside.c").symlink_to("bpf/depot.c")
    (folder / "kernel" / "loop.c").symlink_to("loop.c")
    os.mkfifo(folder / "kernel" / "fifo.c")
    found = open_tree(folder)
    for name in ("out/secret.c", "secret.c", "inside.c", "loop.c", "fifo.c"):
        assert found.read(f"kernel/{name}") is None
        assert list(found.paths((f"kernel/{name}",))) == []
    check(found)
    commit(folder, {}, "with links")
    git_tree = open_tree(folder)
    for name in ("out/secret.c", "secret.c", "inside.c", "loop.c"):
        assert git_tree.read(f"kernel/{name}") is None
    check(git_tree)
    found.close()
    git_tree.close()


def test_a_submodule_is_no_file(repository: Path) -> None:
    head = git(repository, "rev-parse", "HEAD")
    git(repository, "update-index", "--add", "--cacheinfo", f"160000,{head},kernel/module.c")
    git(repository, "commit", "-q", "-m", "a module")
    found = open_tree(repository)
    assert found.read("kernel/module.c") is None
    assert found.read("kernel/module.c/x.c") is None
    check(found)
    found.close()


def test_a_file_that_changes_while_it_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = open_tree(folder)
    pread = os.pread
    changes = iter([b"int first;\n", None, b"int second one;\n", b"int third;\n"])

    def and_changed(file: int, size: int, at: int) -> bytes:
        data = pread(file, size, at)
        if (text := next(changes, None)) is not None:
            (folder / DEPOT).write_bytes(text)
        return data

    monkeypatch.setattr(os, "pread", and_changed)
    assert found.read(DEPOT) == b"int first;\n"
    with pytest.raises(InputError, match=r"depot\.c: it changes while it is read"):
        found.read(DEPOT)
    found.close()


def test_a_word_between_two_pieces(folder: Path) -> None:
    write(folder, {"kernel/large.c": f"{' ' * (_PIECE - 3)}bridge\n{' ' * _PIECE}bank\n"})
    found = open_tree(folder)
    assert list(found.containing(["bridge"])) == ["kernel/large.c"]
    assert list(found.containing(["bank"])) == ["kernel/large.c"]
    assert list(found.containing(["boat"])) == []
    found.close()


def test_limits_of_size(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree_module, "_MAX_FILE", 1 << 20)
    write(folder, {DEPOT: " " * ((1 << 20) + 1)})
    found = open_tree(folder)
    with pytest.raises(InputError, match="more than 1 MiB"):
        found.read(DEPOT)
    monkeypatch.setattr(tree_module, "_MAX_FILES", 2)
    with pytest.raises(InputError, match="more than 2 files"):
        list(found.paths())
    found.close()


def test_what_is_no_tree(tmp_path: Path, repository: Path) -> None:
    write(tmp_path / "empty", {"x/y": ""})
    write(tmp_path / "old", {"include/linux/kernel.h": ""})
    (tmp_path / "fresh").mkdir()
    git(tmp_path / "fresh", "init", "-q")
    assert refusal(tmp_path / "nothing") == "no such folder"
    assert refusal(repository / "Makefile") == "not a folder"
    assert refusal(tmp_path / "empty") == "not a kernel tree"
    assert refusal(tmp_path / "old") == "kernel tree without BPF: no include/linux/btf.h in it"
    assert refusal(tmp_path / "fresh") == "git repository without a commit"
    assert refusal(repository / ".git" / "refs") == "not a kernel tree"


def test_a_broken_git_file(tmp_path: Path) -> None:
    write(tmp_path / "linux", FILES | {".git": "gitdir: /nowhere/at/all\n"})
    assert refusal(tmp_path / "linux").startswith("git: not a git repository")


def test_a_repository_of_somebody_else(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(_SHUT, "GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    assert refusal(repository).startswith("git: detected dubious ownership")


def test_without_git(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert refusal(repository) == "git cannot be run: No such file or directory"


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("exec sleep 60", "git took too long"),
        ("exec >&-; exec sleep 60", "git took too long"),
        ("exec cat /dev/zero", "git printed more than 1 MiB"),
        ("echo 'error: no luck' >&2; exit 1", "git: no luck"),
        ("exit 1", "git: failed"),
    ],
)
def test_a_git_that_misbehaves(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, reason: str
) -> None:
    write(tmp_path / "bin", {"git": f"#!/bin/sh\n{script}\n"})
    (tmp_path / "bin" / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setattr(git_, "_MAX_OUTPUT", 1 << 20)
    if "sleep" in script:
        monkeypatch.setattr(git_, "_SECONDS", 0.3)
    assert refusal(repository) == reason


def test_a_corrupt_object(repository: Path) -> None:
    blob = git(repository, "rev-parse", f"HEAD:{DEPOT}")
    file = repository / ".git" / "objects" / blob[:2] / blob[2:]
    file.chmod(0o600)
    file.write_bytes(zlib.compress(b"blob 11\0int")[:-3] + b"xxx")
    found = open_tree(repository)
    with pytest.raises(InputError, match=f"object {blob[:12]} is missing or damaged"):
        found.read(DEPOT)
    assert found.read("kernel/bpf/depot.h") == b"extern int depot;\n"
    file.unlink()
    with pytest.raises(InputError, match=f"object {blob[:12]} is missing or damaged"):
        found.read(DEPOT)
    found.close()


def test_a_partial_clone_fetches_nothing(repository: Path, tmp_path: Path) -> None:
    git(repository, "config", "uploadpack.allowFilter", "true")
    source, clone = f"file://{repository}", tmp_path / "partial"
    git(tmp_path, "clone", "-q", "--bare", "--filter=blob:none", source, str(clone))
    before = sorted(clone.rglob("*"))
    assert refusal(clone).startswith("git: ")
    assert sorted(clone.rglob("*")) == before


def test_a_shallow_clone_is_a_tree(repository: Path, tmp_path: Path) -> None:
    commit(repository, {"kernel/bpf/depot.h": "extern int depot;\n"}, "another")
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{repository}", "shallow")
    found = open_tree(tmp_path / "shallow")
    check(found)
    assert isinstance(found, GitTree)
    assert found.repository.commit(git(repository, "rev-parse", "HEAD~1")) is None
    found.close()


def test_a_tree_is_found_from_inside(repository: Path, tmp_path: Path) -> None:
    assert kernel_around(repository / "kernel" / "bpf") == repository
    assert kernel_around(repository) == repository
    assert kernel_around(tmp_path) is None
    shutil.rmtree(repository / "kernel")
    assert kernel_around(repository / "include") is None


def test_a_folder_is_a_name_and_no_pattern(tmp_path: Path) -> None:
    commit(tmp_path / "linux", {**FILES, "kernel/[x]/depot.c": "int depot;\n"})
    found = open_tree(tmp_path / "linux")
    assert list(found.containing(["depot"], ("kernel/[x]",))) == ["kernel/[x]/depot.c"]
    found.close()
