from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Level, Reason, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule


@rule(
    Kfunc,
    Level.WARNING,
    contract=("F32",),
    see="tools/bpf/resolve_btfids/main.c: process_kfunc_with_implicit_args()",
    flag="KF_IMPLICIT_ARGS",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """An ordinary parameter stands behind an implicit one.

    Programs see the prototype of a kfunc with KF_IMPLICIT_ARGS up to its first implicit parameter. What comes behind
    they cannot pass. Where that first one is a `struct btf_struct_meta *`, nothing is said: the verifier passes it to
    kfuncs that it knows by name alone, and to these the rest as well.

    Bad:
        __bpf_kfunc int bpf_foo_start(struct bpf_prog_aux *aux, u64 flags)     with KF_IMPLICIT_ARGS
    Good:
        __bpf_kfunc int bpf_foo_start(u64 flags, struct bpf_prog_aux *aux)
    """
    del kernel
    hidden = kfunc.implicit_parameters
    behind = [parameter.name for parameter in hidden if not parameter.may_be_implicit]
    if not behind or not kfunc.shows_all_parameters or hidden[0].pointee != "struct bpf_prog_aux":
        return
    for entry in kfunc.entries:
        if flag := entry.flag("KF_IMPLICIT_ARGS"):
            yield Remark(
                kfunc.at,
                f"programs cannot pass {behind[0]} to {kfunc.name}(): with KF_IMPLICIT_ARGS its prototype ends before "
                f"the {hidden[0].type}",
                (Reason(flag.at, "registered here"),),
                or_at=(flag.at,),
            )
