from collections.abc import Iterator

from kfunclint.facts.set_structs import SetStruct
from kfunclint.finding import Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule


@rule(SetStruct, Level.WARNING, see="kernel/bpf/btf.c: register_btf_kfunc_id_set()")
def check(struct: SetStruct, kernel: Kernel) -> Iterator[Remark]:
    """A new struct for registering a set is never used.

    Without a call of register_btf_kfunc_id_set() no program finds the kfuncs of the set, and the compiler warns of an
    unused constant (-Wunused-const-variable, with W=1). It is said of a name that the series brings and has nowhere
    else, if none of its patches is missing: all uses of a new name are new, too.

    Bad:
        static const struct btf_kfunc_id_set foo_kfunc_set = {
                .owner = THIS_MODULE,
                .set = &foo_kfunc_ids,
        };
    Good:
        ...
        return register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &foo_kfunc_set);
    """
    del kernel
    if struct.is_unused:
        yield Remark(
            struct.at,
            f"nothing registers {struct.name}, so programs do not find the kfuncs of its set",
            fix=Fix("register it"),
        )
