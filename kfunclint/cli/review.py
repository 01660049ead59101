"""The command `kfunclint SERIES`: arguments in, reports out, and an exit status."""

from __future__ import annotations

import argparse
import contextlib
import itertools
import sys
from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence, Set
from pathlib import Path
from typing import TYPE_CHECKING

from kfunclint import __version__, progress
from kfunclint.clang import Parser
from kfunclint.cli import options, outputs
from kfunclint.cli.arguments import Arguments, Once, UsageError, advice
from kfunclint.cli.completable import Completable, declare
from kfunclint.errors import InputError
from kfunclint.kernel.kfunc_words import may_touch_kfunc
from kfunclint.mail.message import Inbox
from kfunclint.mail.stream import Archive
from kfunclint.pipeline import pipeline
from kfunclint.pipeline.outcome import CLEAN, FINDINGS, TROUBLE, Note, Outcome
from kfunclint.pipeline.request import Fixes, Request, Version
from kfunclint.report import formats

if TYPE_CHECKING:
    from kfunclint.checker.result import Review
    from kfunclint.git.repository import Repository
    from kfunclint.pipeline.pipeline import Run
    from kfunclint.settings.selection import ActiveRules

_UNPUSHED = "@{upstream}.."
_COMMITS = "commits"


def run(argv: Sequence[str], running: Parser | None = None, commands: Sequence[str] = ()) -> int:
    """Review what the arguments name; gives the exit status. `running` is a parser that runs already, `commands` are
    the words that would have been one.

    Raises InputError, rule.BadRule, ValueError and OSError for what cannot be done at all.
    """
    arguments = parser().parse_args(argv)
    _check_fix(arguments)
    _settle_outputs(arguments)
    if not (arguments.input or arguments.git or arguments.staged) and outputs.is_piped_in():
        arguments.input = ["-"]
    for name in arguments.input:
        if wrong := advice(name, commands):
            raise UsageError(wrong)
    selection = options.selection(arguments)
    sources = _sources(arguments)
    outputs.check(_outputs(arguments, selection.settings.baseline), sources)
    with contextlib.ExitStack() as stack:
        repository = None if arguments.input else stack.enter_context(_repository())
        reviewing = _Reviewing(arguments, selection, repository, running)
        if repository is None:
            archive = Archive(arguments.input, may_touch_kfunc if arguments.only_kfuncs else None)
            if archive.is_large() and _is_streamed(arguments, selection):
                return reviewing.print(archive.inboxes())
            outcome = reviewing.outcome(archive.inboxes())
        else:
            outcome = reviewing.outcome(iter([_inbox(arguments, repository)]))
    if options.record_baseline(selection, outcome.reviews):
        return TROUBLE if outcome.is_troubled else CLEAN
    reviews = [review for review in outcome.reviews if _is_told(review, arguments.quiet)]
    _write(arguments, reviews, sources)
    if arguments.fix is not None:
        _mend(arguments, repository, reviews)
    return outcome.status


class _Reviewing:
    """What becomes of inboxes, one after the other; none is held when the next one is read."""

    def __init__(
        self,
        arguments: argparse.Namespace,
        selection: ActiveRules,
        repository: Repository | None,
        running: Parser | None,
    ) -> None:
        """`running` is a parser that runs already."""
        self.arguments, self.selection, self.running = arguments, selection, running
        self.request = _request(arguments, repository)
        self.notes: list[Note] = []

    def outcome(self, inboxes: Iterator[Inbox]) -> Outcome:
        """What comes of all of them."""
        with self._open(is_quiet=False) as run:
            reviews = tuple(_all(run, inboxes))
        return self._outcome(reviews)

    def print(self, inboxes: Iterator[Inbox]) -> int:
        """Print each review when it is done, and keep none; gives the exit status."""
        has_findings = False

        def told(run: Run) -> Iterator[Review]:
            nonlocal has_findings
            for review in _all(run, inboxes):
                has_findings |= self._outcome((review,)).has_findings
                if _is_told(review, self.arguments.quiet):
                    yield review

        with self._open(is_quiet=sys.stdout.isatty()) as run:
            for piece in _pieces(self.arguments, told(run), None):
                options.write(piece, None)
        return TROUBLE if self._outcome(()).is_troubled else FINDINGS if has_findings else CLEAN

    def _outcome(self, reviews: tuple[Review, ...]) -> Outcome:
        return Outcome(reviews, tuple(self.notes), self.selection.settings.fail_on)

    @contextlib.contextmanager
    def _open(self, *, is_quiet: bool) -> Iterator[Run]:
        """`is_quiet`: what is being done is not shown, as reports are printed meanwhile."""
        notes = options.deferred_notes(formats.takes_notes(self.arguments.format))
        shown = contextlib.nullcontext(lambda what: None) if is_quiet else progress.shown()
        with self.running or Parser() as worker, notes as tell, shown as step:

            def add(note: Note) -> None:
                self.notes.append(note)
                tell(note)

            with pipeline.opened(self.request, self.selection, worker, step=step, tell=add) as run:
                yield run


