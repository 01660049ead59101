"""Which kernel a series is aimed at, and what that kernel knows."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, cached_property

from kfunclint.facts.sets import Entry
from kfunclint.resources import table


@dataclass(frozen=True, slots=True, order=True)
class Release:
    """A mainline release, "6.12"; they compare in order."""

    major: int
    minor: int

    @classmethod
    def parse(cls, text: str) -> Release:
        """Read "6.12", "v6.12", "6.12.117" or "6.12-rc3". Raises ValueError."""
        match = re.fullmatch(r"v?(\d{1,3})\.(\d{1,3})(?:\.\d{1,5}|-rc\d{1,2})?", text)
        if not match:
            raise ValueError(f"{text!r} is not a kernel release such as 6.12")
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


@dataclass(frozen=True, slots=True)
class FlagRow:
    """A row of rules/tables/flags.toml: the first and the last release that define the flag (None: still there), and
    the commits that brought it and took it out, "" where they are not known."""

    name: str
    bit: int | None
    since: Release
    until: Release | None
    commit: str
    removed: str
    meaning: str
    source: str


class Vocabulary:
    """What a kernel tree itself says. Every file is read when it is first asked for, and only once."""

    def __init__(self, read: Callable[[str], str | None]) -> None:
        """`read` gives the text of a file of the tree, None if it has none."""
        self._read = read

    @cached_property
    def flags(self) -> Mapping[str, int | None]:
        """The flags of include/linux/btf.h with their bits, None for what is more than a bit."""
        text = self._read("include/linux/btf.h") or ""
        return {match[1]: int(match[2]) if match[2] else None for match in _FLAG.finditer(text)}

    @cached_property
    def macros(self) -> frozenset[str]:
        """The macros of include/linux/btf.h and btf_ids.h, with and without arguments."""
        texts = (self._read(f"include/linux/{name}.h") or "" for name in ("btf", "btf_ids"))
        return frozenset(name for text in texts for name in _MACRO.findall(text))

    @cached_property
    def suffixes(self) -> frozenset[str] | None:
        """The endings of parameter names that the verifier gives a meaning, None if they cannot be made out.

        kernel/bpf/verifier.c and btf.c: btf_param_match_suffix(), before 6.9 __kfunc_param_match_suffix(), in 6.1
        is_kfunc_arg_mem_size().
        """
        texts = (self._read(f"kernel/bpf/{name}.c") or "" for name in ("verifier", "btf"))
        return frozenset(name for text in texts for name in _SUFFIX.findall(text)) or None

    @cached_property
    def spelling(self) -> Mapping[str, str]:
        """scripts/spelling.txt: the right word by the wrong one."""
        lines = (self._read("scripts/spelling.txt") or "").split("\n")
        pairs = (line.split("||", 1) for line in lines if not line.startswith("#") and "||" in line)
        return {wrong.strip(): right.strip() for wrong, right in pairs}

    @cached_property
    def release(self) -> tuple[Release, str] | None:
        """The release and why that one; None if the Makefile does not tell.

        Where btf.h has a flag that went, or lacks it, that is believed more than the Makefile: a tree in which the next
        release is made still has the number of the last one.
        """
        number = {match[1]: match[2] for match in _NUMBER.finditer((self._read("Makefile") or "")[:_TOP])}
        if not number.get("VERSION", "").isdecimal() or not number.get("PATCHLEVEL", "").isdecimal():
            return None
        release = Release(int(number["VERSION"]), int(number["PATCHLEVEL"]))
        rest = number.get("EXTRAVERSION", "")
        last = f".{number['SUBLEVEL']}" if number.get("SUBLEVEL", "0") != "0" else ""
        why = f"the tree's Makefile says {release}{last}{rest}"
        for shown, name in self._shown(release):
            has = "has" if name in self.flags else "has no"
            return shown, f"{why}, but its include/linux/btf.h {has} {name}"
        return release, why

    def _shown(self, release: Release) -> Iterator[tuple[Release, str]]:
        """The release that a flag which went speaks of, if the other one cannot be, and the flag."""
        for row in _flags().values():
            if row.until is None or not self.flags:
                continue
            if row.name in self.flags and row.until < release:
                yield row.until, row.name
            elif row.name not in self.flags and row.since <= release <= row.until:
                yield min(later for _, later in _releases() if later > row.until), row.name


_FLAG = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(KF_[A-Z0-9_]+)[ \t]+(?:\(1U?L?[ \t]*<<[ \t]*(\d{1,2})\))?", re.M)
_MACRO = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)", re.M)
_SUFFIX = re.compile(
    r'(?:\b(?:btf|__kfunc)_param_match_suffix\([^;"]{0,200}|\bstrncmp\(param_name, )"(__[a-z0-9_]{1,40})"'
)
_NUMBER = re.compile(r"^(VERSION|PATCHLEVEL|SUBLEVEL|EXTRAVERSION)[ \t]*=[ \t]*(\S{0,20})[ \t]*$", re.M)
_TOP = 2000


@dataclass(frozen=True, slots=True)
class Kernel:
    """The kernel a review answers for: `release`, and `why` that one, as words for people ("given with --kernel");
    `tree` where there is one. `guessed`: nobody named it and there is no tree, so what the next releases brought may be
    there already. `own` are flags that the series itself defines.
    """

    release: Release
    why: str
    flags: Mapping[str, FlagRow]
    tree: Vocabulary | None = None
    guessed: bool = False
    own: frozenset[str] = frozenset()

    @property
    def misspellings(self) -> Mapping[str, str]:
        """The right word by the wrong one, of the scripts/spelling.txt of its tree; empty where there is no tree."""
        return self.tree.spelling if self.tree is not None else {}

    def has_flag(self, name: str) -> bool:
        """Does the include/linux/btf.h of this kernel, or the series, define the flag? A tree is asked first."""
        if name in self.own:
            return True
        if self.tree is not None and self.tree.flags:
            return name in self.tree.flags
        row = self.flags.get(name)
        return row is not None and row.since <= self.release and (row.until is None or self.release <= row.until)

    def has_macro(self, name: str) -> bool | None:
        """Does its include/linux/btf.h or btf_ids.h define the macro? None without a tree."""
        return name in self.tree.macros if self.tree is not None and self.tree.macros else None


def sleepers_may_call(entry: Entry) -> bool:
    """Is its set registered, as far as is in view, for programs some of which may sleep? An entry whose flags or set
    are not known tells nothing, nor does a type of programs that is not."""
    if entry.flags is None or entry.set is None or entry.set.is_fmodret:
        return False
    types = (one.program_type.removeprefix("BPF_PROG_TYPE_") for one in entry.set.registrations)
    return any(table("hooks").get(type_, {}).get("sleepable", False) for type_ in types)


def known(release: Release, why: str, tree: Vocabulary | None = None) -> Kernel:
    """What the tables say of a release, and a tree of itself."""
    return Kernel(release, why, _flags(), tree)


@cache
def _flags() -> Mapping[str, FlagRow]:
    return {
        name: FlagRow(
            name=name,
            bit=row.get("bit"),
            since=Release.parse(row["since"]),
            until=Release.parse(row["until"]) if "until" in row else None,
            commit=row.get("commit", ""),
            removed=row.get("removed", ""),
            meaning=row["meaning"],
            source=row["source"],
        )
        for name, row in table("flags").items()
    }


@cache
def _releases() -> list[tuple[date, Release]]:
    """Every mainline release with the day of its tag, oldest first."""
    return sorted((row["date"], Release.parse(name)) for name, row in table("releases")["release"].items())


def target(
    *,
    asked: str | None,
    tags: Iterable[str],
    dates: Iterable[str],
    context_flags: Collection[str],
    tree: Vocabulary | None = None,
) -> Kernel:
    """The kernel a series is aimed at.

    In this order: `asked` for with --kernel; the release of the `tree` it applies to; a stable release among the `tags`
    of the subject; the kernel that was in development on the latest of the `dates` (as in Date fields), or else the
    newest. The last two must be able to define the `context_flags`, those in lines that were there before: they are
    moved to the nearest release that does. Raises ValueError for an `asked` that is no release.
    """
    if asked is not None:
        return known(Release.parse(asked), "given with --kernel", tree)
    if tree is not None and tree.release is not None:
        return known(*tree.release, tree)
    for tag in tags:
        if (release := _stable(tag)) is not None:
            return known(release, f"the subject says {tag}", tree)
    days = [day for day in map(_day, dates) if day is not None]
    if days:
        release, why = _in_development(max(days)), f"in development on {max(days):%-d %b %Y}"
    else:
        release, why = _releases()[-1][1], "the newest known, as the mail has no date"
    return replace(_bounded(release, why, context_flags), tree=tree)


def _stable(tag: str) -> Release | None:
    match = re.fullmatch(r"(?:linux-)?(\d{1,2}\.\d{1,3})(?:\.y|\.\d{1,4})?", tag, re.IGNORECASE)
    return Release.parse(match[1]) if match else None


_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
# RFC 5322; the library for it takes a twentieth of a whole review to load
_DATE = re.compile(rf"(\d{{1,2}})[ -]({'|'.join(_MONTHS)})[ -](\d{{4}})\b", re.IGNORECASE)


def _day(text: str) -> date | None:
    match = _DATE.search(text)
    try:
        return date(int(match[3]), _MONTHS.index(match[2].title()) + 1, int(match[1])) if match else None
    except ValueError:
        return None


def _in_development(day: date) -> Release:
    """The first release to come out after a day; behind the table, its newest."""
    return next((release for tagged, release in _releases() if day < tagged), _releases()[-1][1])


def _bounded(release: Release, why: str, context_flags: Collection[str]) -> Kernel:
    rows = [row for name in sorted(context_flags) if (row := _flags().get(name)) is not None]
    for row in sorted(rows, key=lambda row: row.since):
        if release < row.since:
            release, why = row.since, f"its context uses {row.name}, which came with {row.since}"
    for row in rows:
        if row.until is not None and row.until < release:
            release, why = row.until, f"its context uses {row.name}, which went after {row.until}"
    return replace(known(release, why), guessed=True)
