from collections.abc import Iterator

from kfunclint.facts.sets import Entry
from kfunclint.finding import Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.fixes import drop_flag
from kfunclint.rule.rule import rule


@rule(Entry, Level.WARNING, contract=("F36",), see="kernel/bpf/verifier.c: check_kfunc_call()", flag="KF_SPINLOCK_SAFE")
def check(entry: Entry, kernel: Kernel) -> Iterator[Remark]:
    """KF_SPINLOCK_SAFE and KF_SLEEPABLE stand together.

    The one allows the call under a bpf_spin_lock, the other forbids it there, and wins.

    Bad:
        BTF_ID_FLAGS(func, bpf_foo_flush, KF_SLEEPABLE | KF_SPINLOCK_SAFE)
    Good:
        BTF_ID_FLAGS(func, bpf_foo_flush, KF_SLEEPABLE)
    """
    del kernel
    flag = entry.flag("KF_SPINLOCK_SAFE")
    if flag and entry.has("KF_SLEEPABLE"):
        yield Remark(
            flag.at,
            f"KF_SPINLOCK_SAFE has no effect on {entry.name}() beside KF_SLEEPABLE, which forbids calls under a lock",
            fix=drop_flag(entry, flag),
        )
