"""The real b4 runs kfunclint as docs/b4.md says."""

from __future__ import annotations

import base64
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from programs import BIN, started

ROOT = Path(__file__).parents[2]
DOC = (ROOT / "docs" / "b4.md").read_text()
COMMANDS = dict(re.findall(r"^    git config --global (b4\.[\w-]+) '(.+)'$", DOC, re.M))
SERIES = COMMANDS.pop("b4.review-series-check-cmd")
TREE = {
    "Kbuild": "",
    "MAINTAINERS": "",
    "Makefile": "VERSION = 7\nPATCHLEVEL = 1\nSUBLEVEL = 0\n",
    "include/linux/btf.h": "#define KF_RET_NULL\t(1 << 1)\n#define KF_SLEEPABLE\t(1 << 5)\n",
    "kernel/bpf/depot.c": "static int depots;\n",
}
KFUNC = """\
__bpf_kfunc struct depot *bpf_depot_get(unsigned long id)
{
	if (!id)
		return NULL;
	return find_depot(id);
}

"""
SET = """\
BTF_KFUNCS_START(depot_ids)
BTF_ID_FLAGS(func, bpf_depot_get, KF_SLEEPABLE)
BTF_KFUNCS_END(depot_ids)
"""
SIGNED = "\n\nSigned-off-by: Ann Author <ann@example.org>\n"

Run = Callable[..., str]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / ".gitconfig").write_text(
        "[user]\n\tname = Ann Author\n\temail = ann@example.org\n[init]\n\tdefaultBranch = master\n"
        "[b4]\n\tsend-series-to = bpf@example.org\n"
    )
    return tmp_path


@pytest.fixture
def run(home: Path) -> Run:
    """Run a program at the top of the tree; gives both of its outputs."""

    def command(*words: str | Path, **more: str) -> str:
        done = started(words, home / "linux", home, more=more, merged=True)
        assert done.returncode == 0, done.stdout
        return re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)

    return command


@pytest.fixture
def tree(home: Path, run: Run) -> Path:
    """A kernel tree in miniature, and a branch of b4's with a bad commit and a clean one."""
    top = home / "linux"
    for name, text in TREE.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text)
    run("git", "init", "--quiet")
    commit(run, "base")
    run("b4", "prep", "--new", "depot", "--fork-point", "master")
    depot = top / "kernel" / "bpf" / "depot.c"
    depot.write_text(TREE["kernel/bpf/depot.c"] + KFUNC + SET)
    commit(run, "bpf: add bpf_depot_get()\n\nIt is not necessarily to count." + SIGNED)
    (top / "readme").write_text("A depot.\n")
    commit(run, "depot: say what it is" + SIGNED)
    for name, command in COMMANDS.items():
        run("git", "config", "--global", name, command)
    return top


def commit(run: Run, message: str) -> None:
    run("git", "add", ".")
    run("git", "commit", "--quiet", "--message", message)


def below(said: str, subject: str) -> list[str]:
    """What b4 shows below a patch."""
    lines = said.split("\n")
    start = next(at for at, line in enumerate(lines) if subject in line) + 1
    return [line.strip() for line in lines[start:] if line.startswith("  ")][: _depth(lines[start:])]


def _depth(lines: list[str]) -> int:
    return next((at for at, line in enumerate(lines) if "kfunclint:" not in line), len(lines))


def test_prep_shows_the_findings_of_a_commit(tree: Path, run: Run) -> None:
    said = run("b4", "prep", "--check")
    assert re.findall(r"kfunclint: (.*) \[", "\n".join(below(said, "add bpf_depot_get()")))[0].endswith(
        '"necessarily" should read "necessary"'
    )
    assert "kernel/bpf/depot.c:10: ERROR: bpf_depot_get() can return NULL but" in said
    assert "● kfunclint: " not in said.partition("depot: say what it is")[2]
    assert re.search(r"Success: 1, Warning: \d, Error: 1$", said.strip())
    run("b4", "prep", "--check", "--no-cache")


@pytest.mark.parametrize("encoding", ["8bit", "base64"])
def test_am_shows_the_findings_of_a_mail(encoding: str, home: Path, tree: Path, run: Run) -> None:
    mails = re.split(
        r"^From [0-9a-f]{40} .*\n", run("git", "format-patch", "--thread", "--stdout", "HEAD~2"), flags=re.M
    )
    with (home / "in.mbox").open("w") as box:
        for mail in mails[1:]:
            head, _, body = mail.partition("\n\n")
            if encoding == "base64":
                body = base64.encodebytes(body.encode()).decode()
            head = f"{head}\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: {encoding}"
            box.write(f"From mboxrd@z Thu Jan  1 00:00:00 1970\n{head}\n\n{body}\n")
    run("git", "checkout", "--quiet", "master")
    said = run("b4", "--offline-mode", "am", "--check", "--use-local-mbox", home / "in.mbox", "--outdir", home / "out")
    assert "kfunclint: kernel/bpf/depot.c:10: ERROR: bpf_depot_get() can return NULL but" in said
    assert "CHECK: " in said
    assert "kfunclint: passed all checks" in said.partition("depot: say what it is")[2]
    assert "kfunclint: kfunclint:" not in said


