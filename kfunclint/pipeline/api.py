"""What `import kfunclint` offers."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kfunclint.clang import Parser
from kfunclint.mail.inbox import read_inbox
from kfunclint.pipeline.outcome import Outcome
from kfunclint.pipeline.pipeline import run
from kfunclint.pipeline.request import Request, Version
from kfunclint.settings import files, merged
from kfunclint.settings.selection import ActiveRules

File = str | os.PathLike[str]


def review(
    *inputs: File | bytes,
    version: Version = "newest",
    since: int | File | None = None,
    tree: File | None = None,
    kernel: str | None = None,
    only: Iterable[str] = (),
    ignore: Iterable[str] = (),
    strict: bool = False,
    rules: Iterable[File] = (),
    config: File | None = None,
    each_patch: bool = False,
    deep: bool = False,
    caged: bool = True,
    budget: float | None = None,
    parser: Parser | None = None,
) -> Outcome:
    """Review the series of patches in `inputs`: what the command reviews, without a word on any stream.

    An input is a file or folder as the command takes it, or the bytes of a mail or an mbox. All of them are one inbox:
    answers and earlier versions in it count. Nothing else does: without `tree` the hunks alone are read, without
    `config`, a file of settings, no settings but the arguments.

    `version` is a number, "newest" or "all"; `since` an earlier version to compare with, as file or as number in the
    inputs. `kernel` is the release to judge for, such as "6.12", "mainline" or "next" (None: what the series, or the
    tree, says). `only` and `ignore` are rules or families, `strict` adds the rules that are not free of false alarms
    yet, `rules` are folders of more rules: their Python runs. `each_patch` and `deep` are the options of these names.

    Series are reviewed in children that this process forks, with limits for each of time and memory, and without files,
    sockets and processes; `budget` are the seconds of processor time for all of them. With `caged` False it is done in
    this process, as one with threads of its own must: a hostile mail then takes what time and memory it likes.
    `parser` is one that stays open for the next call; without it one is started, and ended, here.

    Gives an Outcome: in `reviews` one for each series, whose `findings` are what there is to say, and in `notes` what
    could not be read or reviewed. Raises InputError for a tree or a file of settings that cannot be read and for a
    version that is not there, ValueError for a rule or a release that is none, OSError.
    """
    values: dict[str, Any] = {"only": tuple(only), "ignore": tuple(ignore), "strict": strict, "kernel": kernel}
    values = {key: value for key, value in values.items() if value}
    values["rules"] = tuple(files.RuleFolder(Path(folder)) for folder in rules)
    sources = files.sources(Path(config), Path()) if config is not None else ()
    request = Request(
        version=version,
        since=since if isinstance(since, int | None) else os.fspath(since),
        each_patch=each_patch,
        deep=deep,
        caged=caged,
        budget=budget,
        tree=None if tree is None else Path(tree),
        no_tree=tree is None,
    )
    selection = ActiveRules(merged.merge(values, sources))
    with contextlib.nullcontext(parser) if parser else Parser() as worker:
        inbox = read_inbox(file if isinstance(file, bytes) else os.fspath(file) for file in inputs)
        return run(inbox, request, selection, worker)
