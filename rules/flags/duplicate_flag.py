from collections.abc import Iterator

from kfunclint.facts.sets import Entry
from kfunclint.finding import Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.fixes import drop_flag
from kfunclint.rule.rule import rule


@rule(Entry, Level.WARNING, contract=("F37",), see="include/linux/btf_ids.h: BTF_ID_FLAGS()")
def check(entry: Entry, kernel: Kernel) -> Iterator[Remark]:
    """A flag stands twice in one entry.

    It says nothing the second time: most often another flag was meant.

    Bad:
        BTF_ID_FLAGS(func, bpf_foo_get, KF_ACQUIRE | KF_RCU | KF_ACQUIRE)
    Good:
        BTF_ID_FLAGS(func, bpf_foo_get, KF_ACQUIRE | KF_RCU | KF_RET_NULL)
    """
    del kernel
    seen: set[str] = set()
    for flag in entry.flags or ():
        if flag.name in seen:
            yield Remark(
                flag.at,
                f"{flag.name} stands twice on {entry.name}(), where one does it or another flag was meant",
                fix=Fix(f"drop one {flag.name}", drop_flag(entry, flag).edits),
            )
        seen.add(flag.name)
