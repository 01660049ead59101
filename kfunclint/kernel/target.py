"""Which kernel a series is aimed at."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import date

from kfunclint.kernel.flags import flag_rows
from kfunclint.kernel.kernel import Kernel, kernel_of_release
from kfunclint.kernel.release import Release, releases
from kfunclint.kernel.vocabulary import Vocabulary


def target(
    *,
    requested: str | None,
    tags: Iterable[str],
    dates: Iterable[str],
    context_flags: Collection[str],
    tree: Vocabulary | None = None,
) -> Kernel:
    """The kernel a series is aimed at.

    In this order: the one `requested` with --kernel; the release of the `tree` it applies to; a stable release among
    the `tags` of the subject; the kernel that was in development on the latest of the `dates` (as in Date fields), or
    else the newest. The last two must be able to define the `context_flags`, those in lines that were there before:
    they are moved to the nearest release that does. Raises ValueError for a `requested` that is no release.
    """
    if requested is not None:
        return kernel_of_release(Release.parse(requested), "given with --kernel", tree)
    if tree is not None and tree.release is not None:
        return kernel_of_release(*tree.release, tree)
    for tag in tags:
        if (release := _stable_release(tag)) is not None:
            return kernel_of_release(release, f"the subject says {tag}", tree)
    days = [day for day in map(_parse_day, dates) if day is not None]
    if days:
        release, why = _in_development(max(days)), f"in development on {max(days):%-d %b %Y}"
    else:
        release, why = releases()[-1][1], "the newest known, as the mail has no date"
    return replace(_bounded_by_flags(release, why, context_flags), tree=tree)


def _stable_release(tag: str) -> Release | None:
    match = re.fullmatch(r"(?:linux-)?(\d{1,2}\.\d{1,3})(?:\.y|\.\d{1,4})?", tag, re.IGNORECASE)
    return Release.parse(match[1]) if match else None


_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
# RFC 5322; the library for it takes a twentieth of a whole review to load
_DATE = re.compile(rf"(\d{{1,2}})[ -]({'|'.join(_MONTHS)})[ -](\d{{4}})\b", re.IGNORECASE)


def _parse_day(text: str) -> date | None:
    match = _DATE.search(text)
    try:
        return date(int(match[3]), _MONTHS.index(match[2].title()) + 1, int(match[1])) if match else None
    except ValueError:
        return None


def _in_development(day: date) -> Release:
    """The first release to come out after a day; behind the table, its newest."""
    return next((release for tagged, release in releases() if day < tagged), releases()[-1][1])


def _bounded_by_flags(release: Release, why: str, context_flags: Collection[str]) -> Kernel:
    rows = [row for name in sorted(context_flags) if (row := flag_rows().get(name)) is not None]
    for row in sorted(rows, key=lambda row: row.since):
        if release < row.since:
            release, why = row.since, f"its context uses {row.name}, which came with {row.since}"
    for row in rows:
        if row.until is not None and row.until < release:
            release, why = row.until, f"its context uses {row.name}, which went after {row.until}"
    return replace(kernel_of_release(release, why), guessed=True)
