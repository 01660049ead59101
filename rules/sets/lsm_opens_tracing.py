from collections.abc import Iterator

from kfunclint.facts.sets import KfuncSet
from kfunclint.finding import Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.kernel.program_types import ProgramType
from kfunclint.rule.rule import rule


@rule(KfuncSet, Level.CHECK, contract=("R11",), see="kernel/bpf/btf.c: bpf_prog_type_to_kfunc_hook()", since="6.4")
def check(ids: KfuncSet, kernel: Kernel) -> Iterator[Remark]:
    """A set for LSM programs has no filter, so tracing programs get it too.

    LSM and tracing programs share one hook for kfuncs. Tracing programs run in places where an LSM program never
    does, inside of locks and of the function that the kfunc calls. Sets that are meant for LSM alone have a filter that
    tests the program's type.

    Bad:
        .set = &foo_kfunc_ids,                    registered for BPF_PROG_TYPE_LSM
    Good:
        .set = &foo_kfunc_ids,
        .filter = foo_kfunc_filter,
    """
    del kernel
    for registration in ids.registrations:
        if registration.program_type == ProgramType.LSM and registration.filter == "" and _only_lsm(ids):
            yield Remark(
                registration.at,
                f"{ids.name} has no .filter, so tracing programs may call its kfuncs too: they share a hook with "
                "BPF_PROG_TYPE_LSM",
                fix=Fix("add a .filter that tests prog->type, if it is meant for LSM alone"),
            )


def _only_lsm(ids: KfuncSet) -> bool:
    return ProgramType.TRACING not in {registration.program_type for registration in ids.registrations}
