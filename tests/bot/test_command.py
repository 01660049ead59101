"""The command `kfunclint bot`."""

from __future__ import annotations

import configparser
import io
import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from bots import World, a_patch, an_answer
from conftest import ROOT

from kfunclint.bot.archive.maildir import Maildir
from kfunclint.cli import completion
from kfunclint.cli.main import main
from kfunclint.errors import InputError

pytest_plugins = ["bot_fixtures"]

Output = pytest.CaptureFixture[str]


def told(world: World, *words: str) -> int:
    return main(["bot", *words, "--config", str(world.config)])


def test_status_says_what_there_is(world: World, capsys: Output) -> None:
    world.begin()
    world.judged(a_patch(1, 2), a_patch(2, 2), an_answer("depot-v1-1@example.org", "Hm.\n"))
    world.judged(a_patch(1, 1, message_id=""))
    capsys.readouterr()
    assert told(world, "status") == 0
    assert capsys.readouterr().out.splitlines()[:4] == [
        "mails:    1 answer, 1 other, 2 patch",
        "series:   1 reviewed",
        "replies:  2 draft",
        "checks:   none",
    ]


def test_status_names_what_waits_for_a_person(world: World, capsys: Output) -> None:
    world.begin()
    world.judged(a_patch(1, 1))
    with world.opened() as database, database.transaction("test"):
        database.execute("UPDATE outbox SET state='held', why='no answer', handed=?", world.now)
    assert told(world, "status") == 0
    out = capsys.readouterr().out
    assert "held since 2025-10-09 09:13:20 UTC: <depot-v1-1@example.org>: no answer" in out
    assert f"look for message-id=<{world.rows()[0]['msgid']}> in the log of the mail server" in out


def test_what_status_says_to_run_runs_nothing_else(world: World, capsys: Output) -> None:
    world.begin()
    world.judged(a_patch(1, 1, message_id="<';touch${IFS}x;'@example.org>"))
    with world.opened() as database, database.transaction("test"):
        database.execute("UPDATE outbox SET state='held', why='no answer', handed=?", world.now)
    assert told(world, "status") == 0
    (line,) = (line for line in capsys.readouterr().out.splitlines() if "bot retry" in line)
    words = shlex.split(line)
    assert words[:5] == ["kfunclint", "bot", "retry", "--yes", "';touch${IFS}x;'@example.org"]


def test_show_tells_all_of_a_mail(world: World, capsys: Output) -> None:
    world.begin()
    world.judged(a_patch(1, 1))
    for message_id in ("<depot-v1-1@example.org>", world.rows()[0]["msgid"]):
        capsys.readouterr()
        assert told(world, "show", message_id) == 0
        out = capsys.readouterr().out
        assert "series    [PATCH bpf-next] depot: add bpf_depot_find1()" in out
        assert "mail      draft: a person sends" in out
        assert "KF_RET_NULL" in out
    assert told(world, "show", "nobody@example.org") == 2


def test_there_is_nothing_to_show_before_the_first_run(world: World, capsys: Output) -> None:
    assert told(world, "status") == 2
    assert "no bot has worked here yet" in capsys.readouterr().err


def test_a_mail_on_standard_input_is_taken_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.begin()
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(a_patch(1, 1))))
    assert world.run("--stdin") == 0
    world.judged()
    assert len(world.drafts()) == 1


def test_a_source_that_cannot_be_read_does_not_stop_the_others(world: World, capsys: Output) -> None:
    world.begin()
    world.config.write_text(
        world.config.read_text().replace("[[source]]", '[[source]]\nmaildir = "gone"\n[[source]]', 1)
    )
    (world.root / "gone" / "new").mkdir(parents=True)
    (world.root / "gone" / "cur").mkdir()
    world.begin()
    (world.root / "gone" / "new").rmdir()
    world.judged(a_patch(1, 1))
    assert "no Maildir" in capsys.readouterr().err
    assert len(world.drafts()) == 1


def test_a_source_that_could_not_be_begun_is_not_read_from_its_start(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.post(a_patch(1, 1, series="old"))
    with monkeypatch.context() as patched:
        patched.setattr(Maildir, "tips", refuse)
        world.begin()
    assert not world.rows("SELECT * FROM mail")
    world.begin()
    world.judged(a_patch(1, 1))
    assert [row["msgid"] for row in world.rows("SELECT msgid FROM mail")] == ["depot-v1-1@example.org"]


def refuse(source: Maildir) -> dict[str, str]:
    raise InputError(source.name, None, "not there just now")


def test_a_dead_parser_is_noticed_before_anything_is_read(
    tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kfunclint.clang.parser._BOOTSTRAP", "raise SystemExit(1)")
    world = World(tmp_path)  # without the parser that the other tests share
    world.post(a_patch(1, 1))
    assert world.run() == 78
    assert "a patch that is wrong looks clean, so nothing is reviewed: " in capsys.readouterr().err
    assert not (tmp_path / "state").exists()


def test_a_review_loads_nothing_of_the_bot() -> None:
    code = (
        "import sys; from kfunclint.cli.main import main; main(['fixtures/series.mbox', '--format', 'terse']);"
        "bad = {'sqlite3', 'smtplib', 'imapclient', 'dkim', 'prometheus_client', 'dask', 'distributed', 'email'};"
        "print([name for name in sys.modules if name.split('.')[0] in bad or name.startswith('kfunclint.bot')])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_unit_lets_the_parser_shut_itself_in() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    text = (ROOT / "docs" / "kfunclint-bot.service").read_text()
    unit.read_string(text)
    calls = re.findall(r"^SystemCallFilter=(@system-service .*)$", text, re.M)[0].split()
    assert {"landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"} < set(calls)
    assert unit["Service"]["Type"] == "notify"
    assert unit["Service"]["RestartPreventExitStatus"] == "78"
    words = shlex.split(unit["Service"]["ExecStart"])[1:]
    assert vars(completion.parsers()["bot"].parse_args(words[1:]))["follow"]
