from collections.abc import Iterator

from kfunclint.facts.sets import KfuncSet
from kfunclint.finding import Edit, Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule


@rule(KfuncSet, Level.ERROR, contract=("R4",), see="include/linux/btf_ids.h: BTF_ID()")
def check(ids: KfuncSet, kernel: Kernel) -> Iterator[Remark]:
    """A set of kfuncs has a plain BTF_ID() in it.

    Each line of such a set is eight bytes, the id and its flags. BTF_ID() makes only four, so every id behind it is
    read as flags and the other way round.

    Bad:
        BTF_ID(func, bpf_foo_get)
    Good:
        BTF_ID_FLAGS(func, bpf_foo_get)
    """
    del kernel
    for stray in ids.unflagged_ids:
        yield Remark(
            stray,
            f"BTF_ID() in {ids.name} leaves out the flags, so the ids and flags of the whole set are mixed up",
            fix=Fix("use BTF_ID_FLAGS()", (Edit(stray, "BTF_ID_FLAGS"),)),
        )
