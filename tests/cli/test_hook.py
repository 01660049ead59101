"""The hooks: put in, taken out, and called as git calls them."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from trees import REGISTERED, WORDS, commit, git

from kfunclint.cli import hook
from kfunclint.cli.main import main
from kfunclint.errors import InputError
from kfunclint.git import hooks as hooks_
from kfunclint.git import send_email

Output = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch

OTHER = '#!/bin/sh\necho "other $*"\n[ ! -t 0 ] && cat\nexit ${OTHER:-0}\n'
MAIL = (
    "From: Ann Author <ann@example.org>\nSubject: [PATCH{tags}] {title}\nMessage-ID: <{id}>\n{parent}\n{title}\n---\n"
)


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def called(path: Path, *arguments: str, given: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a hook as git does."""
    command = [str(path), *arguments]
    return subprocess.run(command, input=given, env=os.environ | environ, capture_output=True, text=True, check=False)


def test_a_hook_is_put_in_and_taken_out(linux: Path, capsys: Output) -> None:
    hooks = linux / ".git" / "hooks"
    before = sorted(hooks.iterdir())
    assert main(["hook", "install", "--send-email", "--pre-push"]) == 0
    told = capsys.readouterr().out.split("\n")
    assert told[0].startswith(f"{hooks}/sendemail-validate: calls /")
    assert told[1].startswith(f"{hooks}/pre-push: calls /")
    assert os.access(hooks / "sendemail-validate", os.X_OK)
    assert main(["hook", "uninstall", "--pre-push"]) == 0
    assert sorted(hooks.iterdir()) == sorted([*before, hooks / "sendemail-validate"])
    assert main(["hook", "uninstall"]) == 0
    assert sorted(hooks.iterdir()) == before
    assert capsys.readouterr().out.endswith(f"{hooks}/sendemail-validate: as it was before\n")
    assert main(["hook", "uninstall"]) == 0
    assert capsys.readouterr().out == ""
    assert main(["hook", "uninstall", "--commit-msg"]) == 0
    assert capsys.readouterr().out == f"{hooks}: no commit-msg hook of kfunclint\n"


def test_the_hook_that_is_there_is_kept_and_put_back(tmp_path: Path) -> None:
    target = script(tmp_path / "scripts" / "check", OTHER)
    path = tmp_path / "hooks" / "pre-push"
    path.parent.mkdir()
    path.symlink_to("../scripts/check")
    for _ in range(2):
        hooks_.install(path.parent, "pre-push", Path("/bin/true"))
    assert "kfunclint" in path.read_text()
    assert hooks_.uninstall(path.parent, "pre-push") == path
    assert path.readlink() == Path("../scripts/check")
    assert target.read_text() == OTHER
    assert [one.name for one in path.parent.iterdir()] == ["pre-push"]
    assert hooks_.uninstall(path.parent, "pre-push") is None
    assert path.is_symlink()


def test_a_hook_that_came_later_is_not_lost(tmp_path: Path) -> None:
    path = script(tmp_path / "pre-push", OTHER)
    hooks_.install(tmp_path, "pre-push", Path("/bin/true"))
    script(path, "#!/bin/sh\nexit 3\n")
    with pytest.raises(InputError, match="before-kfunclint is there already"):
        hooks_.install(tmp_path, "pre-push", Path("/bin/true"))
    assert path.read_text() == "#!/bin/sh\nexit 3\n"
    path.unlink()
    assert hooks_.uninstall(tmp_path, "pre-push") == path
    assert path.read_text() == OTHER


@pytest.mark.parametrize("name", hooks_.NAMES)
@pytest.mark.parametrize(("other", "ours", "status"), [(0, 0, 0), (0, 1, 1), (3, 0, 3)])
def test_the_other_hook_is_called_first(name: str, other: int, ours: int, status: int, tmp_path: Path) -> None:
    script(tmp_path / hooks_.NAMES[name], OTHER)
    command = script(tmp_path / "it's kfunclint", f'#!/bin/sh\necho "ours $*"\ncat\nexit {ours}\n')
    path = hooks_.install(tmp_path, name, command)
    given = "one\n\ntwo\n" if name == "pre-push" else ""
    done = called(path, "a b", "c", given=given, OTHER=str(other))
    assert done.returncode == status
    expected = [f"other a b c\n{given}", f"ours hook run {path.name} a b c\n{given}"]
    assert done.stdout == "".join(expected[: 1 if other else 2])
    assert done.stderr == ""


