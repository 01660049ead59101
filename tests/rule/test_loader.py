"""Rules of one's own: what is wrong with a file is said in one line that names it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from own_rules import RULE

from kfunclint.cli.main import main
from kfunclint.resources import folder as shipped_folder
from kfunclint.rule import loader
from kfunclint.rule.rule import BadRule

Output = pytest.CaptureFixture[str]

ROW = """\
[shelf-shut-unchecked]
title = "A kfunc uses top_shelf without testing shelf_shut() first"
why = "It may be shut."
bad = "return top_shelf;"
good = "if (shelf_shut())\\n\\treturn NULL;"
uses = ["top_shelf"]
guard = "shelf_shut()"
holds = false
because = "it may be shut"
see = "kernel/shelf/shelf.c: shelf_open()"
"""


def folder(tmp_path: Path, text: str = RULE, name: str = "defs/shelf_name.py") -> Path:
    path = tmp_path / "own" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return tmp_path / "own"


def test_a_rule_knows_where_it_stands(tmp_path: Path) -> None:
    (rule,) = loader.load(folder(tmp_path), "own")
    assert (rule.id, rule.source) == ("defs/shelf-name", f"{tmp_path}/own/defs/shelf_name.py:9")
    (row,) = loader.load(folder(tmp_path / "rows", "\n" + ROW, "tables/guards.toml"), "own")
    assert row.source == f"{tmp_path}/rows/own/tables/guards.toml:2"


DOC = RULE[RULE.index('    """') : RULE.index("    del kernel")]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Level.WARNING", "Level.WARNIN", r":9: AttributeError: .*WARNIN.*"),
        ("Level.WARNING", '"warning"', ":9: the level is 'warning', not Level.CHECK, Level.WARNING or Level.ERROR"),
        ("def check(", "def check", r":10: SyntaxError: .+"),
        ("    if ", "  if ", r":21: IndentationError: .+"),
        ("import Kfunc\n", "import Kfunk\n", r":3: ImportError: cannot import name 'Kfunk' .*"),
        ("import Kfunc\n", "import Kfunc\nimport nosuch\n", r":4: ModuleNotFoundError: No module named 'nosuch'"),
        ('shelf_open()"', 'shelf_open()", since="6,2"', ":9: '6,2' is not a kernel release such as 6.12"),
        ('shelf_open()"', 'shelf_open()", until=6.2', ":9: 6.2 is not a kernel release such as 6.12"),
        (', see="kernel/shelf/shelf.c: shelf_open()"', "", r":9: TypeError: .*'see'"),
        ("kernel/shelf/shelf.c: shelf_open()", "", ":9: see names no source of the kernel"),
        ("@rule(Kfunc,", "@rule(str,", r":9: <class 'str'> is no type of fact; those are in kfunclint/facts/"),
        (DOC, "", ":9: the rule has no docstring"),
        ("no shelf.", "no shelf." + "x" * 60, ":9: the title has 92 characters, more than 72"),
        ("Bad:", "Wrong:", ':9: the docstring lacks "Bad:" and an indented example below it'),
        ("        bpf_shelf_take()\n", "", ':9: the docstring lacks "Good:" and an indented example below it'),
        ("@rule(", "raise SystemExit\n@rule(", ":9: SystemExit"),
        ("@rule(", "1 / 0\n@rule(", ":9: ZeroDivisionError: .*"),
        ("@rule(", "raise ValueError('one\\n\\x1btwo')\n@rule(", ":9: ValueError: one"),
        ("@rule(", "raise ValueError('\\x1b')\n@rule(", r":9: ValueError: \\x1b"),
        ("@rule(", "def deep() -> None:\n    deep()\ndeep()\n@rule(", r":10: RecursionError: .*"),
        ("@rule(Kfunc", "def rule(*args: object, **more: object) -> object: ...\n@rule(Kfunc", ":10: TypeError: .*"),
        ("\n@rule(", "\nx = '\0'\n@rule(", ".*: SyntaxError: .*"),
    ],
)
def test_a_wrong_rule_is_refused_with_its_line(
    old: str, new: str, message: str, tmp_path: Path, capsys: Output
) -> None:
    assert RULE.count(old) == 1
    path = folder(tmp_path, RULE.replace(old, new))
    assert main(["--rules", str(path), "nosuch.patch"]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    with pytest.raises(BadRule, match=f"^{path}/defs/shelf_name.py{message}$") as refusal:
        loader.load(path, "own")
    assert said.err == f"kfunclint: {refusal.value}\n"


def test_a_file_holds_one_rule(tmp_path: Path) -> None:
    with pytest.raises(BadRule, match=r"shelf_name\.py: a rule file holds one rule, found 0$"):
        loader.load(folder(tmp_path, "x = 1\n"), "own")
    second = RULE[RULE.index("@rule(") :].replace("check(", "check_again(")
    with pytest.raises(BadRule, match=r"shelf_name\.py: a rule file holds one rule, found 2, line 9, line 25$"):
        loader.load(folder(tmp_path, f"{RULE}\n\n{second}"), "own")


def test_a_rule_has_a_family(tmp_path: Path) -> None:
    with pytest.raises(BadRule, match=r"own/stray\.py: a rule stands in the folder of its family, such as .*own/own/"):
        loader.load(folder(tmp_path, name="stray.py"), "own")


def test_a_missing_folder_is_refused(tmp_path: Path, capsys: Output) -> None:
    assert main(["rules", "--rules", str(tmp_path / "none")]) == 2
    assert capsys.readouterr().err == f"kfunclint: {tmp_path}/none: no such folder\n"


@pytest.mark.parametrize("name", ["fixtures/shelf/tool.py", "tables/tool.py"])
def test_python_beside_the_families_is_not_run(name: str, tmp_path: Path) -> None:
    assert loader.load(folder(tmp_path, "raise SystemExit\n", name), "own") == ()


def test_an_id_of_a_shipped_rule_is_refused(tmp_path: Path, capsys: Output) -> None:
    own = folder(tmp_path, name="defs/weak.py")
    assert main(["rules", "--rules", str(own)]) == 2
    line = next(rule.source for rule in loader.shipped() if rule.id == "defs/weak")
    assert line.startswith(f"{shipped_folder('rules')}/defs/weak.py:")
    assert capsys.readouterr().err == f"kfunclint: {own}/defs/weak.py:9: a rule defs/weak is there already: {line}\n"


def test_an_id_of_a_row_and_a_file_is_refused(tmp_path: Path) -> None:
    own = folder(folder(tmp_path, ROW, "tables/guards.toml").parent, name="guards/shelf_shut_unchecked.py")
    with pytest.raises(BadRule, match=r"guards\.toml:1: a rule guards/shelf-shut-unchecked is there already: .*\.py:9"):
        loader.load(own, "own")


def test_an_id_in_two_folders_is_refused(tmp_path: Path, capsys: Output) -> None:
    first, second = folder(tmp_path / "a"), folder(tmp_path / "b")
    assert main(["rules", "--rules", str(first), "--rules", str(second)]) == 2
    assert f"{second}/defs/shelf_name.py:9: a rule defs/shelf-name is there already: {first}" in capsys.readouterr().err


def test_a_folder_that_is_named_twice_counts_once(tmp_path: Path, capsys: Output) -> None:
    own = folder(tmp_path)
    assert main(["rules", "--rules", str(own), "--rules", str(own / "defs" / "..")]) == 0
    assert capsys.readouterr().out.count("defs/shelf-name ") == 1


def test_rules_of_ones_own_are_listed_and_explained(
    tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = folder(folder(tmp_path, ROW, "tables/guards.toml").parent)
    assert main(["explain", "--rules", str(own), "guards/shelf-shut-unchecked", "defs/weak"]) == 0
    assert "It may be shut." in capsys.readouterr().out
    assert main(["explain", "guards/shelf-shut-unchecked"]) == 2
    settings = tmp_path / "settings.toml"
    settings.write_text(f"rules = [{json.dumps(str(own))}]\n")
    capsys.readouterr()
    assert main(["rules", "--config", str(settings)]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert listed == [*(rule.id for rule in loader.shipped()), "defs/shelf-name", "guards/shelf-shut-unchecked"]
    monkeypatch.chdir(own)
    (own / ".kfunclint.toml").write_text('rules = ["."]\n')
    assert main(["rules"]) == 0
    said = capsys.readouterr()
    assert "guards/shelf-shut-unchecked " in said.out
    assert "defs/shelf-name " not in said.out
    assert "a tree's Python is not run" in said.err
