from collections.abc import Iterator

from kfunclint.facts.set_structs import SetStruct
from kfunclint.finding import Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.fixes import put_before
from kfunclint.rule.rule import rule


@rule(SetStruct, Level.CHECK, see="include/linux/btf.h: struct btf_kfunc_id_set; net/core/filter.c: bpf_kfunc_set_skb")
def check(struct: SetStruct, kernel: Kernel) -> Iterator[Remark]:
    """The struct that registers a set is global, though only its file uses it.

    Sparse says so ("was not declared. Should it be static?"), and the name is taken for the whole kernel. All of its
    kind in the kernel are static: whoever registers a set does so in the same file. It is said where the series brings
    the name and no other file of it has that.

    Bad:
        const struct btf_kfunc_id_set foo_kfunc_set = {
    Good:
        static const struct btf_kfunc_id_set foo_kfunc_set = {
    """
    del kernel
    if struct.is_alone and not struct.is_static:
        yield Remark(
            struct.begins_at,
            f"{struct.name} is global, but only this file uses it",
            fix=Fix("make it static", (put_before(struct.begins_at, "static "),)),
        )
