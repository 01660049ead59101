from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Level, Reason, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.resources import table
from kfunclint.rule.rule import rule


@rule(Kfunc, Level.WARNING, contract=("F7",), see="kernel/bpf/verifier.c: check_kfunc_call()", since="6.12")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """KF_RET_NULL on a kfunc that returns `void *`.

    To the verifier such a result is a number that no program can read through, so there is nothing to protect from
    NULL: a pointer to a struct was meant, or no flag. The kfuncs to whose result the verifier gives a type by name
    are left alone (rules/tables/special.toml).

    Bad:
        __bpf_kfunc void *bpf_foo_data(struct foo *foo)     with KF_RET_NULL
    Good:
        __bpf_kfunc struct foo_data *bpf_foo_data(struct foo *foo)
    """
    del kernel
    if not kfunc.signature.returns_void_pointer or kfunc.name in table("special")["verifier"]["returns"]:
        return
    for entry in kfunc.entries:
        if flag := entry.flag("KF_RET_NULL"):
            yield Remark(
                flag.at,
                f"KF_RET_NULL says nothing on {kfunc.name}(): it returns void *, "
                "which is a number to the verifier and gives programs no access",
                (Reason(kfunc.at, "its return type"),),
                or_at=(kfunc.at,),
            )
