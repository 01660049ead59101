from collections.abc import Iterator

from kfunclint.facts.sets import KfuncSet, Registration
from kfunclint.finding import Fix, Level, Reason, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.kernel.program_types import hook_of
from kfunclint.rule.rule import rule


@rule(KfuncSet, Level.CHECK, contract=("R9",), see="kernel/bpf/btf.c: bpf_prog_type_to_kfunc_hook()")
def check(ids: KfuncSet, kernel: Kernel) -> Iterator[Remark]:
    """A set is registered for two program types that share a hook.

    All programs of the types that share a hook can call what one of them was given, so one call does for all. The
    second merges the set in again, and every kfunc counts twice against the limit of the hook.

    Bad:
        ret = register_btf_kfunc_id_set(BPF_PROG_TYPE_CGROUP_SKB, &foo_kfunc_set);
        ret = ret ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_CGROUP_SOCK, &foo_kfunc_set);
    Good:
        ret = register_btf_kfunc_id_set(BPF_PROG_TYPE_CGROUP_SKB, &foo_kfunc_set);
    """
    first: dict[str, Registration] = {}
    for call in ids.registrations:
        hook = "" if call.in_module else hook_of(call.program_type, kernel.release)
        before = first.setdefault(hook, call) if hook else call
        if before is not call and before.at != call.at:
            yield Remark(
                call.at,
                f"{ids.name} is registered for {before.program_type} already, which shares its hook with "
                f"{call.program_type}: one call does for both",
                (Reason(before.at, "registered here"),),
                Fix("drop this call"),
                or_at=(before.at,),
            )
            return
