from collections.abc import Iterator

from kfunclint.facts.sets import Entry
from kfunclint.finding import Edit, Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule

_LIKENESS = 0.85  # KF_AQUIRE is 0.95 like KF_ACQUIRE, KF_ITER_GET 0.82 like KF_ITER_NEXT


@rule(Entry, Level.ERROR, contract=("F37",), see="include/linux/btf_ids.h: BTF_ID_FLAGS()")
def check(entry: Entry, kernel: Kernel) -> Iterator[Remark]:
    """A flag that no kernel defines, and much like one that exists.

    The flags are macros of include/linux/btf.h whose text BTF_ID_FLAGS() pastes into the assembler, so a misspelled
    one is an undefined symbol; a build without CONFIG_DEBUG_INFO_BTF does not notice. A flag that the series adds is
    known. A name unlike all others may come from a series that this one builds on, so nothing is said about it.

    Bad:
        BTF_ID_FLAGS(func, bpf_foo_get, KF_AQUIRE | KF_RET_NULL)
    Good:
        BTF_ID_FLAGS(func, bpf_foo_get, KF_ACQUIRE | KF_RET_NULL)
    """
    for flag in entry.flags or ():
        if flag.name in kernel.flags or kernel.has_flag(flag.name):
            continue
        from difflib import get_close_matches  # costs 5 ms, and only a wrong name needs it

        for nearest in get_close_matches(flag.name, (*kernel.flags, *kernel.series_flags), n=1, cutoff=_LIKENESS):
            yield Remark(
                flag.at,
                f"{flag.name} on {entry.name}() is no flag, so the file does not build; {nearest} is one",
                fix=Fix(f"write {nearest}", () if entry.macro else (Edit(flag.at, nearest),)),
            )
