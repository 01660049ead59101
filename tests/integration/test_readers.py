"""The reports for other programs, read by those programs or by what their makers check reports with."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from junitparser import Error, Failure, JUnitXml
from pydantic import ValidationError
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as Log

from kfunclint.resources import url

ROOT = Path(__file__).parents[2]
REPORTS = ROOT / "fixtures" / "reports"
NODE = ROOT / "build" / "readers" / "node_modules"
MULTITOOL = NODE / "@microsoft" / "sarif-multitool-linux" / "Sarif.Multitool"
RDFORMAT = NODE / ".bin" / "rdformat-validator"


def reports(kind: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", sorted(REPORTS.glob(f"*.{kind}")), ids=lambda path: path.name)


@reports("sarif")
def test_it_is_sarif(path: Path) -> None:
    Log.model_validate_json(path.read_text())
    log = json.loads(path.read_text())
    log["runs"][0]["invocations"][0]["surplus"] = 1
    with pytest.raises(ValidationError, match="surplus"):
        Log.model_validate(log)


def complaints(path: Path, folder: Path) -> set[str]:
    """The rules that the multitool finds broken in a log as errors or warnings: those of SARIF, and those of GitHub."""
    MULTITOOL.chmod(0o755)  # npm leaves that to a script that it may not run
    out = folder / "out.sarif"
    options = ["--output", str(out), "--rule-kind", "Sarif;Ghas", "--level", "Error;Warning"]
    subprocess.run([str(MULTITOOL), "validate", str(path), *options], capture_output=True, check=False)
    (run,) = json.loads(out.read_text())["runs"]
    return {result["ruleId"] for result in run["results"] if result.get("level", "warning") in ("error", "warning")}


@reports("sarif")
def test_the_multitool_has_no_complaint(path: Path, tmp_path: Path) -> None:
    has_no_address = set() if url("Homepage") else {"SARIF2005"}
    assert complaints(path, tmp_path) == has_no_address


def test_the_multitool_complains(tmp_path: Path) -> None:
    log = json.loads((REPORTS / "series.sarif").read_text())
    log["runs"][0]["results"][0]["ruleIndex"] = 99
    (tmp_path / "bad.sarif").write_text(json.dumps(log))
    assert "SARIF1009" in complaints(tmp_path / "bad.sarif", tmp_path)


def is_rdjson(path: Path) -> bool:
    words = [str(RDFORMAT), "--strict", "--silent", str(path)]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


@reports("rdjson")
def test_it_is_what_reviewdog_reads(path: Path, tmp_path: Path) -> None:
    assert is_rdjson(path)
    log = json.loads(path.read_text())
    del log["diagnostics"][0]["message"]
    (tmp_path / "bad.json").write_text(json.dumps(log))
    assert not is_rdjson(tmp_path / "bad.json")


@reports("junit")
def test_a_reader_of_junit_counts_the_same(path: Path) -> None:
    for suite in JUnitXml.fromfile(str(path)):
        results = [result for case in suite for result in case.result]
        assert suite.failures == sum(isinstance(result, Failure) for result in results)
        assert suite.errors == sum(isinstance(result, Error) for result in results)
        assert suite.tests == len(list(suite)) > 0
        assert all(result.message and result.type for result in results)
