from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Level, Reason, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule


@rule(Kfunc, Level.ERROR, contract=("F8",), see="kernel/bpf/verifier.c: check_kfunc_args()")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """KF_RELEASE on a kfunc that takes no pointer.

    The verifier wants exactly one argument that carries a reference, and takes that reference away. Where no argument
    can carry one it refuses the call.

    Bad:
        __bpf_kfunc void bpf_foo_put(u32 id)     with KF_RELEASE
    Good:
        __bpf_kfunc void bpf_foo_put(struct foo *foo)
    """
    del kernel
    if not kfunc.takes_no_pointer:
        return
    for entry in kfunc.entries:
        if flag := entry.flag("KF_RELEASE"):
            yield Remark(
                flag.at,
                f"{kfunc.name}() has KF_RELEASE but takes no pointer, so every program that calls it is rejected",
                (Reason(kfunc.at, "its parameters"),),
                or_at=(kfunc.at,),
            )
