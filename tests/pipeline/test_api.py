"""The Python API: what it reads, what it does not, and that its results are values."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
from pathlib import Path
from types import FunctionType

import pytest
from conftest import ROOT
from trees import FILES, git, write

import kfunclint
from kfunclint.clang import Parser
from kfunclint.pipeline.outcome import FINDINGS, TROUBLE, Outcome
from kfunclint.report import formats

SERIES = ROOT / "fixtures" / "series.mbox"
V1, V2 = (ROOT / "fixtures" / "threads" / f"v{version}.mbox" for version in (1, 2))
FAILS = '''\
from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule


@rule(Kfunc, Level.ERROR, see="nowhere")
def fails(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """Fails.

    Bad:
        int x;
    Good:
        long x;
    """
    raise KeyError(kfunc.name)
    yield
'''


def again(outcome: Outcome) -> Outcome:
    """What another process would get."""
    copy = pickle.loads(pickle.dumps(outcome))
    assert isinstance(copy, Outcome)
    return copy


def pages(outcome: Outcome) -> list[str]:
    return [formats.render(name, review) for name in formats.formats() for review in outcome.reviews]


def rules(outcome: Outcome) -> list[str]:
    return [finding.rule for review in outcome.reviews for finding in review.findings]


def test_a_series_is_reviewed_and_nothing_printed(parser: Parser, capsys: pytest.CaptureFixture[str]) -> None:
    found = kfunclint.review(SERIES, parser=parser)
    assert found.status == FINDINGS
    assert "flags/ret-null-missing" in rules(found)
    assert capsys.readouterr() == ("", "")


def test_a_parser_is_started_where_none_is_given() -> None:
    assert kfunclint.review(str(SERIES), only=["flags"]).status == FINDINGS


def test_bytes_are_read_as_their_file_is(parser: Parser) -> None:
    found = kfunclint.review(SERIES.read_bytes(), parser=parser)
    assert rules(found) == rules(kfunclint.review(SERIES, parser=parser))
    assert found.reviews[0].patches[0].mail.source.file == "<bytes>"
    assert [note.text for note in kfunclint.review(b"", V1, parser=parser).notes] == ["<bytes>: empty"]


def test_an_outcome_can_be_pickled(parser: Parser) -> None:
    found = kfunclint.review(SERIES, parser=parser)
    assert again(found) == found
    assert pages(again(found)) == pages(found)


def test_an_outcome_with_trouble_can_be_pickled(tmp_path: Path, parser: Parser) -> None:
    write(tmp_path / "mine", {"own/fails.py": FAILS})
    cut_off = SERIES.read_bytes().replace(b"@@ -0,0 +1,", b"@@ -0,0 +1,9", 1)
    found = kfunclint.review(cut_off, b"no mail", rules=[tmp_path / "mine"], parser=parser)
    (review,) = found.reviews
    assert (len(review.unreadable), list(review.failures)) == (1, ["own/fails"])
    assert found.status == again(found).status == TROUBLE
    assert again(found).notes == found.notes
    assert pages(again(found)) == pages(found)


@pytest.mark.parametrize("repository", [True, False], ids=["git", "folder"])
def test_an_outcome_with_a_tree_can_be_pickled(
    repository: bool, linux: Path, tmp_path: Path, parser: Parser, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail = git(linux, "format-patch", "--stdout", "upstream..").encode()
    monkeypatch.chdir(tmp_path)
    git(linux, "checkout", "-q", "upstream")
    if not repository:
        (linux / ".git").rename(tmp_path / "git")
    found = kfunclint.review(mail, tree=linux, parser=parser)
    assert "flags/ret-null-missing" in rules(found)
    assert found.reviews[0].base
    assert again(found) == found
    assert pages(again(found)) == pages(found)


@pytest.mark.parametrize(("inputs", "since"), [([V2], V1), ([V1, V2], 1)])
def test_an_earlier_version_is_a_file_or_a_number(inputs: list[Path], since: Path | int, parser: Parser) -> None:
    found = kfunclint.review(*inputs, since=since, parser=parser)
    (review,) = found.reviews
    assert review.since is not None
    assert review.since.name == "v1"
    assert again(found) == found


def test_what_stands_around_does_not_count(
    linux: Path, tmp_path: Path, parser: Parser, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(linux, FILES | {".kfunclint.toml": 'ignore = ["flags", "text"]\n'})
    config = tmp_path / "own" / "kfunclint" / "config.toml"
    write(config.parent, {config.name: 'only = ["kerneldoc"]\n'})
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "own"))
    found = kfunclint.review(SERIES, parser=parser)
    assert {"flags", "text"} <= {rule.partition("/")[0] for rule in rules(found)}
    assert found.reviews[0].base is None
    named = kfunclint.review(SERIES, config=linux / ".kfunclint.toml", parser=parser)
    assert not {"flags", "text"} & {rule.partition("/")[0] for rule in rules(named)}


def test_arguments_are_settings(parser: Parser) -> None:
    assert set(rules(kfunclint.review(SERIES, only=["flags/ret-null-missing"], parser=parser))) == {
        "flags/ret-null-missing"
    }
    assert "flags/ret-null-missing" not in rules(
        kfunclint.review(SERIES, ignore=["flags/ret-null-missing"], parser=parser)
    )
    (review,) = kfunclint.review(SERIES, kernel="6.12", parser=parser).reviews
    assert (str(review.kernel.release), review.kernel.why) == ("6.12", "given with --kernel")
    ids = [
        {rule.id for rule in kfunclint.review(SERIES, strict=on, parser=parser).reviews[0].rules}
        for on in (False, True)
    ]
    assert ids[0] < ids[1]


def test_what_cannot_be_done_is_raised(tmp_path: Path, parser: Parser) -> None:
    with pytest.raises(ValueError, match="yesterday"):
        kfunclint.review(SERIES, kernel="yesterday", parser=parser)
    with pytest.raises(ValueError, match="no such rule or family"):
        kfunclint.review(SERIES, only=["flag"], parser=parser)
    with pytest.raises(kfunclint.InputError, match="not a kernel tree"):
        kfunclint.review(SERIES, tree=tmp_path, parser=parser)
    with pytest.raises(kfunclint.InputError, match="version 7"):
        kfunclint.review(SERIES, version=7, parser=parser)


def test_the_package_loads_nothing_until_it_is_asked() -> None:
    code = "import sys; before = set(sys.modules); import kfunclint; print(sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/")
    assert done.stdout == "['kfunclint']\n"


def test_no_module_takes_the_name_of_what_is_offered() -> None:
    assert isinstance(kfunclint.review, FunctionType)
    for name in kfunclint.__all__:
        assert getattr(kfunclint, name)
        assert not (ROOT / "kfunclint" / f"{name}.py").exists()
        assert not list((ROOT / "kfunclint" / name).glob("*.py"))
    with pytest.raises(AttributeError, match="no attribute 'reviews'"):
        _ = kfunclint.reviews  # type: ignore[attr-defined]


def test_the_examples_of_the_document_give_what_it_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {}
    examples = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", (ROOT / "docs" / "api.md").read_text(), re.S)
    assert len(examples) == 2
    for code, output in examples:
        exec(code, names)
        assert capsys.readouterr().out == output
