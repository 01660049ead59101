"""The SARIF reports beside models that were generated from the official schema of SARIF 2.1.0."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as Log

REPORTS = Path(__file__).parents[2] / "fixtures" / "reports"


@pytest.mark.parametrize("path", sorted(REPORTS.glob("*.sarif")), ids=lambda path: path.name)
def test_it_is_sarif(path: Path) -> None:
    Log.model_validate_json(path.read_text())
    log = json.loads(path.read_text())
    log["runs"][0]["invocations"][0]["surplus"] = 1
    with pytest.raises(ValidationError, match="surplus"):
        Log.model_validate(log)
