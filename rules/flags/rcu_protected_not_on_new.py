from collections.abc import Iterator

from kfunclint.facts.sets import Entry
from kfunclint.finding import Level, Reason, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule


@rule(Entry, Level.WARNING, contract=("F16",), see="kernel/bpf/verifier.c: mark_stack_slots_iter()", since="6.12")
def check(entry: Entry, kernel: Kernel) -> Iterator[Remark]:
    """KF_RCU_PROTECTED on an iterator's next or destroy, but not on new.

    The verifier marks an iterator as RCU protected when it is made. On the other two the flag leaves it unmarked, and
    what next returns is not tied to the RCU section.

    Bad:
        BTF_ID_FLAGS(func, bpf_iter_foo_new, KF_ITER_NEW)
        BTF_ID_FLAGS(func, bpf_iter_foo_next, KF_ITER_NEXT | KF_RET_NULL | KF_RCU_PROTECTED)
    Good:
        BTF_ID_FLAGS(func, bpf_iter_foo_new, KF_ITER_NEW | KF_RCU_PROTECTED)
        BTF_ID_FLAGS(func, bpf_iter_foo_next, KF_ITER_NEXT | KF_RET_NULL)
    """
    del kernel
    flag = entry.flag("KF_RCU_PROTECTED")
    if flag is None or entry.set is None or not (entry.has("KF_ITER_NEXT") or entry.has("KF_ITER_DESTROY")):
        return
    new = entry.set.entry(f"{entry.name.rpartition('_')[0]}_new")
    if new is not None and new.flags is not None and not new.has("KF_RCU_PROTECTED"):
        yield Remark(
            flag.at,
            f"KF_RCU_PROTECTED on {entry.name}() does not protect the iterator: it counts on {new.name}(), "
            "which does not have it",
            (Reason(new.at, "without KF_RCU_PROTECTED here"),),
        )
