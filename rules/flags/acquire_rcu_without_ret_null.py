from collections.abc import Iterator

from kfunclint.facts.sets import Entry
from kfunclint.finding import Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.resources import table
from kfunclint.rule.rule import rule


@rule(Entry, Level.WARNING, contract=("F12",), see="Documentation/bpf/kfuncs.rst: KF_RCU flag", since="6.12")
def check(entry: Entry, kernel: Kernel) -> Iterator[Remark]:
    """KF_ACQUIRE and KF_RCU stand together without KF_RET_NULL.

    KF_RCU lets in objects whose last reference is gone already. To take one more would revive an object that is being
    freed, so the kfunc must try, and be able to fail: it returns NULL then, and programs must test for it.

    Bad:
        BTF_ID_FLAGS(func, bpf_foo_acquire, KF_ACQUIRE | KF_RCU)
    Good:
        BTF_ID_FLAGS(func, bpf_foo_acquire, KF_ACQUIRE | KF_RCU | KF_RET_NULL)
    """
    del kernel
    acquire = entry.flag("KF_ACQUIRE")
    if acquire is None or not entry.has("KF_RCU") or entry.has("KF_RET_NULL"):
        return
    if entry.name not in table("special")["never_null"]["names"]:
        yield Remark(
            acquire.at,
            f"{entry.name}() has KF_ACQUIRE and KF_RCU but not KF_RET_NULL: "
            "the object may be on its way out, so taking a reference must be able to fail",
            fix=Fix("add KF_RET_NULL, and return NULL when the count is zero", needs="KF_RET_NULL"),
        )
