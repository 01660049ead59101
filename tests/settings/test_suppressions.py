"""Silence that is asked for: in the mail, in a file of settings, by a baseline; and what of it had no effect."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from jsonschema import Draft202012Validator
from sample import sample
from shelves import BODY, GUARDED, KERNEL, SET, WITHOUT_GUARD, mail, series
from trees import commit, git

from kfunclint.checker.result import Review
from kfunclint.checker.review import review
from kfunclint.clang import Parser
from kfunclint.cli import options
from kfunclint.cli import review as review_command
from kfunclint.cli.main import main
from kfunclint.fixture.marks import differences, read
from kfunclint.mail.inbox import read_inbox, select_series
from kfunclint.rule import loader, names
from kfunclint.settings import baseline, suppressions
from kfunclint.value import replace

Output = pytest.CaptureFixture[str]
SERIES = (ROOT / "fixtures" / "series.mbox").read_text()
WAYS = ROOT / "fixtures" / "silence" / "ways.mbox"
FLAGS = ["flags/ret-null-missing", "flags/trusted-args-with-release"]
REFUSAL = "write kfunclint: ignore RULE [FUNCTION] - reason"
NOTHING = "nothing was found that it silences"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


def with_line(line: str, patch: int = 2) -> str:
    """The series with a line below the --- of a patch, or at the top of the cover letter."""
    if patch == 0:
        return SERIES.replace("A program that looks", f"{line}\n\nA program that looks", 1)
    before, mark, after = SERIES.rpartition("---\n mm/") if patch == 2 else SERIES.partition("---\n mm/")
    return f"{before}---\n{line}\n{mark.removeprefix('---')}{after}"


def told(text: str, *options: str, capsys: Output) -> dict[str, Any]:
    Path("series.mbox").write_text(text)
    main(["series.mbox", "--format", "json", *options])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def rules(found: dict[str, Any]) -> list[str]:
    return [one["rule"] for one in found["findings"] if one["rule"].startswith("flags/")]


def hidden(found: dict[str, Any]) -> list[str]:
    return [one["finding"]["rule"] for one in found["withheld"]]


# In the mail.


def test_every_way_of_the_fixture(parser: Parser) -> None:
    fixture = read(WAYS)
    Path("ways.mbox").write_text(fixture.text)
    (one,) = select_series(read_inbox(["ways.mbox"]), None, False)
    known = names.choose(loader.shipped(), only=["flags", "text"], ignore=(), strict=False)
    found = suppressions.apply_suppressions(review(one, known, parser), (), loader.shipped())
    first = {patch.mail.subject.number: patch.mail.source.body_line or 0 for patch in found.patches}
    at = [(one, first[one.origin.patch] + one.origin.mail_line - 1) for one in found.findings]
    assert not list(differences(fixture, at))
    lines = ["", *fixture.text.split("\n")]
    assert [(lines[one.line or 0].strip(), one.why) for one in found.unused] == [
        ("kfunclint: ignore flags - here git would keep it", "git would keep it, move it below the ---"),
        ("kfunclint: ignore flags/ret-null-missing", REFUSAL),
        (
            "kfunclint: ignore flag/ret-null-missing - misspelled",
            "flag/ret-null-missing: no such rule or family, did you mean flags/ret-null-missing?",
        ),
        ("kfunclint: ignore flags/ret-null-missing - this patch registers nothing", NOTHING),
    ]
    assert {one.text for one in found.unused} == {lines[one.line or 0].strip() for one in found.unused}
    assert [one.why.partition(" (")[0] for one in found.withheld] == [
        "that is how crates speak",
        "programs test the number first",
    ]


@pytest.mark.parametrize(
    ("line", "patch", "left"),
    [
        ("kfunclint: ignore flags/ret-null-missing - no", 2, FLAGS[1:]),
        ("kfunclint: ignore flags - no", 2, []),
        ("kfunclint: ignore flags - no", 1, FLAGS),
        ("kfunclint: ignore flags - no", 0, []),
        ("    kfunclint: ignore flags - no", 2, []),
        ("    kfunclint: ignore flags - no", 0, FLAGS),
        ("kfunclint: ignore flags bpf_memcg_release - no", 2, FLAGS[:1]),
        ("kfunclint: ignore flags bpf_memcg_release() - no", 0, FLAGS[:1]),
        ("kfunclint: ignore flags bpf_memcg - no", 2, FLAGS),
        ("kfunclint: ignore flags/ret-null - no", 2, FLAGS),
        ("kfunclint: ignore fla - no", 2, FLAGS),
        ("kfunclint: ignore flags", 2, FLAGS),
        ("kfunclint: ignore flags -", 2, FLAGS),
        ("kfunclint: ignore flags - ", 2, FLAGS),
        ("kfunclint: ignore - no", 2, FLAGS),
        ("kfunclint: ignored flags - no", 2, FLAGS),
        ("Kfunclint: ignore flags - no", 2, FLAGS),
        ("> kfunclint: ignore flags - no", 0, FLAGS),
        ("-- \nkfunclint: ignore flags - no", 2, FLAGS),
    ],
)
def test_a_line_silences_what_it_names(line: str, patch: int, left: list[str], capsys: Output) -> None:
    found = told(with_line(line, patch), capsys=capsys)
    assert rules(found) == left
    assert sorted(rules(found) + [one for one in hidden(found) if one.startswith("flags/")]) == FLAGS


def test_a_cover_letter_is_not_indented_by_git(capsys: Output) -> None:
    for indent, left in (("  ", FLAGS), ("", [])):
        below = f"\n---\n{indent}kfunclint: ignore flags - no\n\nbase-commit:"
        assert rules(told(SERIES.replace("\n\nbase-commit:", below), capsys=capsys)) == left


def test_a_name_stands_for_itself_or_a_family() -> None:
    found = [
        names.covers(name, "flags/ret-null-missing") for name in ("flags/ret-null-missing", "flags", "flags/ret", "")
    ]
    assert found == [True, True, False, False]


def test_what_is_withheld_does_not_count(capsys: Output) -> None:
    Path("series.mbox").write_text(with_line("kfunclint: ignore flags - no", 0))
    assert main(["series.mbox", "--only", "flags"]) == 0
    assert main(["series.mbox", "--only", "flags", "--fail-on", "check"]) == 0
    out = capsys.readouterr().out
    assert "nothing found in 2 patches\n" in out
    assert "not said: mm/bpf_memcg_walk.c:63:20: flags/ret-null-missing: no (series.mbox:9)\n" in out


def test_reports_name_what_they_do_not_say_and_what_had_no_effect(capsys: Output) -> None:
    text = with_line("kfunclint: ignore flags/ret-null-missing - no\nkfunclint: ignore body - none here")
    found = told(text, capsys=capsys)
    line = text.split("\n").index("kfunclint: ignore body - none here") + 1
    assert found["unused"] == [
        {"file": "series.mbox", "line": line, "text": "kfunclint: ignore body - none here", "why": NOTHING}
    ]
    assert found["withheld"][0]["why"] == f"no (series.mbox:{line - 1})"
    schema = json.loads((ROOT / "reports" / "json.schema.json").read_text())
    Draft202012Validator(schema).validate(found)
    shown = {kind: told_as(kind, capsys) for kind in ("terminal", "html", "reply")}
    assert f"without effect: series.mbox:{line}: kfunclint: ignore body - none here: {NOTHING}\n" in shown["terminal"]
    assert f"<code>series.mbox:{line}</code>: kfunclint: ignore body - none here: {NOTHING}" in shown["html"]
    assert "can return NULL" not in shown["reply"]
    assert "KF_TRUSTED_ARGS is redundant" in shown["reply"]


def told_as(kind: str, capsys: Output) -> str:
    main(["series.mbox", "--format", kind])
    return capsys.readouterr().out


def test_a_request_without_effect_does_not_change_the_status(tmp_path: Path, capsys: Output) -> None:
    text = with_line("kfunclint: ignore body - none here\nkfunclint: ignore flags - no")
    Path("series.mbox").write_text(text)
    assert main(["series.mbox", "--only", "flags", "--only", "body"]) == 0
    assert "without effect" in capsys.readouterr().out


def test_a_rule_that_did_not_run_leaves_no_request_without_effect(capsys: Output) -> None:
    line = "kfunclint: ignore flags/release-of-two - it is strict\nkfunclint: ignore text - runs not"
    assert told(with_line(line), "--only", "flags", capsys=capsys)["unused"] == []
    assert len(told(with_line(line), "--strict", capsys=capsys)["unused"]) == 2
    old = "kfunclint: ignore flags/trusted-args-with-release - 7.0 has none"
    assert told(with_line(old), "--kernel", "7.0", capsys=capsys)["unused"] == []


def test_a_rule_that_saw_a_part_only_leaves_no_request_without_effect(parser: Parser) -> None:
    Path("series.mbox").write_text(with_line("kfunclint: ignore guards/lookup-untested - no"))
    (one,) = select_series(read_inbox(["series.mbox"]), None, False)
    whole = review(one, loader.shipped(), parser)
    assert len(suppressions.apply_suppressions(whole, (), loader.shipped()).unused) == 1
    part = replace(whole, skipped={"guards/lookup-untested": "only a part is in view"})
    assert suppressions.apply_suppressions(part, (), loader.shipped()).unused == ()
    failed = replace(whole, failures={"guards/lookup-untested": "KeyError"})
    assert suppressions.apply_suppressions(failed, (), loader.shipped()).unused == ()


def test_a_mail_has_so_many_requests_and_no_more(capsys: Output) -> None:
    lines = ["kfunclint: ignore body - no"] * suppressions.MOST + ["kfunclint: ignore flags - no"] * 2
    found = told(with_line("\n".join(lines)), capsys=capsys)
    assert rules(found) == FLAGS
    assert [one["why"] for one in found["unused"] if one["why"] != NOTHING] == ["there are more than 100 in this mail"]
    assert len(found["unused"]) == suppressions.MOST + 1


def test_a_line_that_is_not_known_is_not_made_up(capsys: Output) -> None:
    text = with_line("kfunclint: ignore flags/ret-null-missing - no\nkfunclint: ignore body - none")
    before, _, after = text.rpartition("Subject: [PATCH")
    encoded = f"{before}Content-Transfer-Encoding: quoted-printable\nSubject: [PATCH{after.replace('=', '=3D')}"
    found = told(encoded, capsys=capsys)
    assert [one["line"] for one in found["unused"]] == [None]
    assert found["withheld"][0]["why"] == "no (series.mbox)"


def test_a_removal_can_be_silenced(capsys: Output) -> None:
    line = "---\nkfunclint: ignore guards bpf_shelf_root - the caller tests\n\n--- a/"
    text = series(GUARDED, WITHOUT_GUARD).replace("---\n--- a/", line)
    found = told(text, "--kernel", "6.12", "--only", "guards", capsys=capsys)
    assert (found["findings"], hidden(found)) == ([], ["guards/memcg-disabled-unchecked"])


def test_what_a_later_patch_repairs_can_be_silenced(capsys: Output) -> None:
    good = SET.replace("find)", "find, KF_RET_NULL)")
    mails = [
        mail("kernel/shelf/one.c", "", BODY + SET, "[PATCH 1/2] shelf: find them", "1"),
        mail("kernel/shelf/one.c", BODY + SET, BODY + good, "[PATCH 2/2] shelf: mind NULL", "2"),
    ]
    text = "".join(f"From mboxrd@z Thu Jan  1 00:00:00 1970\n{one}\n" for one in mails)
    options = ("--only", "flags", "--each-patch")
    assert rules(told(text, *options, capsys=capsys)) == ["flags/ret-null-missing"]
    text = text.replace("Tidy.\n---\n", "Tidy.\n---\nkfunclint: ignore flags - see patch 2\n", 1)
    found = told(text, *options, capsys=capsys)
    assert (found["findings"], hidden(found)) == ([], ["flags/ret-null-missing"])


def test_a_note_of_git_reaches_the_mail(tmp_path: Path, capsys: Output) -> None:
    commit(tmp_path / "linux", {"kernel/shelf.c": "int x;\n"})
    commit(tmp_path / "linux", {"kernel/shelf.c": "int x;\n" + BODY + SET})
    git(tmp_path / "linux", "notes", "add", "-m", "kfunclint: ignore flags/ret-null-missing - programs know")
    text = git(tmp_path / "linux", "format-patch", "--notes", "--stdout", "-1")
    found = told(text, capsys=capsys)
    assert (rules(found), hidden(found)) == ([], ["flags/ret-null-missing"])
    assert found["unused"] == []


# In a file of settings.


@pytest.mark.parametrize(
    ("entry", "left"),
    [
        ('rule = "flags"', []),
        ('rule = "flags/ret-null-missing"', FLAGS[1:]),
        ('path = "mm/**"', []),
        ('path = "net/**"', FLAGS),
        ('function = "bpf_memcg_release()"', FLAGS[:1]),
        ('rule = "flags"\npath = "mm/*.c"\nfunction = "bpf_memcg_release"', FLAGS[:1]),
        ('rule = "text"\npath = "mm/*.c"\nfunction = "bpf_memcg_release"', FLAGS),
    ],
)
def test_a_file_of_settings_silences_what_it_names(entry: str, left: list[str], capsys: Output) -> None:
    Path(".kfunclint.toml").write_text(f'[[silence]]\nreason = "we know"\n{entry}\n')
    found = told(SERIES, capsys=capsys)
    assert rules(found) == left
    assert {one["why"] for one in found["withheld"]} <= {"we know (.kfunclint.toml:1)"}
    assert found["unused"] == []


def test_the_author_goes_before_the_file_and_both_are_used(capsys: Output) -> None:
    Path(".kfunclint.toml").write_text('[[silence]]\nreason = "we know"\nrule = "flags"\n')
    found = told(with_line("kfunclint: ignore flags - I know", 0), capsys=capsys)
    assert [one["why"].partition(" (")[0] for one in found["withheld"]] == ["I know", "I know"]
    assert found["unused"] == []


@pytest.fixture
def linux(tmp_path: Path) -> Path:
    found = tmp_path / "linux"
    commit(found, KERNEL | {"kernel/shelf/find.c": BODY, "kernel/shelf/ids.c": SET})
    return found


ENTRIES = '[[silence]]\nreason = "we know"\nrule = "flags"\n\n[[silence]]\nreason = "gone"\npath = "net/**"\n'


def test_a_whole_tree_shows_which_entries_are_stale(linux: Path, capsys: Output) -> None:
    (linux / ".kfunclint.toml").write_text(ENTRIES)
    assert main(["tree", str(linux), "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert hidden(found) == ["flags/ret-null-missing"]
    file = str(linux.resolve() / ".kfunclint.toml")
    assert found["unused"] == [{"file": file, "line": 5, "text": "silence of net/**", "why": NOTHING}]
    assert main(["tree", str(linux), "kernel/shelf", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["unused"] == []


def test_settings_do_for_a_tree_what_they_do_for_a_series(linux: Path, capsys: Output) -> None:
    (linux / ".kfunclint.toml").write_text('[levels]\n"flags/ret-null-missing" = "check"\n')
    assert main(["tree", str(linux)]) == 0
    assert "kernel/shelf/ids.c:2:20: check: bpf_shelf_find()" in capsys.readouterr().out
    (linux / ".kfunclint.toml").write_text('[[profile]]\npaths = ["kernel/shelf/"]\nignore = ["flags"]\n')
    assert main(["tree", str(linux), "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["findings"], found["withheld"]) == ([], [])


# Levels and profiles.


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("", {"flags": "warning", "text": "check"}),
        ('[levels]\nflags = "error"\ntext = "off"\n', {"flags": "error"}),
        ('[levels]\nflags = "off"\n"flags/ret-null-missing" = "check"\n', {"flags": "check", "text": "check"}),
        ('[[profile]]\npaths = ["net/**"]\nonly = ["args"]\n', {"flags": "warning", "text": "check"}),
        ('[[profile]]\npaths = ["mm/*.c"]\nonly = ["text"]\n', {"text": "check"}),
        ('only = ["args"]\n[[profile]]\npaths = ["mm/**"]\nonly = ["text"]\n', {"text": "check"}),
        ('only = ["args"]\n[[profile]]\npaths = ["mm/*.c"]\nonly = ["text"]\n', {}),  # patch 1 touches mm/Makefile, too
        (
            'only = ["args"]\n[[profile]]\npaths = ["mm/**"]\nonly = ["text"]\n'
            '[[profile]]\npaths = ["mm/b*"]\nonly = ["flags"]\nlevels = {flags = "error"}\n',
            {"flags": "error", "text": "check"},
        ),
    ],
)
def test_levels_and_profiles(text: str, levels: dict[str, str], capsys: Output) -> None:
    Path(".kfunclint.toml").write_text(text)
    found = told(SERIES, capsys=capsys)
    got = {one["rule"].partition("/")[0]: one["level"] for one in found["findings"]}
    assert {family: level for family, level in got.items() if family in ("flags", "text")} == levels


def test_an_option_counts_in_every_profile(capsys: Output) -> None:
    Path(".kfunclint.toml").write_text('[[profile]]\npaths = ["mm/**"]\nonly = ["text"]\n')
    assert rules(told(SERIES, "--only", "flags", capsys=capsys)) == FLAGS


def test_what_only_another_profile_runs_leaves_no_trace(lint_with: Any) -> None:
    found = lint_with('only = ["flags"]\n[[profile]]\npaths = ["net/**"]\nonly = ["guards"]\n')
    assert {one.id.partition("/")[0] for one in found.rules} == {"flags"}
    assert (found.skipped, found.failures) == ({"a.c": "too long"}, {})
    # no profile describes all files of patch 1, so the general choice counts for its message
    both = '[[profile]]\npaths = ["mm/*.c"]\nonly = ["text"]\n[[profile]]\npaths = ["mm/Makefile"]\nonly = ["args"]\n'
    found = lint_with(f'only = ["flags"]\n{both}')
    assert {one.id.partition("/")[0] for one in found.rules} == {"flags", "text", "args"}


@pytest.fixture
def lint_with(parser: Parser) -> Any:
    def run(text: str) -> Review:
        Path(".kfunclint.toml").write_text(text)
        Path("series.mbox").write_text(SERIES)
        chosen = options.selection(review_command.parser().parse_args(["series.mbox"]))
        (one,) = select_series(read_inbox(["series.mbox"]), None, False)
        found = review(one, chosen.rules, parser)
        skipped = {"guards/memcg-disabled-unchecked": "only a part", "a.c": "too long"}
        return chosen.apply_to(replace(found, skipped=skipped, failures={"guards/lookup-untested": "KeyError"}))

    return run


# By a baseline.


def test_a_baseline_of_a_series_outlives_a_reroll(capsys: Output) -> None:
    Path("series.mbox").write_text(SERIES)
    assert main(["series.mbox", "--baseline", "known.json"]) == 0
    assert capsys.readouterr() == ("", "kfunclint: known.json: 6 findings recorded\n")
    reroll = SERIES.replace("PATCH bpf-next v2", "PATCH bpf-next v3").replace(
        "+#include <linux/memcontrol.h>\n", "+#include <linux/memcontrol.h>\n+\n"
    )
    reroll = reroll.replace("@@ -0,0 +1,50 @@", "@@ -0,0 +1,51 @@").replace("@@ -47,4 +47,30", "@@ -48,4 +48,30")
    Path("series.mbox").write_text(reroll)
    assert main(["series.mbox", "--baseline", "known.json", "--fail-on", "check"]) == 0
    out = capsys.readouterr().out
    assert "nothing found in 2 patches\n" in out
    assert "not said: 6 findings: recorded in known.json\n" in out
    Path("series.mbox").write_text(reroll.replace("KF_ACQUIRE | KF_RET_NULL", "KF_ACQUIRE | KF_ACQUIRE"))
    assert main(["series.mbox", "--baseline", "known.json", "--fail-on", "check"]) == 1
    assert "[flags/duplicate-flag]" in capsys.readouterr().out


def test_a_baseline_knows_a_finding_as_often_as_it_stood() -> None:
    known = sample()
    twice = replace(known, findings=(*known.findings, *known.findings[:1]))
    found = baseline.without_recorded(twice, Counter(one.key for one in known.findings), "known.json")
    assert found.findings == known.findings[:1]
    assert [one.finding for one in found.withheld] == list(known.findings)


def test_a_baseline_holds_nothing_that_is_silenced_already(capsys: Output) -> None:
    Path("series.mbox").write_text(with_line("kfunclint: ignore flags - no", 0))
    assert main(["series.mbox", "--baseline", "known.json", "--only", "flags"]) == 0
    assert capsys.readouterr().err == "kfunclint: known.json: 0 findings recorded\n"


def test_a_file_of_settings_names_a_baseline_that_is_there_and_never_makes_one(capsys: Output) -> None:
    Path("series.mbox").write_text(SERIES)
    Path(".kfunclint.toml").write_text('baseline = "known.json"\n')
    assert main(["series.mbox"]) == 2
    assert capsys.readouterr() == ("", "kfunclint: .kfunclint.toml:1: no file 'known.json'\n")
    assert not Path("known.json").exists()
    Path(".kfunclint.toml").write_text("")
    main(["series.mbox", "--baseline", "known.json"])
    Path(".kfunclint.toml").write_text('baseline = "known.json"\n')
    assert main(["series.mbox"]) == 0


def test_a_mail_that_cannot_be_read_still_gives_2_where_a_baseline_is_made(capsys: Output) -> None:
    Path("series.mbox").write_text(SERIES)
    Path("bad.patch").write_text("nothing\n")
    assert main(["series.mbox", "bad.patch", "--baseline", "known.json"]) == 2
    assert "6 findings recorded" in capsys.readouterr().err


def test_a_tree_and_a_series_share_a_baseline(linux: Path, capsys: Output) -> None:
    assert main(["tree", str(linux), "--baseline", "known.json"]) == 0
    Path("one.patch").write_text(mail("kernel/shelf/ids.c", "", SET))
    capsys.readouterr()
    assert main(["one.patch", "--tree", str(linux), "--baseline", "known.json", "--only", "flags"]) == 0
