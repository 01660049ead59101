from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Level, Reason, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.fixes import drop_flag
from kfunclint.rule.rule import rule

_NUMBERS = {"KF_ARENA_ARG1": 1, "KF_ARENA_ARG2": 2}


@rule(
    Kfunc,
    Level.WARNING,
    contract=("F30",),
    see="tools/bpf/resolve_btfids/main.c: is_arena_arg()",
    flag="KF_ARENA_ARG1",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """KF_ARENA_ARG1 or KF_ARENA_ARG2 about a parameter that is not there.

    The flag marks the first or the second parameter as a pointer into an arena when BTF is made. If there is none it
    has no effect, and most often the other flag was meant.

    Bad:
        __bpf_kfunc void bpf_foo_free(void *page)     with KF_ARENA_ARG2
    Good:
        BTF_ID_FLAGS(func, bpf_foo_free, KF_ARENA_ARG1)
    """
    del kernel
    if not kfunc.shows_all_parameters:
        return
    count = len(kfunc.signature.parameters)
    for entry in kfunc.entries:
        for flag in entry.flags or ():
            if _NUMBERS.get(flag.name, 0) > count:
                yield Remark(
                    flag.at,
                    f"{flag.name} has no effect on {kfunc.name}(), which has {count or 'no'} "
                    f"parameter{'' if count == 1 else 's'}",
                    (Reason(kfunc.at, "its prototype"),),
                    drop_flag(entry, flag),
                    or_at=(kfunc.at,),
                )