def test_without_kfunclint_the_mail_goes_out(tmp_path: Path) -> None:
    gone = script(tmp_path / "gone", "#!/nonexistent/python\n")
    for command in (tmp_path / "nothing", gone, script(tmp_path / "broken", "#!/bin/sh\nexit 2\n")):
        path = hooks_.install(tmp_path / "hooks", "send-email", command)
        done = called(path, "x", PATH="/usr/bin:/bin")
        assert done.returncode == 0
        assert done.stderr.endswith(f"{path}: kfunclint cannot be run any more, so nothing was reviewed\n")
    found = script(tmp_path / "bin" / "kfunclint", "#!/bin/sh\nexit 1\n")
    assert called(path, "x", PATH=f"{found.parent}:/usr/bin:/bin").returncode == 1


@pytest.mark.parametrize("relative", [False, True])
def test_the_folder_of_hooks_is_that_of_git(relative: bool, linux: Path, tmp_path: Path) -> None:
    git(linux, "config", "core.hooksPath", "own hooks" if relative else str(tmp_path / "own hooks"))
    assert main(["hook", "install", "--send-email"]) == 0
    assert ((linux if relative else tmp_path) / "own hooks" / "sendemail-validate").exists()
    assert not (linux / ".git" / "hooks" / "sendemail-validate").exists()


def test_work_trees_share_their_hooks(linux: Path, tmp_path: Path, monkeypatch: Patch) -> None:
    git(linux, "worktree", "add", "-q", str(tmp_path / "other"))
    monkeypatch.chdir(tmp_path / "other")
    assert main(["hook", "install", "--send-email"]) == 0
    assert (linux / ".git" / "hooks" / "sendemail-validate").exists()


def test_what_cannot_be_put_in(linux: Path, tmp_path: Path, monkeypatch: Patch, capsys: Output) -> None:
    assert main(["hook", "install"]) == 2
    monkeypatch.chdir(tmp_path)
    assert main(["hook", "install", "--send-email"]) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first == "kfunclint: hook install: which one? --send-email, --pre-push, --commit-msg, or several"
    assert second == f"kfunclint: {tmp_path}: not in a git repository"


def formatted(linux: Path, *options: str) -> list[Path]:
    """What git format-patch makes of the commits that are not pushed."""
    return [linux / name for name in git(linux, "format-patch", *options, "upstream..").split("\n")]


def sent(*files: Path) -> list[int]:
    """What the hook says to every file, as git from 2.41 on asks."""
    statuses = []
    for number, file in enumerate(files, 1):
        with pytest.MonkeyPatch.context() as environ:
            environ.setenv("GIT_SENDEMAIL_FILE_COUNTER", str(number))
            environ.setenv("GIT_SENDEMAIL_FILE_TOTAL", str(len(files)))
            statuses.append(main(["hook", "run", "sendemail-validate", str(file), "headers"]))
    return statuses


@pytest.fixture
def two(linux: Path, monkeypatch: Patch) -> Path:
    """A tree whose second commit repairs the first, as git send-email finds it."""
    commit(linux, {"kernel/bpf/depot.c": REGISTERED.replace("_get)", "_get, KF_RET_NULL)")}, "bpf: repair it")
    monkeypatch.setenv("GIT_DIR", str(linux / ".git"))
    monkeypatch.chdir(linux)
    return linux


def test_one_patch_is_refused_with_the_way_out(linux: Path, capsys: Output, monkeypatch: Patch) -> None:
    monkeypatch.chdir(linux)
    (file,) = formatted(linux)
    assert main(["hook", "run", "sendemail-validate", str(file)]) == 1
    out, err = capsys.readouterr()
    assert f"{file}:6:11: check: " in out
    assert "[flags/ret-null-missing]" in out
    assert "git send-email --no-validate" in err
    assert "kfunclint: ignore RULE - reason" in err


def test_a_series_is_reviewed_once_and_as_a_whole(two: Path, capsys: Output) -> None:
    files = formatted(two, "--cover-letter")
    assert sent(*files) == [0, 0, 0]
    out, err = capsys.readouterr()
    assert out.count("text/grammar") == 1
    assert "flags/ret-null-missing" not in out
    assert err == ""
    assert not (two / ".git" / "kfunclint-send-email").exists()
    assert sent(files[1]) == [1]


def test_what_is_clean_is_not_mentioned(two: Path, capsys: Output) -> None:
    assert sent(formatted(two)[1]) == [0]
    assert capsys.readouterr() == ("", "")