def _all(run: Run, inboxes: Iterator[Inbox]) -> Iterator[Review]:
    while (inbox := next(inboxes, None)) is not None:
        yield from run.reviews(inbox)
        del inbox


def _is_streamed(arguments: argparse.Namespace, selection: ActiveRules) -> bool:
    """May reports be printed before all is reviewed?"""
    is_recorded = selection.settings.baseline is not None and selection.recorded is None
    is_one_page = formats.is_page(arguments.format)
    return not (arguments.report or arguments.output or arguments.fix or is_recorded or is_one_page)


def _is_told(review: Review, quiet: bool) -> bool:
    return bool(review.troubles or (review.findings if quiet else review.patches or review.cover))


def _settle_outputs(arguments: argparse.Namespace) -> None:
    """Find out what is printed: a report to "-" takes the place of what would be, if nobody asked for that."""
    arguments.output = None if arguments.output == "-" else arguments.output
    printed = [name for name, file in arguments.report if file == "-"]
    if not printed:
        return
    if printed[1:] or (arguments.output is None and "format" in arguments.given):
        raise UsageError("standard output is named for two outputs, nothing was written")
    elsewhere = [report for report in arguments.report if report[1] != "-"]
    if arguments.output is not None:
        elsewhere.append((arguments.format, arguments.output))
    arguments.format, arguments.output, arguments.report = printed[0], None, elsewhere


def _check_fix(arguments: argparse.Namespace) -> None:
    """Raises UsageError where the options about fixes do not fit."""
    if arguments.fix == _COMMITS and (arguments.input or arguments.staged):
        raise UsageError(f"--fix={_COMMITS} is for commits: name them with --git, or a file as ./{_COMMITS}")
    if arguments.fix == "-" and "-" in (arguments.output, *(file for _, file in arguments.report)):
        raise UsageError("standard output is named for two outputs, nothing was written")
    if arguments.fix_unsure and arguments.fix is None:
        raise UsageError("--fix-unsure goes with --fix")


def _mend(arguments: argparse.Namespace, repository: Repository | None, reviews: Sequence[Review]) -> None:
    from kfunclint.cli import fix

    if repository is not None and arguments.fix == _COMMITS:
        fix.commit(arguments, repository, reviews)
    else:
        fix.write_patch(arguments, reviews)


def parser() -> argparse.ArgumentParser:
    """The arguments that the command takes."""
    parser = Arguments(
        prog="kfunclint",
        description="Review Linux kernel patches that add or change BPF kfuncs.",
        epilog="Exit status: 0 nothing at or above --fail-on, 1 findings, 2 something could not be reviewed. "
        "See also: kfunclint tree --help, kfunclint mine --help, kfunclint hook --help, kfunclint config, "
        "kfunclint rules, kfunclint explain RULE.",
    )
    add = parser.add_argument
    _add_input(parser)
    _add_outputs(parser)
    _add_kernel(parser)
    _add_versions(parser)
    options.add_rules(parser)
    options.add_deep(parser)
    _add_limits(parser)
    add(
        "--each-patch",
        action="store_true",
        help="say too what is wrong behind one patch and repaired by a later one",
    )
    _add_fixes(parser)
    add("-V", "--version", action="version", version=f"kfunclint {__version__}", help="print the version of kfunclint")
    add("-v", action="store_true", help="with -V: say too what holds a review of strangers' mail here")
    add("--help-all", action="help", help="show every option")
    return parser


def _add_input(parser: argparse.ArgumentParser) -> None:
    """The options that say what to review."""
    inputs = parser.add_mutually_exclusive_group()
    inputs.add_argument(
        "input",
        nargs="*",
        default=[],
        help="mbox (also .gz), .patch, .eml, folder of patches, Maildir, or - for standard input, which is read too if "
        "nothing is named and something is piped in",
    )
    inputs.add_argument(
        "--git",
        metavar="RANGE",
        help="review commits as git format-patch would send them: A..B, or A for A..HEAD "
        f"(default where nothing is named: {_UNPUSHED})",
    )
    inputs.add_argument("--staged", action="store_true", help="review what git commit would record")
    parser.add_argument(
        "--only-kfuncs",
        action="store_true",
        help="review only series that speak of kfuncs in their diffs; of an archive the others are not even decoded",
    )


