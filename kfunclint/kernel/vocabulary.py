"""What a kernel tree itself says of flags, macros, suffixes and spelling."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

from kfunclint.facts.spelling import kernel_list
from kfunclint.kernel.flags import flag_rows
from kfunclint.kernel.release import Release, Target, following, preceding


class Vocabulary:
    """What a kernel tree itself says. Every file is read when it is first asked for, and only once."""

    def __init__(self, read: Callable[[str], str | None]) -> None:
        """`read` gives the text of a file of the tree, None if it has none."""
        self._read = read

    def __getstate__(self) -> dict[str, Any]:
        """All that it says, without what reads the tree."""
        return {name: getattr(self, name) for name in ("flags", "macros", "suffixes", "spelling", "release")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

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
        """scripts/spelling.txt: the right word by the wrong one, as the spelling.kernel_list() of its text."""
        return kernel_list(self._read("scripts/spelling.txt") or "")

    @cached_property
    def version(self) -> str | None:
        """What the Makefile says of which release it is, "7.3.4" or "7.4-rc2"; None if it does not tell."""
        number = self._number
        if not number.get("VERSION", "").isdecimal() or not number.get("PATCHLEVEL", "").isdecimal():
            return None
        sublevel = f".{number['SUBLEVEL']}" if number.get("SUBLEVEL", "0") != "0" else ""
        return f"{Release(int(number['VERSION']), int(number['PATCHLEVEL']))}{sublevel}{number.get('EXTRAVERSION', '')}"

    @cached_property
    def makefile(self) -> Target | None:
        """The release that the Makefile says; None if it does not tell."""
        if self.version is None:
            return None
        release = Release(int(self._number["VERSION"]), int(self._number["PATCHLEVEL"]))
        says = Target.exactly(release, f"the tree's Makefile says {self.version}")
        if self._number.get("EXTRAVERSION", "").startswith("-rc"):
            says = says._replace(newest=following(release))
        return says

    @cached_property
    def _number(self) -> Mapping[str, str]:
        """The parts of the version by the variables of the Makefile."""
        return {match[1]: match[2] for match in _NUMBER.finditer((self._read("Makefile") or "")[:_TOP])}

    @cached_property
    def target(self) -> Target | None:
        """The release that the tree is of, or is on the way to, and why that one; None if the Makefile does not tell.

        Where btf.h has a flag that came later or went before, or lacks one, that is believed more than the Makefile: a
        tree in which the next release is made still has the number of the last one.
        """
        return next(self._shown(self.makefile), self.makefile) if self.makefile is not None else None

    def _shown(self, says: Target) -> Iterator[Target]:
        """What the flags say, where that is something else than the Makefile says."""
        rows = flag_rows().values() if self.flags else ()
        why = f"{says.why}, but its include/linux/btf.h has"
        for row in sorted(rows, key=lambda row: row.since, reverse=True):
            if row.name in self.flags and row.since > says.release:
                yield Target(row.since, f"{why} {row.name}", preceding(row.since), row.since)
        for row in rows:
            if row.name in self.flags and row.until is not None and row.until < says.release:
                yield Target.exactly(row.until, f"{why} {row.name}")
            elif row.name not in self.flags and row.until is not None and row.releases.hold(says.release):
                gone = following(row.until)
                yield Target(gone, f"{why} no {row.name}", says.settled, gone)


_FLAG = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(KF_[A-Z0-9_]+)[ \t]+(?:\(1U?L?[ \t]*<<[ \t]*(\d{1,2})\))?", re.M)
_MACRO = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)", re.M)
_SUFFIX = re.compile(
    r'(?:\b(?:btf|__kfunc)_param_match_suffix\([^;"]{0,200}|\bstrncmp\(param_name, )"(__[a-z0-9_]{1,40})"'
)
_NUMBER = re.compile(r"^(VERSION|PATCHLEVEL|SUBLEVEL|EXTRAVERSION)[ \t]*=[ \t]*(\S{0,20})[ \t]*$", re.M)
_TOP = 2000
