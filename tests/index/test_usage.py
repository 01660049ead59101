"""Who else tests first: how the functions of a tree that use a symbol are counted, and when a finding says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from depots import BAD, GOOD, KFUNC, TESTS, USES, diff, functions
from trees import FILES, commit, write

from kfunclint.clang import Parser
from kfunclint.cli.main import main
from kfunclint.errors import InputError
from kfunclint.flow.questions import Condition
from kfunclint.index.usage import Usage, find_usage
from kfunclint.tree.tree import open_tree

Output = pytest.CaptureFixture[str]
Count = Callable[..., Usage]

OFF = Condition("depot_off()", False)
ROW = """\
[depot-off-unchecked]
title = "A kfunc uses top_depot without testing depot_off() first"
why = "There is none."
bad = "return top_depot;"
good = "if (!depot_off())"
uses = ["top_depot", "depot_by_id()"]
guard = "depot_off()"
holds = false
because = "there is none"
see = "kernel/depot.c: depot_off()"
"""


@pytest.fixture(autouse=True)
def no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def count(tmp_path: Path, parser: Parser) -> Count:
    """Count in a folder with these files and no others."""

    def run(files: dict[str, str], symbol: str = "top_depot", most: int = 9) -> Usage:
        write(tmp_path / "linux", FILES | files)
        with closing(open_tree(tmp_path / "linux")) as tree:
            return find_usage(tree, symbol, parser, most=most)

    return run


@pytest.mark.parametrize(
    ("body", "tests"),
    [
        (TESTS + USES, {OFF}),
        ("\treturn depot_off() ? NULL : top_depot;\n", {OFF}),
        ("\tif (depot_off() || depot_lost())\n\t\treturn NULL;\n" + USES, {OFF, Condition("depot_lost()", False)}),
        ("\tif (!depot_on())\n\t\treturn NULL;\n" + USES, {Condition("depot_on()", True)}),
        ("\tif (!depot_off())\n\t\tuse(top_depot);\n\treturn NULL;\n", {OFF}),
        ("\tif (depot_off())\n\t\twarn();\n" + USES, set()),
        ("\tif (n && depot_off())\n\t\treturn NULL;\n" + USES, set()),
        ("\tuse(top_depot);\n" + TESTS + USES, set()),
        ("\tif (depot_is_off(n))\n\t\treturn NULL;\n" + USES, set()),
        # the next round may come to it
        ("\twhile (n--) {\n\t\tif (depot_off())\n\t\t\tcontinue;\n\t\tuse(top_depot);\n\t}\n\treturn NULL;\n", set()),
        ("\tif (!top_depot)\n\t\treturn NULL;\n" + TESTS + USES, {OFF}),
        ("\tif (kept == top_depot)\n\t\treturn NULL;\n" + TESTS + USES, {OFF}),
        ("\tuse(&top_depot->lock);\n" + TESTS + USES, set()),
    ],
)
def test_what_a_function_tests_first(body: str, tests: set[Condition], count: Count) -> None:
    found = count({"kernel/depot.c": f"struct depot *depot_any(int n)\n{{\n{body}}}\n"})
    assert [(peer.name, set(peer.tests)) for peer in found.public] == [("depot_any", tests)]
    (peer,) = found.public
    assert (peer.at.path, peer.at.line, peer.at.column, peer.returns) == ("kernel/depot.c", 1, 15, "struct depot *")


@pytest.mark.parametrize(
    "text",
    [
        "/* top_depot is read elsewhere */\nint depot_any(void)\n{\n\t/* not top_depot */\n\treturn 1;\n}\n",
        'int depot_any(void)\n{\n\treturn say("top_depot");\n}\n',
        "bool depot_any(struct depot *depot)\n{\n\treturn depot == top_depot;\n}\n",
        "bool depot_any(void)\n{\n\tif (!top_depot)\n\t\treturn false;\n\treturn true;\n}\n",
        "void depot_any(struct depot *depot)\n{\n\ttop_depot = depot;\n}\n",
        "int depot_any(struct depot *top_depot)\n{\n\treturn top_depot->id;\n}\n",
        "int depot_any(void)\n{\n\tstruct depot *top_depot = depot_new();\n\n\treturn top_depot->id;\n}\n",
        "int depot_any(struct yard *yard)\n{\n\treturn yard->top_depot->id;\n}\n",
        "#define top_id() (top_depot->id)\nint depot_any(void)\n{\n\treturn 1;\n}\n",
        "struct depot *top_depot;\n",
    ],
)
def test_what_is_no_use(text: str, count: Count) -> None:
    found = count({"kernel/depot.c": text})
    assert (found.public, found.others) == ((), 0)


def test_who_counts(count: Count) -> None:
    files = {
        "include/linux/depot.h": functions("static inline " + GOOD, "inline"),
        "kernel/depot.c": functions(GOOD, "one", "two") + functions(BAD, "three") + functions("static " + BAD, "own"),
        "kernel/init.c": functions(BAD.replace("depot *", "depot * __init "), "init"),
        "tools/depot.c": functions(GOOD, "tool"),
    }
    found = count(files)
    assert [peer.name for peer in found.public] == ["depot_inline", "depot_one", "depot_two", "depot_three"]
    assert [peer.name for peer in found.testing(OFF)] == ["depot_inline", "depot_one", "depot_two"]
    assert found.others == 2
    assert found.is_custom(OFF)
    assert not found.is_custom(Condition("depot_off()", True))


def test_calls_are_counted_as_calls(count: Count) -> None:
    text = functions(GOOD.replace("top_depot", "depot_by_id(1)"), "one")
    own = "struct depot *depot_by_id(int id)\n{\n\treturn depot_by_id(id - 1);\n}\n"
    found = count({"kernel/depot.c": text + own + "int (*asked)(int) = depot_by_id;\n"}, "depot_by_id()")
    assert [(peer.name, set(peer.tests)) for peer in found.public] == [("depot_one", {OFF})]


@pytest.mark.parametrize("texts", [(GOOD, BAD), (BAD, GOOD)])
def test_two_of_a_name_count_once(texts: tuple[str, str], count: Count) -> None:
    found = count({f"arch/{arch}/depot.c": functions(text, "one") for arch, text in zip("ab", texts, strict=True)})
    assert [(peer.name, set(peer.tests)) for peer in found.public] == [("depot_one", set())]


def test_one_that_cannot_be_followed_tests_nothing(count: Count) -> None:
    found = count({"kernel/depot.c": f"struct depot *depot_one(void)\n{{\n{TESTS}\tWHAT {{ IS }} THIS(\n{USES}}}\n"})
    assert [(peer.name, set(peer.tests)) for peer in found.public] == [("depot_one", set())]


def test_one_that_cannot_be_followed_may_not_use_it_at_all(count: Count) -> None:
    text = "int depot_one(struct yard *yard)\n{\n\tWHAT { IS } THIS(\n\treturn yard->top_depot->id;\n}\n"
    assert not count({"kernel/depot.c": text}).public


def test_what_cannot_be_counted_is_said(count: Count) -> None:
    files = {f"kernel/depot{number}.c": functions(GOOD, str(number)) for number in range(3)}
    assert len(count(files, most=3).public) == 3
    with pytest.raises(InputError, match="top_depot stands in 3 files, too many"):
        count(files, most=2)
    with pytest.raises(InputError, match=r"kernel/depot0\.c: not analysed"):
        count(files | {"kernel/depot0.c": functions(GOOD, "0") + "(" * 500})


# ---- what findings say of it


@pytest.fixture(params=["folder", "git"])
def say(request: pytest.FixtureRequest, tmp_path: Path, capsys: Output) -> Callable[..., list[str]]:
    """The reasons that the one finding about the row has, in a tree with these files."""
    (tmp_path / "rules" / "tables").mkdir(parents=True)
    (tmp_path / "rules" / "tables" / "guards.toml").write_text(ROW)

    def run(files: dict[str, str], patch: str | None = None) -> list[str]:
        linux = tmp_path / "linux"
        write(linux, FILES | files) if request.param == "folder" else commit(linux, FILES | files)
        (tmp_path / "one.patch").write_text(patch or diff("kernel/bpf_depot.c", "", KFUNC))
        main([str(tmp_path / "one.patch"), "--tree", str(linux), *common(tmp_path)])
        (found,) = json.loads(capsys.readouterr().out)["findings"]
        return [f"{one['path']}:{one['line']}: {one['note']}" for one in found["because"]]

    return run


def common(folder: Path) -> list[str]:
    return ["--rules", str(folder / "rules"), "--only", "guards/depot-off-unchecked", "--format", "json"]


def test_a_finding_says_who_tests_first(say: Callable[..., list[str]]) -> None:
    one = functions(GOOD.replace("struct depot *", "int "), "int") + "\n" + functions(GOOD, "a", "b", "c")
    assert say({"kernel/depot.c": one + functions(BAD, "bad")}) == [
        "kernel/depot.c:8: 4 of the 5 public functions that use top_depot test depot_off() first, "
        "depot_a(), depot_b() and depot_c() among them"
    ]
    assert say({"kernel/depot.c": functions(GOOD, "a", "b")}) == [
        "kernel/depot.c:1: both public functions that use top_depot test depot_off() first: depot_a() and depot_b()"
    ]


@pytest.mark.parametrize(
    "text",
    [
        functions(GOOD, "one"),
        functions(GOOD, "one", "two") + functions(BAD, "three", "four"),
        functions(GOOD.replace("depot_off()", "!depot_off()"), "one", "two"),
        functions("static " + GOOD, "one", "two"),
        functions(GOOD, "one", "two") + "(" * 500 + "\n",
    ],
)
def test_it_says_nothing_of_what_few_do(text: str, say: Callable[..., list[str]]) -> None:
    assert say({"kernel/depot.c": text}) == []


def test_what_the_series_adds_is_no_example(say: Callable[..., list[str]]) -> None:
    old = functions(GOOD, "one", "two")
    more = functions(BAD, "three", "four", "five") + KFUNC
    assert say({"kernel/depot.c": old}, diff("kernel/depot.c", old, more)) == [
        "kernel/depot.c:1: both public functions that use top_depot test depot_off() first: depot_one() and depot_two()"
    ]


def test_a_place_is_one_behind_the_series(say: Callable[..., list[str]]) -> None:
    old = functions(GOOD, "one", "two")
    lines = old.count("\n")
    patch = diff("kernel/bpf_depot.c", "", KFUNC) + (
        f"diff --git a/kernel/depot.c b/kernel/depot.c\n--- a/kernel/depot.c\n+++ b/kernel/depot.c\n"
        f"@@ -1,{lines} +1,{lines + 1} @@\n+int more;\n" + "".join(f" {line}\n" for line in old.splitlines())
    )
    assert say({"kernel/depot.c": old}, patch)[0].startswith("kernel/depot.c:2: both")
    # seen through its hunks, nobody knows what else is in it
    assert say({"kernel/depot.c": "int other;\n" + functions(GOOD, "five", "six")}, patch) == []


def test_a_header_that_a_machine_made_is_left_out(say: Callable[..., list[str]]) -> None:
    files = {"kernel/depot.c": functions(GOOD, "one", "two"), "include/depot_regs.h": "int top_depot_x;\n" * (1 << 18)}
    assert len(say(files)) == 1


def test_a_review_of_the_tree_says_it_too(tmp_path: Path, capsys: Output) -> None:
    (tmp_path / "rules" / "tables").mkdir(parents=True)
    (tmp_path / "rules" / "tables" / "guards.toml").write_text(ROW)
    write(tmp_path / "linux", FILES | {"kernel/depot.c": functions(GOOD, "one", "two") + KFUNC})
    assert main(["tree", str(tmp_path / "linux"), *common(tmp_path)]) == 1
    (found,) = json.loads(capsys.readouterr().out)["findings"]
    assert found["because"][0]["note"].startswith("2 of the 3 public functions that use top_depot")
