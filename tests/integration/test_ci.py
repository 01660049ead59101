"""The examples of docs/ci.md, run as they stand."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from programs import BIN, started

ROOT = Path(__file__).parents[2]
DOC = (ROOT / "docs" / "ci.md").read_text()
(SCRIPT,) = re.findall(r"^```sh\n(.*?)^```$", DOC, re.M | re.S)
WORKFLOWS = [yaml.safe_load(text) for text in re.findall(r"^```yaml\n(.*?)^```$", DOC, re.M | re.S)]
DEPOT = """\
__bpf_kfunc struct depot *bpf_depot_get(unsigned long id)
{
	if (!id)
		return NULL;
	return find_depot(id);
}

BTF_KFUNCS_START(depot_ids)
BTF_ID_FLAGS(func, bpf_depot_get, KF_SLEEPABLE)
BTF_KFUNCS_END(depot_ids)
"""


def shell(command: str, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command as GitHub runs a step."""
    return started(["bash", "-e", "-c", command], folder, folder.parent, more=more)


@pytest.fixture
def branch(tmp_path: Path) -> Path:
    """A clone with two commits more than its origin, the first of them bad."""
    (tmp_path / ".gitconfig").write_text("[user]\n\tname = Ann Author\n\temail = ann@example.org\n")
    origin, clone = tmp_path / "origin", tmp_path / "clone"
    origin.mkdir()
    done = shell(f"git init -q -b main && git commit -q --allow-empty -m base && git clone -q . {clone}", origin)
    assert done.returncode == 0, done.stderr
    (clone / "depot.c").write_text(DEPOT)
    message = "depot: add bpf_depot_get()\n\nIt is not necessarily to count."
    done = shell('git add . && git commit -q -m "$MESSAGE"', clone, MESSAGE=message)
    assert done.returncode == 0, done.stderr
    (clone / "readme").write_text("A depot.\n")
    done = shell("git add . && git commit -q -m 'depot: say what it is'", clone)
    assert done.returncode == 0, done.stderr
    return clone


def test_the_script_says_what_it_found(branch: Path) -> None:
    done = shell(SCRIPT, branch)
    assert done.returncode == 1
    assert done.stdout.endswith("kfunclint: the page is kfunclint.html\n")
    assert "bpf_depot_get()" in (branch / "kfunclint.html").read_text()
    assert json.loads((branch / "kfunclint.json").read_text())["findings"]
    shell("git update-ref refs/remotes/origin/main HEAD~1", branch)
    assert shell(SCRIPT, branch).returncode == 0
    shell("git update-ref -d refs/remotes/origin/main", branch)
    assert shell(SCRIPT, branch).returncode == 2


def steps(workflow: Any) -> list[str]:
    """The commands of a workflow that need no GitHub."""
    (job,) = workflow["jobs"].values()
    assert job["env"] == {"COMMITS": "${{ github.event.pull_request.commits }}"}
    lines = [step["run"] for step in job["steps"] if "run" in step]
    assert len(lines) >= 3
    return [line for line in lines if not line.startswith(("pipx ", "git fetch "))]


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_a_workflow_has_the_rights_it_needs(workflow: Any) -> None:
    (job,) = workflow["jobs"].values()
    uses = [step["uses"].partition("@")[0] for step in job["steps"] if "uses" in step]
    scans = "github/codeql-action/upload-sarif" in uses
    assert workflow["permissions"] == {"contents": "read"} | ({"security-events": "write"} if scans else {})
    assert workflow[True] == "pull_request"  # YAML takes "on" for a truth value
    assert uses[0] == "actions/checkout"


def test_annotations_fail_the_step(branch: Path) -> None:
    (command,) = steps(WORKFLOWS[0])
    done = shell(command, branch, COMMITS="2")
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    assert all(re.match(r"::(error|warning|notice) (file|title)=", line) for line in lines)
    assert "::error file=depot.c,line=9," in lines[0]
    assert any(line.startswith("::notice title=text/grammar::message of [PATCH 1/2]") for line in lines)
    done = shell(command, branch, COMMITS="1")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_code_scanning_gets_a_file_and_the_summary_the_rest(branch: Path) -> None:
    scan, rest = steps(WORKFLOWS[1])
    done = shell(scan, branch, COMMITS="2")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    (run,) = json.loads((branch / "kfunclint.sarif").read_text())["runs"]
    assert {result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in run["results"]} == {
        "depot.c"
    }
    done = shell(rest, branch, GITHUB_STEP_SUMMARY=str(branch / "summary"))
    assert done.returncode == 0, done.stderr
    assert 'line 1: "necessarily" should read "necessary"' in (branch / "summary").read_text()
    done = shell(scan, branch, COMMITS="7")
    assert done.returncode != 0


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        ("action.yml", ["vendor.github-actions"]),
        ("docs/gitlab.yml", ["vendor.gitlab-ci", "--data-transform", "gitlab-ci"]),
    ],
)
def test_what_is_shipped_for_a_forge_is_what_its_schema_says(path: str, schema: list[str], tmp_path: Path) -> None:
    command = [str(BIN / "check-jsonschema"), "--builtin-schema", *schema]
    assert subprocess.run([*command, str(ROOT / path)], check=False).returncode == 0
    (tmp_path / "bad.yml").write_text((ROOT / path).read_text().replace("script:", "scrip:").replace("using:", "use:"))
    assert subprocess.run([*command, str(tmp_path / "bad.yml")], capture_output=True, check=False).returncode == 1
