"""Files of a tree are parsed once, whatever is reviewed, and what is kept of that never says anything else."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from shelves import BODY, KERNEL, SET
from trees import commit, write

import kfunclint
from kfunclint.c.syntax import Unit
from kfunclint.clang import Parser, answers
from kfunclint.cli.main import main
from kfunclint.index import index
from kfunclint.patch import postimage
from kfunclint.patch.postimage import PostImage
from kfunclint.tree.tree import Tree, open_tree

FIND, IDS = "kernel/shelf/find.c", "kernel/shelf/ids.c"
HEADERS = {
    "include/linux/kconfig.h": "#include <generated/autoconf.h>\n",
    "include/linux/compiler_types.h": "#define __bpf_kfunc __attribute__((__used__))\n",
    "include/linux/shelf.h": "#define SHELF_MAX 7\n",
}
ITER = """\
#include <linux/shelf.h>
struct bpf_iter_shelf { u64 opaque[3]; };
__bpf_kfunc int bpf_iter_shelf_new(struct bpf_iter_shelf *it, int first)
{
	return first > SHELF_MAX ? -EINVAL : 0;
}
BTF_KFUNCS_START(iter_ids)
BTF_ID_FLAGS(func, bpf_iter_shelf_new, KF_ITER_NEW)
BTF_KFUNCS_END(iter_ids)
"""

Output = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "kfunclint" / "parser"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the parser is asked, in this process, from now on."""
    questions: list[str] = []
    ask = Parser._ask

    def counted(self: Parser, request: dict[str, Any]) -> Any:
        questions.append("types" if "types_of" in request else "functions")
        return ask(self, request)

    monkeypatch.setattr(Parser, "_ask", counted)
    return questions


@pytest.fixture(params=["folder", "git"])
def linux(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    files = KERNEL | HEADERS | {FIND: BODY, IDS: SET, "kernel/shelf/iter.c": ITER}
    (write if request.param == "folder" else commit)(tmp_path / "linux", files)
    return tmp_path / "linux"


@pytest.fixture
def tree(linux: Path) -> Iterator[Tree]:
    with contextlib.closing(open_tree(linux)) as opened:
        yield opened


def found(tree: Tree, path: str = FIND) -> PostImage:
    source = index.source_of(tree, path)
    assert source is not None
    return source


def parse(tree: Tree, parser: Parser, **wanted: Any) -> Unit:
    unit = index.parsed(tree, parser, found(tree), **wanted)
    assert [function.name for function in unit.functions] == ["bpf_shelf_find"]
    return unit


def test_a_second_review_of_a_tree_parses_nothing(linux: Path, capsys: Output, asked: list[str]) -> None:
    main(["tree", str(linux), "--deep"])
    told = capsys.readouterr().out
    assert sorted(asked) == ["functions"] * 2 + ["types"] * 2
    asked.clear()
    for options in (["--deep"], [], [FIND], ["--deep"]):
        main(["tree", str(linux), *options])
    assert asked == []
    assert capsys.readouterr().out.endswith(told)


def test_another_question_has_another_answer(tree: Tree, parser: Parser, asked: list[str]) -> None:
    parse(tree, parser)
    parse(tree, parser, names=["bpf_shelf_find"])
    parse(tree, parser, lines=[3])
    changed = postimage.whole(FIND, [postimage.Line(text) for text in ("", *BODY.splitlines())])
    assert index.parsed(tree, parser, changed).functions[0].line == parse(tree, parser).functions[0].line + 1
    assert len(asked) == 4


def test_another_parser_answers_anew(
    tree: Tree, parser: Parser, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    parse(tree, parser)
    for other in ("newer", None, None):
        monkeypatch.setattr(answers, "_parser", lambda other=other: other)
        parse(tree, parser)
    assert len(asked) == 4


def to_fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-1]),
        lambda path: path.write_bytes(path.read_bytes().replace(b"bpf_shelf", b"bpf_other")),
        lambda path: path.write_bytes(b"\xff" * 99),
        to_fifo,
        lambda path: (path.unlink(), path.symlink_to("/dev/zero")),
    ],
    ids="empty cut changed bytes fifo device".split(),
)
def test_what_is_damaged_is_asked_anew(damage: Any, tree: Tree, parser: Parser, asked: list[str], kept: Path) -> None:
    right = parse(tree, parser)
    (file,) = kept.iterdir()
    damage(file)
    assert parse(tree, parser) == right
    assert parse(tree, parser) == right
    assert len(asked) == 2


