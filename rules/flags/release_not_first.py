from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Level, Reason, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule


@rule(Kfunc, Level.ERROR, contract=("F9",), see="kernel/bpf/verifier.c: bpf_fetch_kfunc_arg_meta()", since="7.2")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """KF_RELEASE on a kfunc whose first parameter is not the object.

    Since 7.2 the verifier releases the first argument, whatever the others are; before, it took the one argument that
    carried a reference. A number in the first place has no reference to give back.

    Bad:
        __bpf_kfunc void bpf_foo_put(u32 how, struct foo *foo)
    Good:
        __bpf_kfunc void bpf_foo_put(struct foo *foo, u32 how)
    """
    del kernel
    if not kfunc.shows_all_parameters or kfunc.takes_no_pointer or not kfunc.signature.parameters[0].is_scalar:
        return
    for entry in kfunc.entries:
        if flag := entry.flag("KF_RELEASE"):
            yield Remark(
                flag.at,
                f"KF_RELEASE takes the reference of the first argument, but that of {kfunc.name}() is a number, "
                "so every program that calls it is rejected",
                (Reason(kfunc.at, "its parameters"),),
                or_at=(kfunc.at,),
            )
