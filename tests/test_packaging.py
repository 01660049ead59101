"""What people install works from any directory: a wheel made from the sdist, and an editable checkout."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT

from kfunclint.report import formats

LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", "build", "dist", ".*_cache", "__pycache__", "*.egg-info", ".hypothesis"
)


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(ROOT, tmp_path_factory.mktemp("checkout") / "kfunclint", ignore=LEFT_OUT))


@pytest.fixture(scope="module")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--outdir", out, checkout, cwd=checkout)  # the wheel is built from the sdist
    (built,) = out.glob("*.whl")
    return built


def test_the_wheel_holds_rules_and_reports_inside_the_package(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith((".dist-info", ".data"))} == {"kfunclint"}
    for folder in ("rules", "reports"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                assert f"kfunclint/{path.relative_to(ROOT).as_posix()}" in names
    assert "kfunclint/pyproject.toml" in names


@pytest.mark.parametrize("kind", ["wheel", "editable"])
def test_installed_it_says_the_same(kind: str, checkout: Path, wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    what: list[str | Path] = [wheel] if kind == "wheel" else ["--editable", checkout]
    run(tmp_path / "venv" / "bin" / "pip", "install", "--quiet", *what, cwd=tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in formats.formats():
        command: list[str | Path] = ["--format", name, ROOT / "fixtures" / "series.mbox"]
        installed = run(tmp_path / "venv" / "bin" / "kfunclint", *command, cwd=elsewhere)
        assert installed == run(sys.executable, "-m", "kfunclint", *command, cwd=ROOT)
        assert "guards/memcg-disabled-unchecked" in installed
    assert (tmp_path / "venv" / "share" / "man" / "man1" / "kfunclint.1").is_file()
