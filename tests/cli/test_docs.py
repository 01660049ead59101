"""What the documents tell people to type works, what they link to is there, and they speak of this version."""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from conftest import ROOT
from programs import started
from trees import git, unpushed

from kfunclint import __version__

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# what needs a network, a list or a configuration of its own; tests/bot and tests/integration run those
ELSEWHERE = re.compile(r"pip|git config|bot run|bot replay|reviewdog|send-email|mailsplit")


def commands() -> list[tuple[str, str]]:
    """Every line that calls kfunclint, without what is said about it behind."""
    lines = [(path.name, line) for path in PAGES for line in re.findall(r"^    (\S.*)$", path.read_text(), re.M)]
    calls = [(name, re.split(r"  +|  #", line)[0]) for name, line in lines if re.match(r"(b4 .*\| )?kfunclint\b", line)]
    shortened = [(name, re.sub(r"(explain \S+) why.*|(\bmine \w+) .*", r"\1\2", call)) for name, call in calls]
    return [
        (name, call) for name, call in shortened if not re.match(r"kfunclint:", call) and not ELSEWHERE.search(call)
    ]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a kernel tree, mails, and a b4 that has them."""
    unpushed(tmp_path / "linux")
    (tmp_path / ".local/share/bash-completion/completions").mkdir(parents=True)
    for name in ("origin/main", "v6.18"):
        git(tmp_path / "linux", "branch", name, "upstream")
    (tmp_path / "linux" / "kernel" / "sched").mkdir()
    (tmp_path / "linux" / "kernel" / "sched" / "x.c").write_text("int x;\n")
    git(tmp_path / "linux", "add", ".")
    git(tmp_path / "linux", "commit", "-q", "-m", "sched: x")
    (tmp_path / ".gitconfig").write_text("[user]\n\tname = Ann Author\n\temail = ann@example.org\n")
    (tmp_path / "linux" / "fixtures").mkdir()
    for name in ("series.mbox", "fixtures/series.mbox"):
        shutil.copy(ROOT / "fixtures" / "series.mbox", tmp_path / "linux" / name)
    (tmp_path / "linux" / "list.mbox.gz").write_bytes(gzip.compress((ROOT / "fixtures/series.mbox").read_bytes()))
    for version in ("v1", "v2"):
        shutil.copy(ROOT / "fixtures" / "threads" / f"{version}.mbox", tmp_path / "linux")
    (tmp_path / "b4").write_text("#!/bin/sh\ncat series.mbox\n")
    (tmp_path / "b4").chmod(0o755)
    return tmp_path


@pytest.mark.parametrize(("page", "command"), commands())
def test_what_is_shown_works(page: str, command: str, home: Path) -> None:
    folder = home / "linux"
    words = command.removesuffix(" || status=$?")
    if "--staged" in command:
        (folder / "kernel" / "bpf" / "depot.c").write_text("int depots;\n")
        git(folder, "add", "kernel")
    done = started(["sh", "-c", words], folder, home, more={"XDG_CACHE_HOME": str(home / "cache")})
    assert done.returncode in (0, 1), f"{page}: {command}: {done.stderr}"
    assert "Traceback" not in done.stderr


def test_the_commands_are_seen() -> None:
    shown = [command for _, command in commands()]
    assert len(shown) > 15
    assert "b4 am -o- MESSAGE-ID | kfunclint" in shown
    assert "kfunclint explain flags/ret-null-missing" in shown


def test_links_lead_to_files() -> None:
    for path in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text()):
            assert (path.parent / target).exists(), f"{path.name}: {target}"
    listed = (ROOT / "docs" / "index.md").read_text()
    files = [path for path in (ROOT / "docs").iterdir() if path.suffix in (".md", ".yml", ".service", ".1")]
    assert all(f"({path.name})" in listed for path in files if path.name != "index.md")


def test_one_version_is_spoken_of() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == __version__
    assert re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.M)[1] == __version__  # type: ignore[index]
    assert all(f"v{__version__}" in (ROOT / name).read_text() for name in ("README.md", "docs/ci.md"))


def test_the_readme_shows_the_reply_of_today() -> None:
    text = (ROOT / "README.md").read_text()
    shown = text.partition("until a person sends it:\n\n")[2].partition("\n## ")[0]
    lines = [line.removeprefix("    ") for line in shown.rstrip().split("\n")]
    assert "\n".join(lines) in (ROOT / "fixtures" / "reports" / "series.reply").read_text()


def test_the_include_for_gitlab_names_what_it_keeps(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "gitlab.yml").read_text()
    (call,) = re.findall(r"^    - (kfunclint .*)$", text, re.M)
    for name in re.findall(r"--report \w+=(\S+)", call):
        assert text.count(name) > 1
    unpushed(tmp_path / "linux")
    script = call.replace("$CI_MERGE_REQUEST_DIFF_BASE_SHA", "upstream")
    done = started(["sh", "-c", script], tmp_path / "linux", tmp_path)
    assert done.returncode == 1, done.stderr
    assert (tmp_path / "linux" / "kfunclint.codequality.json").read_text().startswith("[")


def test_the_action_reviews_the_commits(tmp_path: Path) -> None:
    text = (ROOT / "action.yml").read_text()
    script = re.findall(r"RUNNER_TEMP/kfunclint/bin/(kfunclint)\" (--git .*)$", text, re.M)[0]
    unpushed(tmp_path / "linux")
    done = started(
        ["bash", "-c", " ".join(script)], tmp_path / "linux", tmp_path, more={"COMMITS": "1", "ARGUMENTS": "--strict"}
    )
    assert done.returncode == 1, done.stderr
    assert "::warning file=kernel/bpf/depot.c" in done.stdout or "::error file=kernel/bpf/depot.c" in done.stdout
    assert subprocess.run(["git", "diff", "--quiet"], cwd=tmp_path / "linux", check=False).returncode == 0
