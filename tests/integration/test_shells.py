"""Completion in the shells, the manual page in its readers, and what editors make of the lines."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from programs import BIN, started

ROOT = Path(__file__).parents[2]
# the functions of zsh's completion system, so that they tell what they are given
ZSH = """
compdef() { : }
compset() { : }
compadd() { local word; for word in "${@[@]:$@[(i)--]}"; do [[ $word == -- ]] || print -r -- "$word"; done }
_files() { print -r -- FILES }
source =(kfunclint completion zsh)
words=(kfunclint "$@") CURRENT=$#words
_kfunclint
"""


def run(*words: str | Path, cwd: Path) -> str:
    done = started(words, cwd, cwd, more={"TERM": "dumb"})
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


FISH = "kfunclint completion fish | source; complete -C 'kfunclint %s'"


@pytest.mark.parametrize(
    ("typed", "fish", "zsh"),
    [
        ("--format te", ["terminal", "terse"], ["terminal", "terse"]),
        ("--format=sar", ["--format=sarif"], ["--format=sarif"]),
        ("tre", ["tree"], ["FILES", "tree"]),
        ("se", ["series.mbox"], ["FILES"]),
        ("--report ht", ["html="], ["html="]),
        ("--report html=se", ["html=series.mbox"], ["FILES"]),
        ("explain guards/memcg", ["guards/memcg-disabled-unchecked"], ["guards/memcg-disabled-unchecked"]),
        ("--revision ", [], []),
    ],
)
def test_shells_complete(typed: str, fish: list[str], zsh: list[str], tmp_path: Path) -> None:
    (tmp_path / "series.mbox").touch()
    assert run("fish", "--no-config", "--command", FISH % typed, cwd=tmp_path).split() == fish
    assert run("zsh", "-f", "-c", ZSH, "zsh", *typed.split(" "), cwd=tmp_path).split() == zsh


def test_the_manual_page_is_well_formed(tmp_path: Path) -> None:
    page = ROOT / "docs" / "kfunclint.1"
    said = subprocess.run(["mandoc", "-Tlint", page], capture_output=True, text=True, check=False).stdout
    assert [line for line in said.splitlines() if "missing date" not in line] == []
    assert "kfunclint tree [OPTION]... DIR [PATH...]" in run("man", "--local-file", "--warnings", page, cwd=tmp_path)


VIM = """\
set errorformat&
cfile %s
for entry in getqflist()
  if entry.valid
    call writefile([bufname(entry.bufnr) .. '|' .. entry.lnum .. '|' .. entry.col .. '|' .. entry.text], 'found', 'a')
  endif
endfor
qall!
"""


@pytest.mark.parametrize(("kind", "column"), [("terminal", 38), ("terse", 0), ("gcc", 38)])
def test_vim_goes_to_the_lines(kind: str, column: int, tmp_path: Path) -> None:
    series = ROOT / "fixtures" / "series.mbox"
    subprocess.run([BIN / "kfunclint", "--format", kind, series, "-o", tmp_path / "out"], check=False, cwd=tmp_path)
    (tmp_path / "script").write_text(VIM % "out")
    run("vim", "-u", "NONE", "-es", "-S", "script", cwd=tmp_path)
    found = [line.split("|") for line in (tmp_path / "found").read_text().splitlines()]
    word = next(entry for entry in found if "necessarily" in entry[3])
    assert [str((tmp_path / word[0]).resolve()), *word[1:3]] == [str(series), "42", str(column)]
    if kind != "terse":
        names = {name for name, *_ in found if not name.endswith("series.mbox")}
        assert names == {"mm/bpf_memcg_walk.c"}
        notes = (tmp_path / "out").read_text().count(": note: ")
        assert len(found) == (6 if kind == "terminal" else 3) + notes
