"""`kfunclint rules` and `kfunclint explain`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from kfunclint.cli.main import main
from kfunclint.cli.rules import explanation, listing
from kfunclint.rule import loader, names

Output = pytest.CaptureFixture[str]


def test_every_rule_is_listed_once(capsys: Output) -> None:
    assert main(["rules"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [found.id for found in loader.shipped()]
    assert len({line.index(found.title) for line, found in zip(lines, loader.shipped(), strict=True)}) == 1


def test_levels_are_named() -> None:
    found = {line.split()[0]: line for line in listing(loader.shipped()).splitlines()}
    assert " warning, error since 7.0 " in found["flags/ret-null-missing"]
    assert " warning, strict " in found["flags/release-of-two"]


def test_a_rule_is_explained(capsys: Output) -> None:
    assert main(["explain", "flags/trusted-args-with-rcu"]) == 0
    text = capsys.readouterr().out
    head, _, doc = text.partition("\n\n")
    assert head.splitlines() == [
        "flags/trusted-args-with-rcu",
        "  level: warning",
        "  kernels: from 6.2 up to 6.19",
        "  contract: F3 (rules/README.md)",
        "  kernel source: kernel/bpf/verifier.c: check_kfunc_args()",
    ]
    assert doc.startswith("KF_TRUSTED_ARGS stands beside KF_RCU")
    assert "\nBad:\n    BTF_ID_FLAGS(" in doc
    assert "\nGood:\n    BTF_ID_FLAGS(" in doc


def test_a_strict_rule_says_how_it_runs() -> None:
    assert "(runs with --strict only)" in explanation(*names.rules_named(loader.shipped(), "flags/release-of-two"))


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("flags/ret-nul-missing", ", did you mean flags/ret-null-missing?"),
        ("ret-null-missing", ", did you mean flags/ret-null-missing?"),
        ("zzz", ""),
    ],
)
def test_an_unknown_rule_gives_2_and_the_nearest(name: str, hint: str, capsys: Output) -> None:
    assert main(["explain", name]) == 2
    assert capsys.readouterr() == ("", f"kfunclint: {name}: no such rule or family{hint}\n")


def test_a_family_is_listed_and_explained(capsys: Output) -> None:
    guards = [found.id for found in loader.shipped() if found.id.startswith("guards/")]
    assert main(["rules", "guards"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == guards
    assert main(["explain", "guards", guards[0]]) == 0
    text = capsys.readouterr().out
    assert [line for line in text.splitlines() if line in guards] == guards


def test_programs_read_the_rules(capsys: Output) -> None:
    assert main(["rules", "flags/trusted-args-with-rcu", "--format", "json"]) == 0
    (printed,) = json.loads(capsys.readouterr().out)
    (found,) = names.rules_named(loader.shipped(), "flags/trusted-args-with-rcu")
    assert printed == {
        "id": "flags/trusted-args-with-rcu",
        "level": "warning",
        "error_since": None,
        "strict": False,
        "since": "6.2",
        "until": str(found.until) if found.until else None,
        "title": found.title,
        "see": found.see,
        "doc": found.doc,
    }


def test_every_rule_has_a_page(tmp_path: Path, capsys: Output) -> None:
    assert main(["explain", "--all", "--pages", str(tmp_path / "rules")]) == 0
    pages = {str(path.relative_to(tmp_path / "rules")): path.read_text() for path in (tmp_path / "rules").rglob("*.md")}
    index = pages.pop("index.md")
    assert set(re.findall(r"\]\((.*?)\)", index)) == set(pages) == {f"{rule.id}.md" for rule in loader.shipped()}
    for name, page in pages.items():
        assert page.startswith(f"# {name.removesuffix('.md')}\n")
        assert page.count("```c\n") == page.count("```\n") == 2
        assert all(len(line) <= 400 for line in page.splitlines())


def test_an_explanation_of_nothing_is_refused(capsys: Output) -> None:
    assert main(["explain"]) == 2
    assert "--all" in capsys.readouterr().err