REVIEW = """
import email, json, sys
import b4, b4.review.checks as checks
what, path, command = sys.argv[1:]
with open(path, "rb") as file:
    file.readline()
    mail = "x", email.message_from_binary_file(file, policy=b4.emlpolicy)
if what == "patch":
    found = checks.run_perpatch_checks([mail], [command], ".")["x"]
else:
    found = checks.run_series_checks(mail, [command], ".")
print(json.dumps(found))
"""


def review(run: Run, what: str, mbox: Path, command: str, **environment: str) -> list[dict[str, str]]:
    """What b4's review is told by a command about the first mail of an mbox, "patch" or "series"."""
    found: list[dict[str, str]] = json.loads(run(BIN / "python", "-c", REVIEW, what, mbox, command, **environment))
    return found


def test_review_takes_the_findings_of_a_mail(home: Path, tree: Path, run: Run) -> None:
    (home / "in.mbox").write_text(run("git", "format-patch", "--thread", "--stdout", "HEAD~2"))
    command = COMMANDS["b4.review-perpatch-check-cmd"]
    (bad,) = review(run, "patch", home / "in.mbox", command)
    assert (bad["tool"], bad["status"]) == ("kfunclint", "fail")
    assert bad["summary"].startswith("1 error, ")
    assert "kernel/bpf/depot.c:10: ERROR: " in bad["details"]
    (home / "in.mbox").write_text(run("git", "format-patch", "--thread", "--stdout", "HEAD~1"))
    (good,) = review(run, "patch", home / "in.mbox", command)
    assert (good["status"], good["summary"], good["details"]) == ("pass", "nothing found", "")
    (home / "in.mbox").write_text(f"From mboxrd@z Thu Jan  1 00:00:00 1970\n{BROKEN}")
    (broken,) = review(run, "patch", home / "in.mbox", command)
    assert broken["status"] == "fail"


BROKEN = "From: a@example.org\nSubject: [PATCH 1/1] x: y\n\nNo diff.\n"


def test_review_reads_the_thread_for_a_series(home: Path, tree: Path, run: Run) -> None:
    thread, cover, tracking = home / "thread.mbox", home / "cover.mbox", home / "tracking.json"
    thread.write_text(run("git", "format-patch", "--thread", "--cover-letter", "--stdout", "HEAD~2"))
    cover.write_text(thread.read_text().partition("\nFrom ")[0] + "\n")
    blob = run("git", "hash-object", "-w", thread).strip()
    tracking.write_text(json.dumps({"series": {"thread-blob": blob}}, indent=2))
    (found,) = review(run, "series", cover, SERIES, B4_TRACKING_FILE=str(tracking))
    assert found["status"] == "fail"
    assert "kernel/bpf/depot.c:10: ERROR: " in found["details"]
    assert review(run, "series", cover, SERIES) == []


def test_every_command_of_the_page_is_tried() -> None:
    assert set(COMMANDS) == {f"b4.{name}-perpatch-check-cmd" for name in ("prep", "am", "review")}
    assert all(shlex.split(command)[0] == "kfunclint" for command in COMMANDS.values())


_READ = """
import json, sys
from b4.review import _review
body = sys.stdin.read()
print(json.dumps(_review._extract_comments_from_quoted_reply(body, capture_preamble=True)))
"""


def as_b4_reads(body: str) -> list[dict[str, str]]:
    """The remarks in a reply, as b4 finds them; in a process of its own, as b4 replaces parts of Python's email."""
    done = subprocess.run([sys.executable, "-c", _READ], input=body, capture_output=True, text=True, check=True)
    remarks: list[dict[str, str]] = json.loads(done.stdout)
    return remarks


def test_b4_reads_a_whole_reply_as_a_review() -> None:
    texts = (ROOT / "fixtures" / "reports" / "series.reply-full").read_text().split("From mboxrd@z")[1:]
    remarks = [
        (remark["path"], remark["content"], remark["text"])
        for text in texts
        for remark in as_b4_reads(text.partition("\n\n")[2])
    ]
    assert len(remarks) == 6
    for _, content, words in remarks:
        assert re.search(r"\[\w+/[\w-]+\]$", words)
        assert "necessarily" in content or re.search(r"bpf_memcg_\w+|root_mem_cgroup", content)
    assert [path for path, *_ in remarks].count("b/mm/bpf_memcg_walk.c") == 5
