from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Level, Reason, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.resources import table
from kfunclint.rule.rule import rule


@rule(Kfunc, Level.ERROR, contract=("F5",), see="kernel/bpf/verifier.c: check_kfunc_call()")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """KF_ACQUIRE on a kfunc that does not return a pointer to a struct.

    Only such a pointer can carry the reference that the program must give back. The verifier refuses anything else,
    "acquire kernel function does not return PTR_TO_BTF_ID", but for the few kfuncs that it knows by name
    (rules/tables/special.toml).

    Bad:
        __bpf_kfunc int bpf_foo_get(u32 id)     with KF_ACQUIRE
    Good:
        __bpf_kfunc struct foo *bpf_foo_get(u32 id)
    """
    del kernel
    if not kfunc.signature.returns_no_struct or kfunc.name in table("special")["verifier"]["returns"]:
        return
    for entry in kfunc.entries:
        if flag := entry.flag("KF_ACQUIRE"):
            yield Remark(
                flag.at,
                f"{kfunc.name}() has KF_ACQUIRE but returns {kfunc.signature.return_type}, not a pointer to a struct, "
                "so every program that calls it is rejected",
                (Reason(kfunc.at, "its return type"),),
                or_at=(kfunc.at,),
            )
