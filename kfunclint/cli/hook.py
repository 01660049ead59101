"""The command `kfunclint hook`: puts hooks into a git repository, and is what they call."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from kfunclint.clang import Parser
from kfunclint.cli import options
from kfunclint.cli.arguments import Arguments, name_of
from kfunclint.errors import InputError
from kfunclint.git import hooks, send_email
from kfunclint.git.repository import Repository, around, hooks_folder
from kfunclint.mail.message import Inbox, Mail
from kfunclint.pipeline.outcome import CLEAN, FINDINGS
from kfunclint.value import replace

_MOST_PUSHED = 250

_NO_COMMIT = re.compile(r"0+")
_SENT = (
    "nothing was sent. To send it anyway: git send-email --no-validate. To silence a remark, write below the --- of "
    "the patch: kfunclint: ignore RULE - reason"
)
_PUSHED = "nothing was pushed. To push it anyway: git push --no-verify"
_COMMITTED = "nothing was committed. To commit it anyway: git commit --no-verify"


def run(argv: Sequence[str]) -> int:
    """Run the command with what stands behind `hook`; gives its exit status.

    Raises InputError and OSError for a hook that cannot be put in or taken out.
    """
    arguments = parser().parse_intermixed_args(argv)
    return _COMMANDS[arguments.command](arguments)


def parser() -> argparse.ArgumentParser:
    """The arguments that the command takes."""
    parser = Arguments(
        prog="kfunclint hook",
        description="Review what git is about to send: install hooks in the repository around the working directory, "
        "or uninstall them.",
        epilog="A hook that is there is kept, called first, and put back by uninstall.",
    )
    add = parser.add_argument
    add(
        "command",
        type=name_of("command", _COMMANDS),
        choices=_COMMANDS,
        help="install, uninstall, or run, which is what the hooks call",
    )
    add("argument", metavar="ARGUMENT", nargs="*", help="for run: the name of the hook, and what git gives it")
    add("--send-email", action="store_true", help="what git send-email is about to send")
    add("--pre-push", action="store_true", help="the commits that git push is about to send")
    add("--commit-msg", action="store_true", help="the message that git commit is about to record, and what is staged")
    return parser


def _install(arguments: argparse.Namespace) -> int:
    names = _names(arguments)
    if not names:
        raise ValueError("hook install: which one? --send-email, --pre-push, --commit-msg, or several")
    folder, command = _hooks(), _command()
    for name in names:
        sys.stdout.write(f"{hooks.install(folder, name, command)}: calls {command}\n")
    return CLEAN


def _uninstall(arguments: argparse.Namespace) -> int:
    folder, named = _hooks(), _names(arguments)
    for name in named or hooks.NAMES:
        if path := hooks.uninstall(folder, name):
            sys.stdout.write(f"{path}: as it was before\n")
        elif named:
            sys.stdout.write(f"{folder}: no {name} hook of kfunclint\n")
    return CLEAN


def _names(arguments: argparse.Namespace) -> list[str]:
    return [name for name in hooks.NAMES if getattr(arguments, name.replace("-", "_"))]


def _top() -> Path:
    folder = around(Path())
    if folder is None:
        raise InputError(str(Path().absolute()), None, "not in a git repository")
    return folder


def _hooks() -> Path:
    return hooks_folder(_top())


def _command() -> Path:
    """The kfunclint that runs now, as a program of its own. Raises ValueError."""
    beside = Path(sys.executable).with_name("kfunclint")
    program = shutil.which(sys.argv[0]) if Path(sys.argv[0]).name == "kfunclint" else shutil.which(beside)
    if program is None:
        raise ValueError("hook install: kfunclint is not installed as a command")
    return Path(program).absolute()


def _run(arguments: argparse.Namespace) -> int:
    """Review, and refuse what has findings that count; what cannot be reviewed is told, and goes its way."""
    name, *argv = arguments.argument or [""]
    try:
        if name not in _CALLED:
            raise ValueError(f"hook run: {name!r} is not a hook, only {', '.join(_CALLED)}")
        return _CALLED[name](argv)
    except (InputError, ValueError, OSError) as why:
        options.say(f"{why}; not reviewed")
        return CLEAN


_COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {"install": _install, "uninstall": _uninstall, "run": _run}


def _send_email(argv: Sequence[str]) -> int:
    memory = Path(os.environ.get("GIT_DIR", ".git")) / "kfunclint-send-email"
    file, sender = _file(argv), send_email.sender()
    files = send_email.files(file, os.environ, memory, sender)
    if not files:
        return _put_off(file, sender)
    with Parser() as worker:  # it starts while the rest is loaded
        from kfunclint.mail.inbox import NO_PATCH, read_inbox

        inbox = read_inbox(map(str, files))
        broken = tuple(why for why in inbox.errors if why.reason != NO_PATCH)
        if not send_email.is_kept(file, sender):
            inbox = _named_by_subject(inbox)
        return _judge(replace(inbox, errors=broken), worker, _SENT)


def _put_off(file: Path, sender: send_email.Sender | None) -> int:
    """Say so where a file waits for one that nobody is sure of."""
    if sender is None and "GIT_SENDEMAIL_FILE_TOTAL" not in os.environ:
        options.say(f"{file}: is reviewed together with the last patch of its series, should that be sent, too")
    return CLEAN


def _named_by_subject(inbox: Inbox) -> Inbox:
    """The mails, each called by its subject: their files are gone as soon as git has sent them."""

    def named(mail: Mail) -> Mail:
        return replace(mail, source=replace(mail.source, file=mail.subject.text or mail.source.file))

    return replace(
        inbox,
        series=tuple(
            replace(series, patches=tuple(map(named, series.patches)), cover=series.cover and named(series.cover))
            for series in inbox.series
        ),
    )


def _file(argv: Sequence[str]) -> Path:
    if not argv:
        raise ValueError("hook run: no file is named")
    return Path(argv[0]).absolute()


def _pre_push(argv: Sequence[str]) -> int:
    with closing(Repository(_top())) as repository, Parser() as worker:
        from kfunclint.git import commits

        status = CLEAN
        for revisions in list(_pushed_revisions(repository)):
            inbox = commits.reached(repository, revisions, _MOST_PUSHED)
            status = max(status, _judge(inbox, worker, _PUSHED, repository))
    return status


def _pushed_revisions(repository: Repository) -> Iterator[list[str]]:
    """For every ref that is pushed the revisions that no remote has; pre-commit names a range instead."""
    environ = os.environ
    excluded = ["--not", "--remotes"]
    if "PRE_COMMIT_TO_REF" in environ:
        revisions = [environ["PRE_COMMIT_TO_REF"], f"^{environ['PRE_COMMIT_FROM_REF']}"]
        yield [*revisions, *excluded] if "PRE_COMMIT_REMOTE_NAME" in environ else revisions
        return
    for line in [] if "PRE_COMMIT" in environ else sys.stdin:
        _, commit, _, remote_commit = line.rsplit(maxsplit=3)  # what is pushed may be a name with spaces, ":/fix it"
        if not _NO_COMMIT.fullmatch(commit):
            yield [commit, *([f"^{remote_commit}"] if repository.commit(remote_commit) else []), *excluded]
            excluded = [*excluded, commit]


def _commit_msg(argv: Sequence[str]) -> int:
    with closing(Repository(_top())) as repository, Parser() as worker:
        from kfunclint.git import commits

        if repository.run("rev-parse", "--quiet", "--verify", "MERGE_HEAD", good=(0, 1)):
            return CLEAN
        index = os.environ.get("GIT_INDEX_FILE")
        diff = commits.staged_diff(repository, Path(index) if index else None)
        comment = repository.run("config", "core.commentChar", good=(0, 1)).decode().strip()
        text = _file(argv).read_text(encoding="utf-8", errors="replace")
        patch = commits.message(text, "#" if comment in ("", "auto") else comment, argv[0], diff)
        return _judge(commits.alone(patch), worker, _COMMITTED, repository)


_CALLED: dict[str, Callable[[Sequence[str]], int]] = {
    "sendemail-validate": _send_email,
    "pre-push": _pre_push,
    "commit-msg": _commit_msg,
}


def _judge(inbox: Inbox, worker: Parser, refusal: str, repository: Repository | None = None) -> int:
    """Review an inbox and tell what was found; nothing is said of what is clean."""
    from kfunclint import progress
    from kfunclint.pipeline import pipeline
    from kfunclint.pipeline.request import Request
    from kfunclint.report import formats

    selection = options.active_rules({}, None, Path(), for_hook=True)
    request = Request("all", repository=repository.folder if repository else None)
    with options.deferred_notes() as tell, progress.shown() as step:
        outcome = pipeline.run(inbox, request, selection, worker, step=step, tell=tell)
    reviews = [review for review in outcome.reviews if review.findings]
    texts = [formats.render("terminal", review, colour=options.colour(None)) for review in reviews]
    options.write("".join(texts), None)
    if not outcome.has_findings:
        return CLEAN
    sys.stdout.flush()
    options.say(refusal)
    return FINDINGS