def test_a_run_that_was_stopped_leaves_nothing_to_the_next(two: Path) -> None:
    files = formatted(two)
    memory = two / ".git" / "kfunclint-send-email"
    environ = {"GIT_SENDEMAIL_FILE_COUNTER": "1", "GIT_SENDEMAIL_FILE_TOTAL": "2"}
    assert send_email.files(Path("stopped"), environ, memory) == []
    assert send_email.files(files[0], environ, memory) == []
    environ["GIT_SENDEMAIL_FILE_COUNTER"] = "2"
    assert send_email.files(files[1], environ, memory) == files
    assert send_email.files(files[1], environ, memory) == [files[1]]


def test_without_counters_the_last_patch_brings_its_series(two: Path, capsys: Output) -> None:
    files = formatted(two, "--cover-letter")
    assert [main(["hook", "run", "sendemail-validate", str(file)]) for file in files] == [0, 0, 0]
    out = capsys.readouterr().out
    assert out.count("text/grammar") == 1
    assert "flags/ret-null-missing" not in out


def mailed(path: Path, tags: str, age: int, thread: str = "") -> Path:
    parent = f"In-Reply-To: <{thread}>\n" if thread else ""
    path.write_text(MAIL.format(tags=tags, title=path.stem, id=path.name, parent=parent))
    os.utime(path, (age, age))
    return path


def test_neighbours_are_of_the_same_series(tmp_path: Path) -> None:
    def beside(last: Path) -> list[str]:
        return [path.name for path in send_email.files(last, {}, tmp_path / "memory")]

    mailed(tmp_path / "a1", " v2 1/3", 20)
    mailed(tmp_path / "a1-before", " v2 1/3", 10)
    mailed(tmp_path / "b2", " 2/3", 30)
    mailed(tmp_path / "c2", " v2 2/4", 30)
    mailed(tmp_path / "d2", " bpf v2 2/3", 30)
    (tmp_path / "e2").write_text("Subject: [PATCH v2 2/3] of somebody else\nFrom: Max <max@example.org>\n\n")
    (tmp_path / "f2").write_bytes(b"\xff" * 70_000)
    os.mkfifo(tmp_path / "g2")
    last = mailed(tmp_path / "a3", " v2 3/3", 20)
    assert beside(last) == ["a1", "a3"]
    mailed(tmp_path / "a2", " v2 2/3", 20)
    assert beside(last) == ["a1", "a2", "a3"]
    assert beside(tmp_path / "a2") == []
    assert beside(mailed(tmp_path / "lone", " v7 2/3", 1)) == ["lone"]
    assert beside(mailed(tmp_path / "single", "", 1)) == ["single"]
    mailed(tmp_path / "h2", " v2 2/3", 40, thread="elsewhere")
    assert beside(last) == ["a1", "a2", "a3"]
    last = mailed(tmp_path / "a3", " v2 3/3", 20, thread="a1-before")
    mailed(tmp_path / "a2", " v2 2/3", 20, thread="a1-before")
    assert beside(last) == ["a1-before", "a2", "a3"]


def sender(folder: Path, *arguments: str) -> send_email.Sender:
    return send_email.Sender(arguments, folder)


def test_the_arguments_say_what_is_sent(tmp_path: Path) -> None:
    """As git before 2.41 is called, which does not count."""

    def reviewed(file: str, *arguments: str) -> list[str]:
        named = send_email.files(tmp_path / file, {}, tmp_path / "memory", sender(tmp_path, *arguments))
        return [str(path.relative_to(tmp_path)) for path in named]

    (tmp_path / "d").mkdir()
    for number in (1, 2, 3):
        mailed(tmp_path / str(number), f" {number}/6", number)
        mailed(tmp_path / "d" / str(number), f" {number}/3", number)
    (tmp_path / "script").write_text("#!/bin/sh\n")
    assert reviewed("1", "--to=a", "1", "2", "3") == reviewed("2", "--to=a", "1", "2", "3") == []
    assert reviewed("3", "--to=a", "1", "2", "3", "--dry-run") == ["1", "2", "3"]
    assert reviewed("3", "3") == ["3"]
    assert reviewed("3", "--to-cmd", "./script", "3") == ["3"]
    assert reviewed("2", "1", "2", "--cc-cmd", "./script") == ["1", "2"]
    assert reviewed("2", str(tmp_path / "2"), "--quiet", "3") == ["2"]
    assert reviewed("d/2", "d") == reviewed("d/2", "-3") == []
    assert reviewed("d/3", "d/") == reviewed("d/3", "upstream..") == ["d/1", "d/2", "d/3"]


