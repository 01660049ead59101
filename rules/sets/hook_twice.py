from collections.abc import Iterator

from kfunclint.facts.sets import FileRegistrations, Registration
from kfunclint.finding import Fix, Level, Reason, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.kernel.program_types import hook_of
from kfunclint.rule.rule import rule


@rule(FileRegistrations, Level.WARNING, contract=("R9",), see="kernel/bpf/btf.c: btf_populate_kfunc_set()")
def check(file: FileRegistrations, kernel: Kernel) -> Iterator[Remark]:
    """A module registers twice for one hook.

    A module has room for one set at each hook. The second call warns and gives -EINVAL, and with it go all kfuncs of
    the module. Some program types share a hook: those for control groups, those for lightweight tunnels, and tracing
    with LSM programs; which do is told by rules/tables/hooks.toml. Built into the kernel the same code works.

    Bad:
        ret = register_btf_kfunc_id_set(BPF_PROG_TYPE_TRACING, &foo_kfunc_set);
        ret = ret ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_LSM, &foo_kfunc_set);
    Good:
        ret = register_btf_kfunc_id_set(BPF_PROG_TYPE_TRACING, &foo_kfunc_set);
    """
    first: dict[str, Registration] = {}
    for call in file.calls:
        hook = hook_of(call.program_type, kernel.release) if call.in_module else ""
        before = first.setdefault(hook, call) if hook else call
        if before is not call and before.at != call.at:
            yield Remark(
                call.at,
                f"{call.program_type} and {before.program_type} share a hook, and a module can register one set for "
                "it: this call fails and takes the kfuncs of the module along",
                (Reason(before.at, "registered for it here"),),
                Fix("register one set for the hook, once"),
                or_at=(before.at,),
            )
            return
