"""Whole files and types on real kernel trees: $KFUNCLINT_TREES has linux-source-6.1 and 6.12, and maybe 7.3."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import pytest

from kfunclint.c.syntax import Function, Type, Unit
from kfunclint.clang import Parser
from kfunclint.extract.sets import scan
from kfunclint.patch.postimage import Line, PostImage, VisibleRange
from kfunclint.tree.tree import Tree, open_tree

KFUNC_FILES = {"6.1": 10, "6.12": 25, "7.3": 34}
TREES = {release: Path(os.environ["KFUNCLINT_TREES"]) / f"linux-source-{release}" for release in KFUNC_FILES}
TREES = {release: tree for release, tree in TREES.items() if release != "7.3" or tree.is_dir()}
FOLDERS = ("drivers/base/power", "drivers/hid", "fs", "io_uring", "kernel", "mm", "net")
LARGE = ("kernel/bpf/verifier.c", "net/core/filter.c", "mm/memcontrol.c", "fs/nls/nls_cp949.c", "kernel/sched/core.c")


class Objects(NamedTuple):
    """A tree of which there is no folder on disk."""

    tree: Tree
    root: None = None

    def read(self, path: str) -> bytes | None:
        return self.tree.read(path)


def kfunc_files(release: str) -> list[str]:
    tree = TREES[release]
    found = (
        path for folder in FOLDERS for path in (tree / folder).rglob("*.c") if b"BTF_ID_FLAGS" in path.read_bytes()
    )
    return sorted(str(path.relative_to(tree)) for path in found)


FILES = [(release, path) for release in TREES for path in kfunc_files(release)]


def whole(release: str, path: str) -> PostImage:
    text = (TREES[release] / path).read_text(errors="replace")
    return PostImage(path, (VisibleRange(1, tuple(Line(line) for line in text.splitlines())),), whole=True)


def with_types(parser: Parser, release: str, path: str, on_disk: bool = True) -> Unit:
    source, tree = whole(release, path), open_tree(TREES[release])
    return parser.with_types(parser.parse(source), source, tree if on_disk else Objects(tree))


def kfuncs(unit: Unit, source: PostImage) -> list[Function]:
    registered = {entry.name for entry in scan([source])[0].entries}
    return [function for function in unit.functions if function.marker or function.name in registered]


def test_the_trees_have_kfuncs() -> None:
    for release in TREES:
        assert sum(release == one for one, _ in FILES) == KFUNC_FILES[release]


@pytest.mark.parametrize(("release", "path"), FILES)
def test_every_kfunc_is_complete_and_has_types(parser: Parser, release: str, path: str) -> None:
    unit = with_types(parser, release, path)
    assert unit.failure is None
    assert unit.types is not None
    for kfunc in kfuncs(unit, whole(release, path)):
        assert kfunc.complete, kfunc.name
        for spelling in (kfunc.returns, *(parameter.type for parameter in kfunc.parameters)):
            assert spelling in unit.types, f"{kfunc.name}: {spelling}"


@pytest.mark.parametrize("release", TREES)
@pytest.mark.parametrize("path", LARGE)
def test_no_file_is_too_large(parser: Parser, release: str, path: str) -> None:
    assert parser.parse(whole(release, path)).failure is None


@pytest.mark.parametrize("path", ["kernel/bpf/helpers.c", "kernel/sched/ext.c", "net/core/filter.c"])
def test_headers_handed_over_tell_the_same(parser: Parser, path: str) -> None:
    assert with_types(parser, "6.12", path, on_disk=False) == with_types(parser, "6.12", path)


@pytest.mark.parametrize(
    ("path", "spelling", "kind", "size"),
    [
        ("kernel/bpf/helpers.c", "struct bpf_iter_bits *", "struct", 16),
        ("kernel/sched/ext.c", "struct bpf_iter_scx_dsq *", "struct", 48),
        ("kernel/sched/ext.c", "const struct cpumask *", "struct", 1024),
        ("kernel/bpf/helpers.c", "void *", "void", None),
    ],
)
def test_sizes(parser: Parser, path: str, spelling: str, kind: str, size: int | None) -> None:
    types = with_types(parser, "6.12", path).types
    assert types is not None
    target = types[spelling].target
    assert target is not None
    assert (target.kind, target.size) == (kind, size)


def test_values(parser: Parser) -> None:
    types = with_types(parser, "6.12", "kernel/bpf/helpers.c").types
    assert types is not None
    assert types["u64"] == Type("integer", 8, False, None, None, None)
    assert types["s32"].signed
