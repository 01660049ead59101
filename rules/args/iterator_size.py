from collections.abc import Iterator

from kfunclint.c.syntax import struct_of
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule


@rule(Kfunc, Level.ERROR, flag="KF_ITER_NEW", contract=("F21",), see="kernel/bpf/btf.c: btf_check_iter_kfuncs()")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """The state of an iterator is not a multiple of 8 bytes long.

    The verifier keeps the state on the program's stack in slots of 8 bytes. A struct of another size, or an empty one,
    is refused when the set is registered, and the whole set with it. The size is that of a struct in view that holds
    nothing but integers, or it is read from the headers of the tree.

    Bad:
        struct bpf_iter_foo { __u32 __opaque[3]; };
    Good:
        struct bpf_iter_foo { __u64 __opaque[2]; } __attribute__((aligned(8)));
    """
    del kernel
    flag = next((flag for entry in kfunc.entries if (flag := entry.flag("KF_ITER_NEW"))), None)
    if flag is None or not kfunc.signature.parameters:
        return
    size = _size_of_state(kfunc)
    if size is None or (size and size % 8 == 0):
        return
    yield Remark(
        kfunc.signature.parameters[0].at or kfunc.at,
        f"the state of {kfunc.name}() is {size} bytes long, not a multiple of 8, so the whole set fails to register",
        fix=Fix("make the struct an array of __u64, aligned to 8"),
        or_at=(flag.at,),
    )


def _size_of_state(kfunc: Kfunc) -> int | None:
    type_ = kfunc.signature.parameters[0].type
    pointer = kfunc.types.get(type_) if kfunc.types is not None else None
    state = pointer.target if pointer else None
    if state is not None and state.kind == "struct" and state.size is not None:
        return state.size
    return kfunc.series.struct_sizes.get(struct_of(type_) or "")