def test_what_is_sent_may_be_gone_soon(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    file = mailed(tmp_path / "d" / "1", "", 1)
    assert all(send_email.is_kept(file, sender(tmp_path, *words)) for words in (["d"], ["d/1"], ["-q", "./d/"]))
    assert not any(send_email.is_kept(file, sender(tmp_path, *words)) for words in (["-1"], ["upstream..", "d/2"]))
    assert send_email.is_kept(file, None)
    assert send_email.sender() is None


def test_who_waits_for_the_last_patch_is_told(two: Path, capsys: Output) -> None:
    first, _ = formatted(two)
    assert main(["hook", "run", "sendemail-validate", str(first)]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert (
        line == f"kfunclint: {first}: is reviewed together with the last patch of its series, should that be sent, too"
    )
    assert sent(*formatted(two)) == [0, 0]
    assert capsys.readouterr().err == ""


def test_hooks_may_fail_on_less(two: Path, capsys: Output) -> None:
    (file,) = formatted(two)[1:]
    file.write_text(file.read_text().replace("repair it", "repair the the lookup"))
    assert sent(file) == [0]
    (two / ".kfunclint.toml").write_text('[hook]\nfail-on = "check"\n')
    assert sent(file) == [1]
    assert "[text/grammar]" in capsys.readouterr().out
    assert main([str(file)]) == 0


def test_the_stub_alone_puts_files_off(tmp_path: Path, monkeypatch: Patch) -> None:
    """Of a series, kfunclint is started for its last file, and is given a list of the others."""
    kfunclint = tmp_path / "kfunclint"
    kfunclint.write_text('#!/bin/sh\necho "$@" >>"$GIT_DIR/started"\n')
    kfunclint.chmod(0o755)
    hook = hooks_.install(tmp_path, "send-email", kfunclint)
    monkeypatch.setenv("GIT_DIR", str(tmp_path))
    for _ in range(2):
        for number in (1, 2, 3):
            counters = {"GIT_SENDEMAIL_FILE_COUNTER": str(number), "GIT_SENDEMAIL_FILE_TOTAL": "3"}
            subprocess.run([hook, f"/f {number}", "headers"], check=True, env=os.environ | counters)
    assert (tmp_path / "started").read_text() == "hook run sendemail-validate /f 3 headers\n" * 2
    assert (tmp_path / "kfunclint-send-email").read_text() == "/f 1\0/f 2\0"


def test_a_message_is_read_before_it_is_recorded(linux: Path) -> None:
    program = Path(sys.executable).with_name("kfunclint")
    assert hooks_.install(linux / ".git" / "hooks", "commit-msg", program).name == "commit-msg"
    (linux / ".kfunclint.toml").write_text('[hook]\nfail-on = "check"\n')
    command = ["git", "-C", str(linux), "commit", "--allow-empty", "-m", "bpf: take the the lock"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, "[text/grammar]" in done.stdout + done.stderr) == (1, True)
    assert hooks_.uninstall(linux / ".git" / "hooks", "commit-msg")
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_mails_without_a_patch_and_what_cannot_be_reviewed_go_out(linux: Path, capsys: Output) -> None:
    (linux / "news").write_text("From: Ann Author <ann@example.org>\nSubject: meet us\n\nsoon\n")
    assert sent(linux / "news") == [0]
    assert capsys.readouterr() == ("", "")
    assert sent(linux / "nothing") == [0]
    assert capsys.readouterr().err == f"kfunclint: {linux}/nothing: No such file or directory\n"
    assert main(["hook", "run", "sendemail-validate"]) == 0
    assert capsys.readouterr().err == "kfunclint: hook run: no file is named; not reviewed\n"


@pytest.fixture
def remote(linux: Path, tmp_path: Path) -> Path:
    """A remote of the tree that has its upstream branch; git push calls the hook."""
    git(tmp_path, "init", "-q", "--bare", "far.git")
    git(linux, "remote", "add", "far", str(tmp_path / "far.git"))
    git(linux, "push", "-q", "far", "upstream")
    hooks_.install(linux / ".git" / "hooks", "pre-push", Path(sys.executable).with_name("kfunclint"))
    return tmp_path / "far.git"


def push(linux: Path, *arguments: str) -> tuple[int, str]:
    command = ["git", "-C", str(linux), "push", "far", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_a_push_is_refused(linux: Path, remote: Path) -> None:
    status, said = push(linux, ":/bpf: register:refs/heads/topic", "upstream:other", "main:twin")
    assert status == 1
    assert said.count("[flags/ret-null-missing]") == 1
    assert "git push --no-verify" in said
    assert git(remote, "branch") == "upstream"
    assert push(linux, "--no-verify", "main:topic")[0] == 0
    status, said = push(linux, "main:again", ":topic")
    assert status == 0
    assert "kfunclint" not in said
    assert git(remote, "branch", "--format=%(refname:short)").split() == ["again", "upstream"]


def test_a_first_push_has_all_commits(linux: Path, remote: Path) -> None:
    git(linux, "push", "-q", "--no-verify", "far", ":upstream")
    git(linux, "checkout", "-q", "--detach", "upstream")
    status, said = push(linux, "main", "upstream")
    assert status == 1
    assert said.count("[flags/ret-null-missing]") == 1


def test_too_much_to_push_is_told(linux: Path, remote: Path, monkeypatch: Patch, capsys: Output) -> None:
    monkeypatch.setattr(hook, "_MOST_PUSHED", 0)
    line = f"refs/heads/main {git(linux, 'rev-parse', 'main')} refs/heads/main {'0' * 40}\n"
    monkeypatch.setattr(sys, "stdin", io.StringIO(line))
    assert main(["hook", "run", "pre-push", "far", "url"]) == 0
    assert capsys.readouterr() == ("", f"kfunclint: {linux}: more than 0 commits; not reviewed\n")


def test_the_range_of_pre_commit(linux: Path, monkeypatch: Patch, capsys: Output) -> None:
    monkeypatch.setenv("PRE_COMMIT", "1")
    assert main(["hook", "run", "pre-push"]) == 0
    assert capsys.readouterr() == ("", "")
    monkeypatch.setenv("PRE_COMMIT_FROM_REF", "upstream")
    monkeypatch.setenv("PRE_COMMIT_TO_REF", "main")
    git(linux, "update-ref", "refs/remotes/far/main", "main")
    assert main(["hook", "run", "pre-push"]) == 1
    monkeypatch.setenv("PRE_COMMIT_REMOTE_NAME", "far")
    assert main(["hook", "run", "pre-push"]) == 0


def test_a_message_and_what_is_staged_are_one_patch(linux: Path, monkeypatch: Patch, capsys: Output) -> None:
    git(linux, "reset", "-q", "--soft", "upstream")
    file = linux / ".git" / "COMMIT_EDITMSG"
    git(linux, "config", "core.commentChar", ";")
    file.write_text(f"; a comment\n{WORDS}; ------------------------ >8 ------------------------\n+the the\n")
    assert main(["hook", "run", "commit-msg", str(file)]) == 1
    out, err = capsys.readouterr()
    assert f"{file}:4:11: check: " in out
    assert "kernel/bpf/depot.c:19:20: warning: " in out
    assert out.count(": check: ") == 1
    assert "git commit --no-verify" in err


def test_a_title_in_the_making(linux: Path, capsys: Output) -> None:
    (linux / "message").write_text("# a comment\n\nbpf: the the end\n")
    git(linux, "reset", "-q", "--soft", "upstream")
    main(["hook", "run", "commit-msg", str(linux / "message")])
    assert f"{linux}/message:3:6: check: " in capsys.readouterr().out


def test_the_index_is_the_one_of_the_commit(linux: Path, monkeypatch: Patch) -> None:
    git(linux, "reset", "-q", "upstream")
    file = linux / "message"
    file.write_text("bpf: do it\n")
    assert main(["hook", "run", "commit-msg", str(file)]) == 0
    git(linux, "add", "-u")
    (linux / ".git" / "index").rename(linux / ".git" / "index.lock")
    monkeypatch.chdir(linux)
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/index.lock")
    assert main(["hook", "run", "commit-msg", "message"]) == 1


def test_a_merge_is_not_reviewed(linux: Path, monkeypatch: Patch, capsys: Output) -> None:
    git(linux, "checkout", "-q", "-b", "side", "upstream")
    git(linux, "merge", "-q", "--no-commit", "--no-ff", "main")
    assert main(["hook", "run", "commit-msg", str(linux / ".git" / "MERGE_MSG")]) == 0
    assert capsys.readouterr() == ("", "")
