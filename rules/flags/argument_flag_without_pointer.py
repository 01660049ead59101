from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Level, Reason, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.fixes import drop_flag
from kfunclint.rule.rule import rule


@rule(Kfunc, Level.WARNING, contract=("F4",), see="kernel/bpf/verifier.c: check_kfunc_args()")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """KF_TRUSTED_ARGS or KF_RCU on a kfunc that takes no pointer.

    Both say what a pointer argument must be. The verifier looks at them for pointers alone, so beside numbers they
    have no effect, and a reader is led to look for an object that is not there.

    Bad:
        __bpf_kfunc int bpf_foo_count(u32 id)     with KF_TRUSTED_ARGS
    Good:
        BTF_ID_FLAGS(func, bpf_foo_count)
    """
    if not kfunc.takes_no_pointer:
        return
    for entry in kfunc.entries:
        for flag in entry.flags or ():
            if flag.name in ("KF_TRUSTED_ARGS", "KF_RCU") and kernel.has_flag(flag.name):
                yield Remark(
                    flag.at,
                    f"{flag.name} has no effect on {kfunc.name}(), which takes no pointer",
                    (Reason(kfunc.at, "its parameters"),),
                    drop_flag(entry, flag),
                    or_at=(kfunc.at,),
                )
