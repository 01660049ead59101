"""--fix and --show-fixes, as a user meets them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest
from conftest import ROOT
from trees import commit, git

from kfunclint.cli.main import main
from kfunclint.pipeline.cage import Batch, Limits, Stopped

SERIES = str(ROOT / "fixtures" / "series.mbox")
PATH = "mm/bpf_memcg_walk.c"

Output = pytest.CaptureFixture[str]


@pytest.fixture
def applied(tmp_path: Path) -> Path:
    """A repository with the file as it is behind the series, and nothing else of it."""
    folder = tmp_path / "repository"
    commit(folder, {"a.c": "int a;\n"}, "base")
    (tmp_path / "mails").mkdir()
    subprocess.run(["git", "mailsplit", f"-o{tmp_path / 'mails'}", SERIES], check=True, capture_output=True)
    for mail in sorted((tmp_path / "mails").iterdir())[1:3]:
        subprocess.run(["git", "apply", "--include=mm/*.c", mail], cwd=folder, check=True)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "series")
    return folder


def test_the_patch_is_one_for_git_am(applied: Path, tmp_path: Path, capsys: Output) -> None:
    file = tmp_path / "fixes.patch"
    assert main([SERIES, "--fix", str(file)]) == 1
    out, err = capsys.readouterr()
    assert "3 warnings, 3 checks in 2 of 2 patches" in out
    assert err == f"kfunclint: 5 of 6 findings mended: {file}\n"
    git(applied, "am", "-q", str(file))
    assert git(applied, "log", "-1", "--format=%s") == "mend 5 findings of kfunclint"
    text = (applied / PATH).read_text()
    assert "bpf_memcg_biggest_child, KF_ACQUIRE | KF_TRUSTED_ARGS | KF_RET_NULL)" in text
    assert "\tif (mem_cgroup_disabled())\n\t\treturn NULL;\n\n\treturn root_mem_cgroup;" in text


def test_alone_on_standard_output(applied: Path, tmp_path: Path, capsys: Output) -> None:
    assert main([SERIES, "--fix", "-", "-o", str(tmp_path / "review")]) == 1
    out, err = capsys.readouterr()
    assert out.startswith("From: ")
    assert "5 of 6 findings mended" in err
    assert (tmp_path / "review").read_text().startswith("[PATCH bpf-next v2 0/2]")
    subprocess.run(["git", "apply", "--check"], input=out.encode(), cwd=applied, check=True)


def test_the_fixes_of_one_patch_are_a_fixup(capsys: Output) -> None:
    assert main([SERIES, "--only", "guards", "--fix", "-"]) == 1
    assert (
        "\nSubject: [PATCH] fixup! mm: add bpf_memcg_root() and bpf_memcg_biggest_child()\n" in capsys.readouterr().out
    )


def test_what_is_found_is_shown_with_its_fix(capsys: Output) -> None:
    assert main([SERIES, "--show-fixes"]) == 1
    out = capsys.readouterr().out
    assert "fix: drop KF_TRUSTED_ARGS\n    @@ -61,7 +61,7 @@\n" in out
    assert "    +BTF_ID_FLAGS(func, bpf_memcg_release, KF_RELEASE)\n" in out
    assert out.endswith("\n5 of 6 can be mended: --fix FILE\n")


def test_a_fix_is_offered_with_the_usual_report(capsys: Output) -> None:
    assert main([SERIES]) == 1
    assert capsys.readouterr().out.endswith('below the "---"\n5 of 6 can be mended: --fix FILE\n')


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ([SERIES, "--fix=commits"], "--fix=commits is for commits: name them with --git, or a file as ./commits"),
        (["--staged", "--fix=commits"], "--fix=commits is for commits"),
        ([SERIES, "--fix", "-", "--report", "json=-"], "standard output is named for two outputs"),
        ([SERIES, "--fix-unsure"], "--fix-unsure goes with --fix"),
        ([SERIES, "--fix", SERIES], "would overwrite an input, nothing was written"),
        ([SERIES, "--fix", "x", "-o", "x"], "is named for two outputs, nothing was written"),
    ],
)
def test_wrong_use(arguments: list[str], why: str, capsys: Output) -> None:
    before = Path(SERIES).read_bytes()
    assert main(arguments) == 2
    assert why in capsys.readouterr().err
    assert Path(SERIES).read_bytes() == before


def test_nothing_to_mend_writes_nothing(tmp_path: Path, capsys: Output) -> None:
    file = tmp_path / "fixes.patch"
    assert main([SERIES, "--only", "text", "--fix", str(file)]) == 0
    assert not file.exists()
    assert capsys.readouterr().err == "kfunclint: 0 of 1 finding mended\n"


def test_a_mail_that_takes_too_long_is_reviewed_all_the_same(tmp_path: Path, capsys: Output) -> None:
    calls = iter([False, True])
    true = Batch.next

    def once(self: Batch, limits: Limits) -> object:
        if next(calls):
            raise Stopped("CPU limit of 20 s")
        return true(self, limits)

    with mock.patch.object(Batch, "next", once):
        assert main([SERIES, "--fix", str(tmp_path / "fixes.patch")]) == 1
    out, err = capsys.readouterr()
    assert "3 warnings, 3 checks in 2 of 2 patches" in out
    assert err.endswith("kfunclint: no fix was tried: CPU limit of 20 s\n")
    assert not (tmp_path / "fixes.patch").exists()


def test_no_fix_no_cost() -> None:
    code = f"import sys; from kfunclint.cli.main import main; main([{SERIES!r}]); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stderr.split())
    assert "kfunclint.checker.review" in loaded
    assert not {"kfunclint.checker.mending", "kfunclint.cli.fix", "kfunclint.git.fixups"} & loaded
