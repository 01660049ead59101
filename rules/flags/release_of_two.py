from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Level, Reason, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule


@rule(
    Kfunc, Level.WARNING, contract=("F10",), see="kernel/bpf/verifier.c: check_kfunc_args()", until="7.0", strict=True
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """KF_RELEASE on a kfunc that takes two pointers to structs.

    Where both arguments carry a reference the verifier refuses the call, "more than one arg with ref_obj_id". It is
    no mistake where programs can have no reference to the second object, which the prototype does not tell.

    Bad:
        __bpf_kfunc void bpf_foo_move(struct foo *foo, struct bar *bar)     with KF_RELEASE
    Good:
        __bpf_kfunc void bpf_foo_put(struct foo *foo)
    """
    del kernel
    objects = [parameter for parameter in kfunc.signature.parameters if parameter.is_struct_pointer]
    if len(objects) < 2 or not kfunc.shows_all_parameters:
        return
    for entry in kfunc.entries:
        if flag := entry.flag("KF_RELEASE"):
            yield Remark(
                flag.at,
                f"{kfunc.name}() has KF_RELEASE and takes two objects, "
                "so a program that holds references to both is rejected",
                (Reason(kfunc.at, "its parameters"),),
                or_at=(kfunc.at,),
            )