def test_why_there_is_no_answer_is_not_kept(tree: Tree, kept: Path) -> None:
    for _ in range(2):
        assert answers.kept("?", lambda: {"failure": ["parser stopped", "CPU limit", None]})
    assert not kept.exists()


def test_a_header_that_changed_is_read(linux: Path, capsys: Output, asked: list[str]) -> None:
    files: dict[str, str | None] = {"include/linux/shelf.h": "#define SHELF_MAX 7U\n"}
    main(["tree", str(linux), "--deep"])
    asked.clear()
    (commit if (linux / ".git").exists() else write)(linux, files)
    main(["tree", str(linux), "--deep"])
    capsys.readouterr()
    assert asked == ["types"] * 2


# ---- mail


def strange(text: str = "stock_find(nr)") -> bytes:
    """A mail with a kfunc that calls what another file of fixtures/trees/shelf defines."""
    code = f"__bpf_kfunc int bpf_mailed(u32 nr)\n{{\n\treturn {text};\n}}\n"
    added = "".join(f"+{line}\n" for line in code.splitlines())
    return (
        "From: Ann Author <ann@example.org>\nSubject: [PATCH] shelf: mail\nMessage-ID: <1@example.org>\n\nMail.\n---\n"
        "diff --git a/kernel/shelf/mailed.c b/kernel/shelf/mailed.c\nnew file mode 100644\n--- /dev/null\n"
        f"+++ b/kernel/shelf/mailed.c\n@@ -0,0 +1,4 @@\n{added}"
    ).encode()


@pytest.mark.parametrize("is_caged", [True, False])
def test_what_a_mail_calls_is_parsed_once(is_caged: bool, parser: Parser, kept: Path, asked: list[str]) -> None:
    tree = ROOT / "fixtures" / "trees" / "shelf"
    cold = kfunclint.review(strange(), tree=tree, parser=parser, caged=is_caged)
    files = [path.read_text() for path in kept.iterdir()]
    assert any("stock_find" in text for text in files)
    assert not any("bpf_mailed" in text for text in files)
    asked.clear()
    warm = [kfunclint.review(strange(), tree=tree, parser=parser, caged=caged) for caged in (True, False)]
    assert warm == [cold, cold]
    assert not cold.notes
    assert asked == ["functions"]  # outside of the child, and of the mail itself


def test_a_child_is_not_believed(tree: Tree, parser: Parser, kept: Path) -> None:
    understood = index.services(tree, parser)["understood"]
    at = getattr(tree, "commit", "")
    assert understood(at, FIND, ((), ()), "another text") is None
    assert understood(at, "kernel/nowhere.c", ((), ()), "") is None
    assert understood(at, "../../etc/passwd", ((), ()), "") is None
    assert not kept.exists()
    for wrong in (((), (7,)), (("x",), ()), ((True,), ()), ((), None), 7):
        with pytest.raises((TypeError, ValueError)):
            understood(at, FIND, wrong, "")


def test_what_a_child_learns_is_what_is_in_the_tree(
    tree: Tree, parser: Parser, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = index.services(tree, parser)
    monkeypatch.setattr(index._Office, "ask", lambda name, *arguments: services[name](*arguments))
    mine = parse(tree, parser)
    monkeypatch.setattr(index._Office, "ask", None)
    assert parse(tree, parser) == mine


def test_what_is_kept_is_of_a_process_of_its_own(tree: Tree, parser: Parser, monkeypatch: pytest.MonkeyPatch) -> None:
    requests: list[dict[str, Any]] = []

    def ask(self: Parser, request: dict[str, Any]) -> Any:
        requests.append(request)
        return {"functions": []}

    monkeypatch.setattr(Parser, "_ask", ask)
    monkeypatch.setattr(parser, "_series", "mail of a stranger")
    index.parsed(tree, parser, found(tree))
    parser.parse(found(tree))
    assert [request.get("series") for request in requests] == [None, "mail of a stranger"]