def _add_outputs(parser: argparse.ArgumentParser) -> None:
    """The options that say what to print, and where to."""
    add = parser.add_argument
    options.add_format(parser, formats.formats())
    add(
        "-o",
        "--output",
        metavar="FILE",
        action=Once,
        help="print to FILE instead of standard output, which is -; one that ends in / is a folder, one file a mail",
    )
    written = add(
        "--report",
        metavar="FORMAT=FILE",
        action="append",
        type=_report,
        default=[],
        help="write a report beside it, to a FILE as for -o (repeatable)",
    )
    declare(written, Completable.REPORT)
    add("-q", "--quiet", action="store_true", help="print nothing about series in which nothing was found")


def _add_kernel(parser: argparse.ArgumentParser) -> None:
    """The options that say what kernel to judge for."""
    trees = parser.add_mutually_exclusive_group()
    trees.add_argument(
        "--tree",
        metavar="DIR",
        type=Path,
        help="a kernel tree, to see whole files; a git repository or a folder (default: the one kfunclint runs in)",
    )
    trees.add_argument("--no-tree", action="store_true", help="go by the hunks alone")
    release = parser.add_argument(
        "--kernel",
        metavar="RELEASE",
        help="judge for this release, such as 6.12, or for mainline or next of the day it was sent (default: what the "
        "series says)",
    )
    declare(release, Completable.RELEASE)


def _add_versions(parser: argparse.ArgumentParser) -> None:
    """The options that say what version to review, and what to compare it with."""
    revision = parser.add_argument(
        "--revision",
        metavar="N",
        default="newest",
        type=_version,
        help="review version N of the series, or all (default: the newest complete one)",
    )
    declare(revision, Completable.FREE)
    parser.add_argument(
        "--since",
        metavar="OLD",
        type=_since,
        help="say what was mended, stands and is new since OLD: an earlier version as file, or its number in the input",
    )


def _add_fixes(parser: argparse.ArgumentParser) -> None:
    """The options about fixes."""
    add = parser.add_argument
    add(
        "--fix",
        metavar="FILE",
        help="write the fixes that hold as one patch on top of the series, - for standard output in place of the "
        f"review; {_COMMITS} makes fixup commits of them for git rebase --autosquash, where commits are reviewed",
    )
    add("--fix-unsure", action="store_true", help="apply the fixes too that are one of several ways")
    add("--show-fixes", action="store_true", help="show under each finding how its fix changes the lines")


def _add_limits(parser: argparse.ArgumentParser) -> None:
    budget = parser.add_argument(
        "--budget",
        metavar="SECONDS",
        type=_seconds,
        help="stop after so much processor time for all series (default: 20 a MiB of mail, more with a tree)",
    )
    declare(budget, Completable.FREE)


def _report(text: str) -> tuple[str, str]:
    name, _, file = text.partition("=")
    if name not in formats.formats() or not file:
        raise argparse.ArgumentTypeError(f"{text!r} is not FORMAT=FILE with one of {', '.join(formats.formats())}")
    return name, file


def _version(text: str) -> Version:
    if text.isdecimal():
        return int(text)
    if text == "all":
        return "all"
    if text == "newest":
        return "newest"
    raise argparse.ArgumentTypeError(f"{text!r} is neither a number nor all")


def _seconds(text: str) -> float:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return float(text)


def _since(text: str) -> int | str | None:
    return int(text) if text.isdecimal() and not Path(text).exists() else text or None


def _request(arguments: argparse.Namespace, repository: Repository | None) -> Request:
    return Request(
        version=arguments.revision,
        since=arguments.since,
        each_patch=arguments.each_patch,
        deep=arguments.deep,
        only_kfuncs=arguments.only_kfuncs,
        budget=arguments.budget,
        tree=arguments.tree,
        no_tree=arguments.no_tree,
        repository=repository.folder if repository else None,
        fixes=_fixes(arguments),
    )


def _fixes(arguments: argparse.Namespace) -> Fixes | None:
    """Which fixes are to be proven: what is only shown may be of a message, and unsure."""
    if arguments.fix is None and not arguments.show_fixes:
        return None
    is_shown_only = arguments.fix is None
    return Fixes(messages=is_shown_only or arguments.fix == _COMMITS, unsure=is_shown_only or arguments.fix_unsure)


