from collections.abc import Iterator

from kfunclint.facts.sets import Entry
from kfunclint.finding import Edit, Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule


@rule(Entry, Level.ERROR, since="6.1", contract=("F37",), see="include/linux/btf_ids.h: __BTF_ID_FLAGS()")
def check(entry: Entry, kernel: Kernel) -> Iterator[Remark]:
    """A flag stands behind a second comma, where the macro drops it.

    BTF_ID_FLAGS() takes one argument of flags behind the name and throws away all others without a word, so the kfunc
    is registered without them.

    Bad:
        BTF_ID_FLAGS(func, bpf_foo_get, KF_ACQUIRE, KF_RET_NULL)
    Good:
        BTF_ID_FLAGS(func, bpf_foo_get, KF_ACQUIRE | KF_RET_NULL)
    """
    del kernel
    if entry.dropped:
        names = " and ".join(flag.name for flag in entry.dropped)
        edits = tuple(Edit(comma, " | ") for comma in entry.commas)
        yield Remark(
            entry.dropped[0].at,
            f"BTF_ID_FLAGS() drops {names} on {entry.name}(), as it reads no flags behind a second comma",
            fix=Fix("join the flags with |", edits if len(edits) == len(entry.dropped) else ()),
        )
