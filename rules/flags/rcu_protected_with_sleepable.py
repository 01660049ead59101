from collections.abc import Iterator

from kfunclint.facts.sets import Entry
from kfunclint.finding import Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule


@rule(Entry, Level.ERROR, contract=("F13",), see="kernel/bpf/verifier.c: check_kfunc_call()", since="6.18")
def check(entry: Entry, kernel: Kernel) -> Iterator[Remark]:
    """KF_RCU_PROTECTED and KF_SLEEPABLE stand together.

    Since 6.18 the verifier accepts the one only inside an RCU read section and the other only outside of it.

    Bad:
        BTF_ID_FLAGS(func, bpf_foo_find, KF_RCU_PROTECTED | KF_SLEEPABLE)
    Good:
        BTF_ID_FLAGS(func, bpf_foo_find, KF_RCU_PROTECTED)
    """
    del kernel
    sleepable = entry.flag("KF_SLEEPABLE")
    if sleepable and entry.has("KF_RCU_PROTECTED"):
        yield Remark(
            sleepable.at,
            f"{entry.name}() has KF_RCU_PROTECTED, only inside an RCU section, and KF_SLEEPABLE, only outside of one, "
            "so every program that calls it is rejected",
        )
