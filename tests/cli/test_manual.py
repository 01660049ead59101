"""Short help, manual page and completion, which are made of what the commands take."""

from __future__ import annotations

import argparse
import ast
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from kfunclint.cli import completion, manual
from kfunclint.cli.completion import FILES, candidates, parsers
from kfunclint.cli.main import main
from kfunclint.report import formats
from kfunclint.rule import loader

Output = pytest.CaptureFixture[str]
BIN = Path(sys.executable).parent


def test_help_fits_a_screen_and_names_every_command(capsys: Output) -> None:
    for option in ("-h", "--help"):
        assert main([option]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert len(lines) <= 32
        assert max(map(len, lines)) <= 80
    for name in filter(None, parsers()):
        assert any(line.startswith(f"  {name} ") for line in lines)
    assert main(["series.mbox", "--help"]) == 0
    assert capsys.readouterr().out.splitlines() == lines


def test_all_of_the_help_is_a_word_away(capsys: Output) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--help-all"])
    assert end.value.code == 0
    shown = capsys.readouterr().out
    assert all(option in shown for action in parsers()[""]._actions for option in action.option_strings)


def test_every_command_has_its_help() -> None:
    tree = ast.parse((ROOT / "kfunclint" / "cli" / "main.py").read_text())
    dispatched = {
        name.value
        for test in ast.walk(tree)
        if isinstance(test, ast.Compare) and "argv[:1]" in ast.unparse(test.left)
        for name in ast.walk(test)
        if isinstance(name, ast.Constant) and isinstance(name.value, str)
    }
    assert dispatched
    assert dispatched == set(filter(None, parsers()))


def commands(line: str) -> list[list[str]]:
    """The calls of kfunclint in a line of shell, without the name."""
    words = list(shlex.shlex(line, posix=True, punctuation_chars="|<>&;"))
    parts = " ".join(shlex.quote(word) if word != "|" else "\n" for word in words).split("\n")
    return [shlex.split(part)[1:] for part in parts if shlex.split(part)[:1] == ["kfunclint"]]


def parse(words: list[str]) -> argparse.Namespace:
    known = parsers()
    name = words[0] if words[0] in known else ""
    return known[name].parse_args(words[bool(name) :])


@pytest.mark.parametrize("line", [line for line, _ in manual.EXAMPLES])
def test_the_examples_can_be_typed(line: str) -> None:
    ((words),) = commands(line)
    parse(words)


def test_the_page_is_that_of_today(request: pytest.FixtureRequest) -> None:
    path, page = ROOT / "docs" / "kfunclint.1", manual.page(parsers())
    if request.config.getoption("--rewrite-golden"):
        path.write_text(page)
    assert page == path.read_text(), "docs/kfunclint.1 is old: run pytest --rewrite-golden tests/cli/test_manual.py"


def test_the_page_has_every_option_and_format() -> None:
    page = manual.page(parsers()).replace("\\-", "-")
    for parser in parsers().values():
        for action in parser._actions:
            assert all(f"\\fB{option}\\fR" in page for option in action.option_strings)
    assert all(f"\n\\fB{name}\\fR\n" in page for name in formats.formats())
    sections = re.findall(r"^\.SH (.*)$", page, re.M)
    assert sections == [
        *("NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "FORMATS", "COMMANDS"),
        *("EXIT STATUS", "FILES", "ENVIRONMENT", "EXAMPLES", "SEE ALSO"),
    ]


def test_no_text_is_a_request() -> None:
    assert manual._text(".so /etc/passwd \\fB\n'x") == "\\&.so /etc/passwd \\efB 'x"
    assert manual._text(f"{'x' * 78} 'x --y") == f"{'x' * 78}\n\\&'x \\-\\-y"


# Completion.

IDS = [found.id for found in loader.shipped()]
FAMILIES = sorted({name.partition("/")[0] for name in IDS})


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        (["t"], ["tree", "test", FILES]),
        (["--stri"], ["--strict"]),
        (["--form"], ["--format"]),
        (["--format", "te"], ["terminal", "terse"]),
        (["--format=sar"], ["--format=sarif"]),
        (["--format", "=", "sar"], ["sarif"]),
        (["--format", "="], list(formats.formats())),
        (["x.mbox", "--only", ""], [*FAMILIES, *IDS]),
        (["--ignore", "flags/ret"], [name for name in IDS if name.startswith("flags/ret")]),
        (["--report", "ht"], ["html="]),
        (["--report", "html=pa"], [FILES]),
        (["--report", "html", "=", "pa"], [FILES]),
        (["--report", "html", "="], [FILES]),
        (["--kernel", "6.12"], ["6.12"]),
        (["--revision", ""], []),
        (["--tree", "/usr"], [FILES]),
        (["--tree=/usr"], [FILES]),
        (["--strict", "se"], [FILES]),
        (["tree", "--li"], ["--list"]),
        (["tree", "--format", "ht"], ["html"]),
        (["tree", "linux", ""], [FILES]),
        (["explain", "flags/ret-null-m"], ["flags/ret-null-missing"]),
        (["explain", "gu"], ["guards", *(name for name in IDS if name.startswith("guards/"))]),
        (["--strict", "--no"], ["--no-tree"]),
        (["rules", ""], [*FAMILIES, *IDS]),
        (["completion", ""], ["bash", "zsh", "fish"]),
        (["="], [FILES]),
    ],
)
def test_what_may_be_typed(typed: list[str], found: list[str]) -> None:
    assert candidates(typed, parsers()) == found


def test_commands_are_offered_in_the_first_place_only() -> None:
    assert candidates([""], parsers()) == [*filter(None, parsers()), FILES]
    assert candidates(["series.mbox", ""], parsers()) == [FILES]


def completed(script: str, words: list[str], folder: Path) -> list[str]:
    """What bash offers for the last word."""
    line = " ".join(words)
    code = (
        f"source {shlex.quote(script)}; COMP_WORDS=({' '.join(map(shlex.quote, words))}); "
        f"COMP_CWORD={len(words) - 1}; COMP_LINE={shlex.quote(line)}; compopt() {{ :; }}; "
        '_kfunclint "$KFUNCLINT"; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    command = ["bash", "-uc", code]
    environment = {"PATH": "/usr/bin:/bin", "KFUNCLINT": str(BIN / "kfunclint")}
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder, env=environment)
    assert done.stderr == ""
    return done.stdout.split("\n")[:-1]


def test_bash_completes(tmp_path: Path, capsys: Output) -> None:
    main(["completion", "bash"])
    script = tmp_path / "script"
    script.write_text(capsys.readouterr().out)
    (tmp_path / "tree two.mbox").touch()
    assert completed(str(script), ["kfunclint", "tr"], tmp_path) == ["tree", "tree two.mbox"]
    assert completed(str(script), ["kfunclint", "--format", "te"], tmp_path) == ["terminal", "terse"]
    assert completed(str(script), ["kfunclint", "--report", "html", "=", "tr"], tmp_path) == ["tree two.mbox"]
    assert completed(str(script), ["kfunclint", "--tree", "=", "tr"], tmp_path) == ["tree two.mbox"]
    assert completed(str(script), ["kfunclint", "explain", "guards/memcg"], tmp_path) == [
        "guards/memcg-disabled-unchecked"
    ]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_there_is_a_script_for(shell: str, capsys: Output) -> None:
    assert main(["completion", shell]) == 0
    assert capsys.readouterr().out == completion._SCRIPTS[shell]
