from collections.abc import Iterator

from kfunclint.facts.sets import Entry
from kfunclint.finding import Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule


@rule(Entry, Level.WARNING, contract=("F14",), see="kernel/bpf/verifier.c: check_kfunc_call()", since="6.18")
def check(entry: Entry, kernel: Kernel) -> Iterator[Remark]:
    """KF_RCU_PROTECTED and KF_ACQUIRE stand together.

    Since 6.18 the result of a kfunc with KF_RCU_PROTECTED is good until the RCU section ends: at
    bpf_rcu_read_unlock() the verifier stops trusting it, although the program holds a reference that must still be
    given back.

    Bad:
        BTF_ID_FLAGS(func, bpf_foo_find, KF_ACQUIRE | KF_RCU_PROTECTED | KF_RET_NULL)
    Good:
        BTF_ID_FLAGS(func, bpf_foo_find, KF_ACQUIRE | KF_RET_NULL)
    """
    del kernel
    protected = entry.flag("KF_RCU_PROTECTED")
    if protected and entry.has("KF_ACQUIRE"):
        yield Remark(
            protected.at,
            f"{entry.name}() has KF_ACQUIRE and KF_RCU_PROTECTED, so programs lose the pointer at the end of the "
            "RCU section though they hold a reference",
        )
