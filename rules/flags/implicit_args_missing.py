from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Level, Reason, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.fixes import drop_flag
from kfunclint.rule.rule import rule


@rule(
    Kfunc,
    Level.WARNING,
    contract=("F31",),
    see="tools/bpf/resolve_btfids/main.c: process_kfunc_with_implicit_args()",
    flag="KF_IMPLICIT_ARGS",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """KF_IMPLICIT_ARGS on a kfunc that has no implicit argument.

    The flag hides from programs what the verifier passes: a last parameter of type `struct bpf_prog_aux *` or
    `struct btf_struct_meta *`. Without one it has no effect.

    Bad:
        __bpf_kfunc int bpf_foo_start(struct foo *foo)     with KF_IMPLICIT_ARGS
    Good:
        __bpf_kfunc int bpf_foo_start(struct foo *foo, struct bpf_prog_aux *aux)
    """
    del kernel
    if not kfunc.shows_all_parameters or any(parameter.may_be_implicit for parameter in kfunc.signature.parameters):
        return
    for entry in kfunc.entries:
        if flag := entry.flag("KF_IMPLICIT_ARGS"):
            yield Remark(
                flag.at,
                f"KF_IMPLICIT_ARGS has no effect on {kfunc.name}(): it takes no struct bpf_prog_aux *, "
                "which the verifier could pass",
                (Reason(kfunc.at, "its parameters"),),
                drop_flag(entry, flag),
                or_at=(kfunc.at,),
            )
