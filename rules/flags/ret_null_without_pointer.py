from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Level, Reason, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.fixes import drop_flag
from kfunclint.rule.rule import rule


@rule(Kfunc, Level.WARNING, contract=("F6",), see="kernel/bpf/verifier.c: check_kfunc_call()")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """KF_RET_NULL on a kfunc that does not return a pointer.

    The verifier looks at the flag only where a pointer is returned; on a number or on void it has no effect. Programs
    are not made to test the result.

    Bad:
        __bpf_kfunc int bpf_foo_lock(struct foo *foo)     with KF_RET_NULL
    Good:
        BTF_ID_FLAGS(func, bpf_foo_lock)
    """
    del kernel
    if not kfunc.signature.returns_no_pointer:
        return
    for entry in kfunc.entries:
        if flag := entry.flag("KF_RET_NULL"):
            yield Remark(
                flag.at,
                f"KF_RET_NULL has no effect on {kfunc.name}(), "
                f"which returns {kfunc.signature.return_type} and no pointer",
                (Reason(kfunc.at, "its return type"),),
                drop_flag(entry, flag),
                or_at=(kfunc.at,),
            )
