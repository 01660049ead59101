"""What a kernel tree itself says of flags, macros, suffixes and spelling."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property

from kfunclint.facts.spelling import kernel_list
from kfunclint.kernel.flags import flag_rows
from kfunclint.kernel.release import Release, Releases, releases


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
        """scripts/spelling.txt: the right word by the wrong one, as the spelling.kernel_list() of its text."""
        return kernel_list(self._read("scripts/spelling.txt") or "")

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
        extra = number.get("EXTRAVERSION", "")
        sublevel = f".{number['SUBLEVEL']}" if number.get("SUBLEVEL", "0") != "0" else ""
        why = f"the tree's Makefile says {release}{sublevel}{extra}"
        for shown, name in self._shown(release):
            has = "has" if name in self.flags else "has no"
            return shown, f"{why}, but its include/linux/btf.h {has} {name}"
        return release, why

    def _shown(self, release: Release) -> Iterator[tuple[Release, str]]:
        """The release that a flag which went speaks of, if the other one cannot be, and the flag."""
        for row in flag_rows().values():
            if row.until is None or not self.flags:
                continue
            if row.name in self.flags and row.until < release:
                yield row.until, row.name
            elif row.name not in self.flags and Releases(row.since, row.until).hold(release):
                yield min(later for _, later in releases() if later > row.until), row.name


_FLAG = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(KF_[A-Z0-9_]+)[ \t]+(?:\(1U?L?[ \t]*<<[ \t]*(\d{1,2})\))?", re.M)
_MACRO = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)", re.M)
_SUFFIX = re.compile(
    r'(?:\b(?:btf|__kfunc)_param_match_suffix\([^;"]{0,200}|\bstrncmp\(param_name, )"(__[a-z0-9_]{1,40})"'
)
_NUMBER = re.compile(r"^(VERSION|PATCHLEVEL|SUBLEVEL|EXTRAVERSION)[ \t]*=[ \t]*(\S{0,20})[ \t]*$", re.M)
_TOP = 2000
