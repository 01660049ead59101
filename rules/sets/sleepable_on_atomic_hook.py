from collections.abc import Iterator

from kfunclint.facts.sets import Entry
from kfunclint.finding import Level, Reason, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.kernel.program_types import hook_row
from kfunclint.rule.rule import rule


@rule(Entry, Level.ERROR, contract=("F26",), see="kernel/bpf/verifier.c: can_be_sleepable()")
def check(entry: Entry, kernel: Kernel) -> Iterator[Remark]:
    """KF_SLEEPABLE on a kfunc whose set only programs that never sleep get.

    Only a sleepable program may call it. Programs for the network stack, cgroups and sockets cannot be sleepable, so
    registered for them alone it can be called by none. It is said only where all registrations of the set are in view.

    Bad:
        BTF_ID_FLAGS(func, bpf_foo_flush, KF_SLEEPABLE)     registered for BPF_PROG_TYPE_XDP
    Good:
        register_btf_kfunc_id_set(BPF_PROG_TYPE_SYSCALL, &foo_kfunc_set)
    """
    del kernel
    flag = entry.flag("KF_SLEEPABLE")
    if flag is None or entry.set is None or entry.set.program_types is None or entry.other_entries:
        return
    rows = [hook_row(type_) for type_ in entry.set.program_types]
    if all("hook" in row and not row.get("sleepable") for row in rows):
        yield Remark(
            flag.at,
            f"{entry.name}() has KF_SLEEPABLE but is registered only for {', '.join(entry.set.program_types)}, "
            "whose programs cannot sleep, so every program that calls it is rejected",
            tuple(Reason(registration.at, "registered here") for registration in entry.set.registrations[:3]),
            or_at=tuple(registration.at for registration in entry.set.registrations),
        )
