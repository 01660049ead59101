"""Links to the project: where pyproject.toml says where it lives, and only there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sample import sample

from kfunclint import resources
from kfunclint.report import formats

FORMATS = ("html", "json", "rdjson", "reply", "reply-full", "sarif", "terminal")
HOMEPAGE, DOCUMENTATION = "https://kfunclint.example.org/", "https://kfunclint.example.org/docs"


@pytest.fixture
def lives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Give the project a pyproject.toml that ends like this."""
    path = tmp_path / "pyproject.toml"
    shipped = vars(resources)["_path"]

    def write(urls: str) -> None:
        path.write_text(f'[project]\nname = "kfunclint"\n{urls}')
        monkeypatch.setattr(resources, "_path", lambda name: path if name == path.name else shipped(name))
        resources.url.cache_clear()

    yield write
    resources.url.cache_clear()


def texts() -> dict[str, str]:
    return {name: "\n".join(formats.files(name, sample()).values()) for name in FORMATS}


def test_a_project_that_lives_nowhere_is_linked_to_by_nothing(lives: Callable[[str], None]) -> None:
    lives("")
    said = texts()
    assert [name for name in FORMATS if "kfunclint.example.org" in said[name] or "/rules/" in said[name]] == []
    assert "informationUri" not in said["sarif"]
    assert "helpUri" not in said["sarif"]
    assert "\n\nIs a remark wrong" not in said["reply"]


def test_one_that_lives_somewhere_is(lives: Callable[[str], None]) -> None:
    before = texts()
    lives(f'[project.urls]\nHomepage = "{HOMEPAGE}"\nDocumentation = "{DOCUMENTATION}"\n')
    said = texts()
    rule = f"{DOCUMENTATION}/rules/flags/ret-null-missing.md"
    assert [name for name in FORMATS if HOMEPAGE in said[name]] == ["html", "rdjson", "reply", "sarif"]
    assert f'href="{rule}"' in said["html"]
    assert json.loads(said["rdjson"])["diagnostics"][0]["code"]["url"].startswith(f"{DOCUMENTATION}/rules/")
    assert json.loads(said["sarif"])["runs"][0]["tool"]["driver"]["informationUri"] == HOMEPAGE
    assert said["reply"].replace(f"{HOMEPAGE}\n", "") == before["reply"]
