"""The review of a whole tree, and what a series leaves to other files of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from jsonschema import Draft202012Validator
from shelves import BODY, KERNEL, SET, mail
from trees import commit

from kfunclint.c.syntax import Unit
from kfunclint.checker import context
from kfunclint.clang import Parser
from kfunclint.cli.main import main
from kfunclint.extract import sets
from kfunclint.extract.sets import LexicalScan
from kfunclint.patch.postimage import PostImage

Output = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    found = tmp_path / "linux"
    commit(found, KERNEL | {"kernel/shelf/find.c": BODY, "kernel/shelf/ids.c": SET})
    return found


def test_a_kfunc_is_joined_over_two_files(tree: Path, capsys: Output) -> None:
    assert main(["tree", str(tree)]) == 1
    out = capsys.readouterr().out
    assert "kernel/shelf/ids.c:2:20: warning: bpf_shelf_find() can return NULL" in out
    assert "kernel/shelf/find.c:10:3: note: NULL is returned here" in out
    assert out.endswith("1 warning in 2 files\n")


def test_only_what_is_asked_for_is_blamed(tree: Path, capsys: Output) -> None:
    assert main(["tree", str(tree), "kernel/bpf"]) == 0
    assert capsys.readouterr().out.endswith("nothing found in 0 files\n")
    # the set lies elsewhere, so the file that returns NULL has to stand in for it
    assert main(["tree", str(tree), "kernel/shelf/find.c"]) == 1
    assert "kernel/shelf/find.c:10:3: warning" in capsys.readouterr().out


def test_a_set_is_judged_by_what_it_lists_elsewhere(tree: Path, capsys: Output) -> None:
    assert main(["tree", str(tree), "kernel/shelf/ids.c"]) == 1
    assert "kernel/shelf/ids.c:2:20: warning: bpf_shelf_find() can return NULL" in capsys.readouterr().out


def test_a_file_that_is_not_asked_for_is_not_parsed(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []

    def parse(self: Parser, source: PostImage, *others: object) -> Unit:
        parsed.append(source.path)
        return Unit(source.path)

    monkeypatch.setattr(Parser, "parse", parse)
    main(["tree", str(tree), "kernel/bpf"])
    assert parsed == []
    main(["tree", str(tree), "kernel/shelf/ids.c"])
    assert parsed == ["kernel/shelf/find.c"]


def test_a_file_that_has_nothing_to_do_with_what_is_asked_for_is_not_scanned(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(tree, {"kernel/far.c": (BODY + SET).replace("_find", "_far").replace("shelf_ids", "far_ids")})
    scanned: list[list[str]] = []

    def scan(sources: Sequence[PostImage], *others: Any) -> tuple[LexicalScan, ...]:
        scanned.append([source.path for source in sources])
        return sets.scan(sources, *others)

    monkeypatch.setattr(context, "scan", scan)
    for path in ("kernel/shelf/find.c", "kernel/shelf/ids.c", "kernel/far.c"):
        main(["tree", str(tree), path])
    shelf = ["kernel/shelf/find.c", "kernel/shelf/ids.c"]
    assert scanned == [shelf, shelf, ["kernel/far.c"]]


def test_a_baseline_holds_what_stands(tree: Path, tmp_path: Path, capsys: Output) -> None:
    known = str(tmp_path / "known.json")
    assert main(["tree", str(tree), "--baseline", known]) == 0
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"kfunclint: {known}: 1 finding recorded\n")
    assert main(["tree", str(tree), "--baseline", known]) == 0
    assert "nothing found" in capsys.readouterr().out
    commit(tree, {"kernel/shelf/more.c": BODY.replace("_find", "_take") + SET.replace("_find", "_take")})
    assert main(["tree", str(tree), "--baseline", known]) == 1
    out = capsys.readouterr().out
    assert "bpf_shelf_take()" in out
    assert "bpf_shelf_find()" not in out


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"findings": [1]}', "[" * 100_000])
def test_a_damaged_baseline_is_no_baseline(text: str, tree: Path, tmp_path: Path, capsys: Output) -> None:
    (tmp_path / "known.json").write_text(text)
    assert main(["tree", str(tree), "--baseline", str(tmp_path / "known.json")]) == 2
    assert capsys.readouterr().err == f"kfunclint: {tmp_path}/known.json: not a baseline of kfunclint\n"


def test_formats(tree: Path, capsys: Output) -> None:
    main(["tree", str(tree), "--format", "json"])
    found = json.loads(capsys.readouterr().out)
    Draft202012Validator(json.loads((ROOT / "reports" / "json.schema.json").read_text())).validate(found)
    assert (found["series"], found["tree"][:8]) == (None, "linux at")
    assert [(one["patch"], one["mail_line"], one["line"]) for one in found["findings"]] == [(None, None, 2)]
    main(["tree", str(tree), "--format", "html"])
    page = capsys.readouterr().out
    assert "kernel/shelf/ids.c" in page
    assert "BTF_ID_FLAGS(func, " in page


def test_a_series_is_judged_with_the_set_in_another_file(tree: Path, tmp_path: Path, capsys: Output) -> None:
    commit(tree, {"kernel/shelf/find.c": BODY.replace("\tif (id > SHELF_MAX)\n\t\treturn NULL;\n", "")})
    (tmp_path / "one.patch").write_text(
        mail("kernel/shelf/find.c", BODY.replace("\tif (id > SHELF_MAX)\n\t\treturn NULL;\n", ""), BODY)
    )
    assert main([str(tmp_path / "one.patch"), "--no-tree"]) == 0
    capsys.readouterr()
    assert main([str(tmp_path / "one.patch"), "--tree", str(tree)]) == 1
    out = capsys.readouterr().out
    assert "kernel/shelf/find.c:10:3: warning: bpf_shelf_find() can return NULL" in out


def test_each_patch_shows_what_a_later_one_repairs(tmp_path: Path, capsys: Output) -> None:
    good = SET.replace("find)", "find, KF_RET_NULL)")
    mails = [
        mail("kernel/shelf/one.c", "", BODY + SET, "[PATCH 1/2] shelf: find them", "1"),
        mail("kernel/shelf/one.c", BODY + SET, BODY + good, "[PATCH 2/2] shelf: mind NULL", "2"),
    ]
    (tmp_path / "two.mbox").write_text("".join(f"From mboxrd@z Thu Jan  1 00:00:00 1970\n{one}\n" for one in mails))
    assert main([str(tmp_path / "two.mbox"), "--only", "flags"]) == 0
    capsys.readouterr()
    assert main([str(tmp_path / "two.mbox"), "--each-patch", "--format", "json", "--only", "flags"]) == 1
    (found,) = json.loads(capsys.readouterr().out)["findings"]
    assert (found["rule"], found["patch"], found["repaired_by"]) == ("flags/ret-null-missing", 1, 2)
    main([str(tmp_path / "two.mbox"), "--each-patch", "--only", "flags"])
    assert "note: patch 2 repairs it" in capsys.readouterr().out