@contextlib.contextmanager
def _repository() -> Iterator[Repository]:
    from kfunclint.git import commits

    with contextlib.closing(commits.repository(Path())) as repository:
        yield repository


def _inbox(arguments: argparse.Namespace, repository: Repository) -> Inbox:
    """What git has to review; says so where that is nothing."""
    from kfunclint.git import commits

    if arguments.staged:
        inbox, complaint = commits.staged(repository), "nothing is staged"
    else:
        inbox, complaint = _commits(repository, arguments.git), f"no commits in {arguments.git or _UNPUSHED}"
    if inbox == Inbox((), ()):
        options.say(f"{repository.folder}: {complaint}")
    if arguments.fix == _COMMITS:
        from kfunclint.cli import fix  # most reviews are not mended

        fix.check_branch(repository, inbox)
    return inbox


def _commits(repository: Repository, revisions: str | None) -> Inbox:
    from kfunclint.git import commits

    try:
        return commits.in_range(repository, revisions or _UNPUSHED)
    except InputError as why:
        if revisions is not None:
            raise
        raise InputError(why.file, None, f"{why.reason}; name a mail, or commits with --git") from why


def _sources(arguments: argparse.Namespace) -> Set[Hashable]:
    """What stands for the files that are read."""
    files = [arguments.since, arguments.config]
    return outputs.inputs([*arguments.input, *(str(file) for file in files if isinstance(file, str | Path))])


def _outputs(arguments: argparse.Namespace, baseline: Path | None) -> list[Path]:
    """The files that the arguments name to be written, or to be written first; no folders."""
    names = [*(file for _, file in arguments.report), *([arguments.output] if arguments.output else [])]
    files = [Path(name) for name in names if not outputs.is_folder(name)]
    mending = [Path(arguments.fix)] if arguments.fix not in (None, "-", _COMMITS) else []
    return [*files, *([baseline] if baseline else []), *mending]


def _write(arguments: argparse.Namespace, reviews: Sequence[Review], sources: Set[Hashable]) -> None:
    """Write the reports, or none where one would overwrite an input."""
    reports, output = list(arguments.report), arguments.output
    is_folder = output is not None and outputs.is_folder(output)
    if is_folder:
        reports.append((arguments.format, output))
    elif len(reviews) > 1 and formats.is_page(arguments.format):
        name = arguments.format
        raise ValueError(f"one {name} file holds one series: --revision chooses one, --report {name}=FOLDER/ takes all")
    beside = {path: text for name, file in reports for path, text in _files(name, file, reviews).items()}
    outputs.check(beside, sources)
    if not is_folder and (output or arguments.fix != "-"):  # a patch stands there alone
        file = Path(output) if output else None
        options.write("".join(_pieces(arguments, reviews, file)), file)
    for folder in (Path(file) for _, file in reports if file.endswith("/")):
        folder.mkdir(parents=True, exist_ok=True)
    for target, report in beside.items():
        outputs.write_file(target, report)


def _pieces(arguments: argparse.Namespace, reviews: Iterable[Review], file: Path | None) -> Iterator[str]:
    """The report that is printed, or goes to a file."""
    colour = options.colour(file, arguments.color)
    return formats.pieces(arguments.format, reviews, colour=colour, diffs=arguments.show_fixes)


def _files(name: str, file: str, reviews: Sequence[Review]) -> dict[Path, str]:
    """A report as texts by file: one file or, for a folder or where a file holds one series, several."""
    path, texts = Path(file), dict[Path, str]()
    is_maildir = all((path / name).is_dir() for name in ("cur", "new", "tmp"))
    if not outputs.is_folder(file) and not formats.is_page(name):
        return {path: formats.render_all(name, reviews)}
    for review in reviews:
        parts = formats.files(name, review) if outputs.is_folder(file) else {"": formats.render(name, review)}
        if is_maildir:  # as drafts, which have been seen
            parts = {f"cur/{part}:2,DS": text for part, text in parts.items()}
        texts |= {_free_path(path / part, texts): text for part, text in parts.items()}
    return texts


def _free_path(path: Path, taken: Collection[Path]) -> Path:
    """The path, with a number if another series has taken it."""
    numbered = (path.with_stem(f"{path.stem}-{number}") for number in itertools.count(2))
    return next(candidate for candidate in itertools.chain([path], numbered) if candidate not in taken)
