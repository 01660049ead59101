from collections.abc import Iterator

from kfunclint.c.syntax import struct_of
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Reason, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule

# a program gives these back by putting them into a list or a tree (kernel/bpf/verifier.c: is_bpf_graph_api_kfunc())
_NODES = frozenset({"bpf_list_node", "bpf_rb_node"})


@rule(Kfunc, Level.ERROR, contract=("F25",), see="kernel/bpf/verifier.c: check_reference_leak()")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc acquires an object that no kfunc of the kernel releases.

    The verifier refuses every program that ends while it holds a reference. Where nothing with KF_RELEASE takes the
    struct, no program can give the reference back, so none that calls the kfunc loads. All kfuncs of the kernel are
    known only with a tree; without one nothing is said.

    Bad:
        BTF_ID_FLAGS(func, bpf_foo_get, KF_ACQUIRE | KF_RET_NULL)      (and nothing for struct foo with KF_RELEASE)
    Good:
        BTF_ID_FLAGS(func, bpf_foo_put, KF_RELEASE)
    """
    del kernel
    flag = next((flag for entry in kfunc.entries if (flag := entry.flag("KF_ACQUIRE"))), None)
    if flag is None or kfunc.series.released_structs is None or kfunc.has("KF_RELEASE"):
        return
    struct = struct_of(kfunc.signature.return_type)
    if struct is None or struct in _NODES | kfunc.series.released_structs:
        return
    yield Remark(
        kfunc.at,
        f"{kfunc.name}() acquires a struct {struct}, but no kfunc with KF_RELEASE takes one, "
        "so every program that calls it is rejected",
        (Reason(flag.at, "acquired by this flag"),),
        Fix(f"add a kfunc with KF_RELEASE that takes a struct {struct}"),
        or_at=(flag.at,),
    )
