"""Guards that a tree keeps to, proposed as rows that work."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Lint
from depots import BAD, GOOD, KFUNC, TESTS, diff, functions
from trees import FILES, commit, write

from kfunclint.cli.main import main
from kfunclint.finding import Place
from kfunclint.flow.questions import Condition
from kfunclint.index.proposals import proposed_tests, table
from kfunclint.index.usage import Precedent, Usage
from kfunclint.rule import loader
from kfunclint.rule.guard import parsed
from kfunclint.rule.rule import TITLE_LENGTH

Output = pytest.CaptureFixture[str]
Mine = Callable[..., tuple[str, str]]


@pytest.fixture(autouse=True)
def no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def mined(tmp_path: Path, capsys: Output) -> Mine:
    """What the command says, on standard output and on standard error, of a tree with these files."""

    def run(files: dict[str, str], symbol: str = "top_depot") -> tuple[str, str]:
        write(tmp_path / "linux", FILES | files)
        assert main(["mine", symbol, "--tree", str(tmp_path / "linux")]) == 0
        said = capsys.readouterr()
        return said.out, said.err

    return run


def test_a_row_and_who_voted(mined: Mine, tmp_path: Path) -> None:
    text = functions(GOOD, "a", "b") + functions(BAD, "c") + functions("static " + BAD, "d", "e")
    out, err = mined({"kernel/depot.c": text})
    assert err == ""
    assert out.split("\n\n")[0] == (
        f"# {tmp_path}/linux: 2 of 3 public functions that use top_depot test depot_off() first\n"
        "#   depot_a(), kernel/depot.c:1\n"
        "#   depot_b(), kernel/depot.c:8\n"
        "# and these do not:\n"
        "#   depot_c(), kernel/depot.c:14\n"
        "# Functions that are static or __init do not count: 2 more use it."
    )
    assert tomllib.loads(out) == {
        "top-depot-without-depot-off": {
            "title": "A kfunc uses top_depot without testing depot_off() first",
            "why": "2 of 3 public functions that use top_depot test depot_off() first.",
            "bad": "use(top_depot);",
            "good": "if (depot_off())\n        return NULL;\nuse(top_depot);\n",
            "uses": ["top_depot"],
            "guard": "depot_off()",
            "holds": False,
            "because": "2 of 3 public functions that use it do",
            "see": "kernel/depot.c: depot_a()",
        }
    }


def test_what_cannot_be_followed_is_not_said_to_lack_the_test(mined: Mine) -> None:
    text = functions(GOOD, "a", "b") + functions(GOOD.replace("top_depot", "top_depot +"), "c")
    out, _ = mined({"kernel/depot.c": text})
    assert "2 of 3 public functions" in out
    assert "and these do not" not in out
    assert "# and these cannot be followed:\n#   depot_c(), kernel/depot.c:14\n" in out


@pytest.mark.parametrize("symbol", ["top_depot", "first_depot()"])
def test_a_row_works(symbol: str, mined: Mine, tmp_path: Path, lint: Lint) -> None:
    use = {"top_depot": "top_depot", "first_depot()": "first_depot(1)"}[symbol]
    asked = TESTS.replace("depot_off", "!depot_on").replace("top_depot", use)
    text = functions(f"struct depot *depot_NAME(void)\n{{\n{asked}\treturn {use};\n}}\n", "a", "b")
    out, _ = mined({"kernel/depot.c": text}, symbol)
    (tmp_path / "rules" / "tables").mkdir(parents=True)
    (tmp_path / "rules" / "tables" / "guards.toml").write_text(out)
    rules = loader.load(tmp_path / "rules", "own")
    guilty = KFUNC.replace("top_depot", use)
    (found,) = lint(diff("kernel/bpf.c", "", guilty), rules=rules).findings
    words = f"bpf_depot() uses {symbol} without testing depot_on(): 2 of 2 public functions that use it do"
    assert found.message == words
    innocent = guilty.replace("\treturn", f"{asked}\treturn", 1)
    assert not lint(diff("kernel/bpf.c", "", innocent), rules=rules).findings


def test_the_same_of_a_repository(tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(tmp_path / "linux", FILES | {"kernel/depot.c": functions(GOOD, "a", "b")})
    monkeypatch.chdir(tmp_path / "linux" / "kernel")
    assert main(["mine", "top_depot", "-o", str(tmp_path / "guards.toml")]) == 0
    assert capsys.readouterr() == ("", "")
    assert "2 of 2 public functions" in (tmp_path / "guards.toml").read_text()


@pytest.mark.parametrize(
    ("text", "symbol", "words"),
    [
        (functions(GOOD, "a") + functions(BAD, "b"), "top_depot", "in most of the 2 public functions that"),
        (functions(GOOD, "a"), "top_depot", "only one public function uses it, and one alone"),
        ("", "top_depot", "no public function uses it"),
        (functions(GOOD, "a", "b"), "depot_off", "no public function uses it (a function that is called"),
    ],
)
def test_nothing_is_proposed_that_most_do_not_do(text: str, symbol: str, words: str, mined: Mine) -> None:
    out, err = mined({"kernel/depot.c": text}, symbol)
    assert out == ""
    assert words in err
    assert err.count("\n") == 1


def test_a_table_is_written_where_there_is_something_to_propose(mined: Mine, tmp_path: Path, capsys: Output) -> None:
    path = tmp_path / "own" / "tables" / "guards.toml"
    mined({"kernel/depot.c": functions(GOOD, "a")})
    arguments = ["mine", "top_depot", "--tree", str(tmp_path / "linux"), "-o", str(path)]
    assert main(arguments) == 0
    assert not path.parent.exists()
    mined({"kernel/depot.c": functions(GOOD, "a", "b")})
    assert main(arguments) == 0
    assert "guards/top-depot-without-depot-off" in [rule.id for rule in loader.load(tmp_path / "own", "own")]
    capsys.readouterr()
    written = path.read_text()
    mined({"kernel/depot.c": functions(GOOD, "a")})
    assert main(arguments) == 0
    assert path.read_text() == written


@pytest.mark.parametrize("symbol", ["", "-x", "a b", "foo(1)", "foo()()", "x;y", "a->b", "x" * 101, "\u00e4"])
def test_what_is_no_symbol_is_refused(symbol: str, capsys: Output) -> None:
    assert main(["mine", "--", symbol]) == 2
    assert "is neither a name nor name()" in capsys.readouterr().err


def test_no_tree_is_one_line(tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["mine", "top_depot"]) == 2
    assert capsys.readouterr().err == "kfunclint: .: not in a kernel tree: name one with --tree\n"


def test_hostile_names_stay_in_their_place() -> None:
    tests = frozenset({Condition(f"{'x' * 80}()", True), Condition("also()", False)})
    peers = [Precedent(name, Place('a"\n]\x7f\ud800.c', 1), "int", tests) for name in ("a", "b")]
    found = Usage("y" * 80, tuple(peers), 0)
    assert [test.text for test in proposed_tests(found)] == ["also()", f"{'x' * 80}()"]
    rows = tomllib.loads(table(found, "tree\n[x]\u202e"))
    assert len(rows) == 2
    for row in rows.values():
        assert parsed(row).see == 'a"\\x0a]\\x7f\\ud800.c: a()'
        assert len(row["title"]) <= TITLE_LENGTH
