"""Every fixture of a rule says in itself what must be found; every rule has one with both kinds of case."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Lint

from kfunclint.clang import Parser
from kfunclint.fixture.suite import Suite
from kfunclint.rule import loader
from kfunclint.rule.rule import Rule

SUITE = Suite(loader.shipped(), ROOT / "fixtures")


@pytest.mark.parametrize("path", SUITE.paths, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_fixture(path: Path, parser: Parser) -> None:
    assert "\n".join(map(str, SUITE.unmet(path, parser))) == ""


@pytest.mark.parametrize("rule", loader.shipped(), ids=lambda rule: rule.id)
def test_rule_has_every_kind_of_case(rule: Rule[Any]) -> None:
    assert "\n".join(map(str, SUITE.lacking(rule))) == ""


TESTS_ITSELF = """\
Date: Tue, 14 Oct 2025 10:00:00 +0200
Subject: [PATCH] bpf: test the verifier

diff --git a/{path} b/{path}
--- a/{path}
+++ b/{path}
@@ -1,0 +1,3 @@
+BTF_KFUNCS_START(ids)
+BTF_ID_FLAGS(func, bpf_widget_get, KF_ACQUIRE | KF_ACQUIRE)
+BTF_KFUNCS_END(ids)
"""


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("kernel/bpf/widget.c", ["flags/duplicate-flag"]),
        ("net/bpf/test_run.c", []),
        ("tools/testing/selftests/bpf/bpf_testmod/bpf_testmod.c", []),
    ],
)
def test_files_that_break_the_contract_on_purpose_are_left_alone(path: str, found: list[str], lint: Lint) -> None:
    assert [finding.rule for finding in lint(TESTS_ITSELF.format(path=path)).findings] == found
