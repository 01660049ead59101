from collections.abc import Iterator

from kfunclint.facts.sets import Registration
from kfunclint.finding import Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.kernel.program_types import hook_row
from kfunclint.kernel.release import Release
from kfunclint.rule.rule import rule


@rule(
    Registration,
    Level.ERROR,
    contract=(
        "R7",
        "R10",
    ),
    see="kernel/bpf/btf.c: bpf_prog_type_to_kfunc_hook()",
)
def check(registration: Registration, kernel: Kernel) -> Iterator[Remark]:
    """A set is registered for a program type that cannot call kfuncs.

    Not every program type has a hook for kfuncs, and older kernels know fewer. The call gives -EINVAL, and with it
    goes the table of all kfuncs that the same module, or vmlinux, registered before. Which release knows which type:
    rules/tables/hooks.toml.

    Bad:
        register_btf_kfunc_id_set(BPF_PROG_TYPE_SK_MSG, &foo_kfunc_set)
    Good:
        register_btf_kfunc_id_set(BPF_PROG_TYPE_SK_SKB, &foo_kfunc_set)
    """
    row = hook_row(registration.program_type)
    last = kernel.newest if "since" in row else kernel.settled
    if "absent" not in row or last > Release.parse(row["absent"]):
        return
    if not kernel.guessed or "since" not in row:
        yield Remark(
            registration.at,
            f"{registration.program_type} programs cannot call kfuncs in {last}: the registration fails "
            "and takes the kfuncs registered before it along",
        )
