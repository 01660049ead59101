from collections.abc import Iterator

from kfunclint.facts.sets import KfuncSet
from kfunclint.finding import Edit, Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule


@rule(
    KfuncSet,
    Level.ERROR,
    contract=(
        "R1",
        "R2",
    ),
    see="kernel/bpf/btf.c: register_btf_kfunc_id_set()",
    since="6.9",
)
def check(ids: KfuncSet, kernel: Kernel) -> Iterator[Remark]:
    """A set of kfuncs is made with BTF_SET8_START().

    Since 6.9 the set must carry BTF_SET8_KFUNCS, which BTF_KFUNCS_START() puts there, or it is refused with a warning
    in the log. BTF_SET8_START() remains right for the hooks of register_btf_fmodret_id_set().

    Bad:
        BTF_SET8_START(foo_kfunc_ids)
        ...
        BTF_SET8_END(foo_kfunc_ids)
    Good:
        BTF_KFUNCS_START(foo_kfunc_ids)
        ...
        BTF_KFUNCS_END(foo_kfunc_ids)
    """
    del kernel
    if ids.kind == "SET8" and ids.is_kfuncs:
        edits = tuple(map(Edit, ids.macros, ("BTF_KFUNCS_START", "BTF_KFUNCS_END")))
        yield Remark(
            ids.at,
            f"{ids.name} holds kfuncs but is made with BTF_SET8_START(), so the whole set fails to register",
            fix=Fix("use BTF_KFUNCS_START() and BTF_KFUNCS_END()", edits),
        )
