"""Which kernel a series is aimed at."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from kfunclint.kernel.evidence import NO_EVIDENCE, Evidence, dated_words
from kfunclint.kernel.flags import flag_rows
from kfunclint.kernel.kernel import Kernel
from kfunclint.kernel.release import (
    Releases,
    Target,
    following,
    has_rc,
    in_development,
    named_release,
    newest_known,
    preceding,
    scheduled,
)
from kfunclint.kernel.suffixes import suffixes
from kfunclint.kernel.vocabulary import Vocabulary
from kfunclint.value import replace

REQUESTS = ("mainline", "next")
"""What may be asked for beside a release: the kernel in development when the series was sent, and the one behind it."""


class TreeFit(NamedTuple):
    """A kernel tree, and how the series fits into it: `misfit` says which files do not apply, "" if all do; `is_shown`:
    some that apply were there before; `is_base`: the series itself names this state, by commit or by the hashes of its
    files."""

    vocabulary: Vocabulary
    misfit: str = ""
    is_shown: bool = True
    is_base: bool = False


class Sent(NamedTuple):
    """What mails say of their kernel without a word of C: the tags of their subjects, and their Date fields."""

    tags: Sequence[str] = ()
    dates: Sequence[str] = ()

    @property
    def day(self) -> date | None:
        """The latest; None where there is none."""
        return max((day for day in map(_parse_day, self.dates) if day is not None), default=None)

    @property
    def is_aimed(self) -> bool:
        """Does a subject name a release, or a tree in which the next one is made?"""
        return any(_stable(tag) or _branch(tag, None) or _NEXT.search(tag) for tag in self.tags)


_NOTHING_SENT = Sent()


def check_request(text: str) -> None:
    """Raises ValueError for what nobody can ask for: none of REQUESTS, and no release that is known."""
    if text not in REQUESTS:
        named_release(text)


def target(
    requested: str | None, sent: Sent = _NOTHING_SENT, evidence: Evidence = NO_EVIDENCE, fit: TreeFit | None = None
) -> Kernel:
    """The kernel a series is aimed at.

    In this order: the one `requested` with --kernel, a release or one of REQUESTS; that of the tree, unless the tree is
    of another time, and is then left out; the release or the development tree that a tag of the subject names; the
    kernel that was in development on the latest day, or else the newest. Of the last two it is one that can have what
    the series found in its tree, and what it brings may come with the next release. Raises ValueError for a request
    that is none.
    """
    tree = fit.vocabulary if fit is not None else None
    if requested is not None:
        return Kernel(_requested(requested, sent.day), flag_rows(), tree)
    mailed = _mailed(sent, evidence)
    says = tree.target if tree is not None else None
    if fit is None or says is None:
        return replace(mailed, tree=tree)
    is_dated = sent.day is not None and not fit.is_base
    sign = _sign_of_other_time(mailed, evidence, fit) if is_dated else ""
    is_near = sent.day is not None and _are_near(mailed.target, says, _NEAR)
    if sign or (is_dated and sent.is_aimed and not (fit.is_shown or is_near)):
        why = f"{mailed.target.why}; the tree is of another time: {says.why}{sign}"
        return replace(mailed, target=mailed.target._replace(why=why))
    is_ahead = is_near and says.release <= mailed.release
    goes_by_mail = is_ahead and (sent.is_aimed or (is_dated and fit.misfit))
    return Kernel(mailed.target if goes_by_mail else says, flag_rows(), tree)


def _are_near(aim: Target, other: Target, releases: int = 0) -> bool:
    """Can two targets be one release, or so few apart?"""
    since, until = other.settled, other.newest
    for _ in range(releases):
        since, until = preceding(since), following(until)
    return aim.meets(Releases(since, until))


def _requested(text: str, day: date | None) -> Target:
    if text not in REQUESTS:
        return Target.exactly(named_release(text), "given with --kernel")
    aim = _next(text, day) if text == "next" and day is not None else _mainline(day)
    words = aim.why if aim.why.startswith(text) else f"{text}, {aim.why}"
    return aim._replace(why=f"given with --kernel: {words}")


def _sign_of_other_time(mailed: Kernel, evidence: Evidence, fit: TreeFit) -> str:
    """What shows that the tree is not of the time of the mails, in words that go on; "" if nothing does."""
    words = sorted(evidence.found | evidence.brought)
    lacking = [word for word in words if _lacks(fit.vocabulary, word, mailed)]
    if lacking:
        return f", and it has no {lacking[0]}"
    says = fit.vocabulary.target
    return f", and {fit.misfit}" if fit.misfit and says and not _are_near(mailed.target, says) else ""


def _lacks(tree: Vocabulary, word: str, mailed: Kernel) -> bool:
    """Does a tree not have a flag or macro that the kernel which the mails speak of may have?"""
    is_whole = bool(tree.flags) and "BTF_ID" in tree.macros
    may_be_there = word not in mailed.gone and mailed.target.meets(dated_words()[word])
    return is_whole and word not in tree.macros and may_be_there


def _mailed(sent: Sent, evidence: Evidence) -> Kernel:
    """The kernel that mails speak of, by their subjects and dates, and the lines of their patches."""
    for tag in sent.tags:
        if (stable := _stable(tag)) is not None:
            return Kernel(stable, flag_rows())
    day, gone = sent.day, _gone(sent, evidence)
    if day is None:
        evidence = replace(evidence, found=evidence.found | evidence.doubtful)
    for tag in sent.tags:
        if (branch := _branch(tag, day)) is not None:
            return Kernel(_proven(branch, evidence), flag_rows(), gone=gone)
    ahead = next((_next(tag, day) for tag in sent.tags if _NEXT.search(tag)), None)
    aim = ahead or _mainline(day, is_fix=not _FIXES.isdisjoint(sent.tags))
    return Kernel(_proven(aim, evidence), flag_rows(), guessed=True, gone=gone)


def _stable(tag: str) -> Target | None:
    match = re.fullmatch(r"(?:linux-)?(\d{1,2}\.\d{1,3})(?:\.y|\.\d{1,4})?", tag, re.IGNORECASE)
    release = scheduled(match[1]) if match else None
    return Target.exactly(release, f"the subject says {tag}") if release else None


def _branch(tag: str, day: date | None) -> Target | None:
    """The release that a branch such as sched_ext/for-7.2 is for."""
    match = _FOR.search(tag)
    release = scheduled(match[1]) if match else None
    if release is None:
        return None
    settled = _mainline(day).settled if day else preceding(release)
    return Target(release, f"the subject says {tag}", min(release, settled), release)


def _next(tag: str, day: date | None) -> Target:
    """A tree in which the next release is made: what is sent behind a first release candidate is for the next one."""
    now = _mainline(day)
    if day is None:
        return now
    if has_rc(now.release, day):
        ahead = following(now.release)
        return Target(ahead, f"{tag} during {now.release}", now.release, ahead)
    settled = now.release if _is_bpf_next(tag) else now.settled
    return Target(now.release, f"{tag} in the merge window of {now.release}", settled, now.newest)


def _mainline(day: date | None, *, is_fix: bool = False) -> Target:
    """The kernel in development on a day; what is no fix may be for the one behind it."""
    if day is None:
        return Target.exactly(newest_known(), "the newest known, as the mail has no date")
    release = in_development(day)
    settled = release if has_rc(release, day) else preceding(release)
    return Target(release, f"in development on {day:%-d %b %Y}", settled, release if is_fix else following(release))


def _proven(aim: Target, evidence: Evidence) -> Target:
    """The target, moved to the nearest release that can have what the series found, or that has what it brings."""
    rows = dated_words()
    for word in sorted(evidence.found | evidence.brought, key=lambda word: (rows[word].since, word)):
        since = rows[word].since
        if since is None or since <= aim.release:
            continue
        if word in evidence.found:
            why = f"its context uses {word}, which came with {since}"
            aim = Target(since, why, max(aim.settled, preceding(since)), max(aim.newest, since))
        elif since <= aim.newest:
            aim = aim._replace(release=since, why=f"it uses {word}, which came with {since}")
    for word in sorted(evidence.found):
        until = rows[word].until
        if until is not None and until < aim.settled:
            aim = Target.exactly(until, f"its context uses {word}, which went after {until}")
    return aim


def _gone(sent: Sent, evidence: Evidence) -> frozenset[str]:
    """The flags and suffixes that bpf-next had lost some days earlier, for a series that was made on it."""
    day = sent.day
    if day is None or not any(map(_is_bpf_next, sent.tags)):
        return frozenset()
    days = {row.name: row.removed_on for row in flag_rows().values()}
    days |= {row.name: row.removed_on for row in suffixes().values()}
    gone = {name for name, removed_on in days.items() if removed_on and removed_on + _UNTIL_FETCHED <= day}
    return frozenset(gone - evidence.found)


def _is_bpf_next(tag: str) -> bool:
    return tag.lower().removeprefix("for-").split("/")[0] == "bpf-next"


def _parse_day(text: str) -> date | None:
    match = _DATE.search(text)
    try:
        return date(int(match[3]), _MONTHS.index(match[2].title()) + 1, int(match[1])) if match else None
    except ValueError:
        return None


_NEAR = 2  # releases: a tree that was not fetched for some months, and that the series fits into
_UNTIL_FETCHED = timedelta(days=7)
_FIXES = {"bpf", "net"}  # their trees take fixes alone
_NEXT = re.compile(r"(?:^|[/_-])next(?:$|[/_-])", re.IGNORECASE)
_FOR = re.compile(r"(?:^|[/_-])for-v?(\d{1,2}\.\d{1,3})(?![\d.])", re.IGNORECASE)
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
# RFC 5322; the library for it takes a twentieth of a whole review to load
_DATE = re.compile(rf"(\d{{1,2}})[ -]({'|'.join(_MONTHS)})[ -](\d{{4}})\b", re.IGNORECASE)
