from collections.abc import Iterator

from kfunclint.facts.sets import Registration
from kfunclint.finding import Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule


@rule(Registration, Level.CHECK, contract=("R6",), see="kernel/bpf/btf.c: register_btf_kfunc_id_set()")
def check(registration: Registration, kernel: Kernel) -> Iterator[Remark]:
    """The result of registering a set is thrown away.

    One wrong entry makes the whole set fail. If nobody looks at the result, the kernel comes up without these kfuncs
    and without a word, and programs fail to load for no visible reason.

    Bad:
        register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &foo_kfunc_set);
        return 0;
    Good:
        return register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &foo_kfunc_set);
    """
    del kernel
    if registration.result_ignored:
        yield Remark(
            registration.at,
            f"the result of {registration.call}() is ignored, so nobody learns that "
            f"{registration.set or 'the whole set'} failed to register",
            fix=Fix("return it, or log it"),
        )
