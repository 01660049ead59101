from collections.abc import Iterator

from kfunclint.facts.sets import Entry
from kfunclint.finding import Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.resources import table
from kfunclint.rule.rule import rule


@rule(
    Entry,
    Level.WARNING,
    contract=("F29",),
    see="kernel/bpf/verifier.c: bpf_get_call_summary()",
    flag="KF_FASTCALL",
    strict=True,
)
def check(entry: Entry, kernel: Kernel) -> Iterator[Remark]:
    """KF_FASTCALL on a kfunc that the verifier does not inline.

    The flag promises that the call keeps the caller-saved registers, and a program is compiled to rely on it. Only
    instructions that the verifier puts in place of the call can keep that promise: a C function does not. A new kfunc
    with the flag needs a change of fixup_kfunc_call() beside it.

    Bad:
        BTF_ID_FLAGS(func, bpf_foo_size, KF_FASTCALL)
    Good:
        BTF_ID_FLAGS(func, bpf_foo_size)
    """
    del kernel
    flag = entry.flag("KF_FASTCALL")
    if flag and entry.name not in table("special")["inlined"]["names"]:
        yield Remark(
            flag.at,
            f"KF_FASTCALL on {entry.name}() promises to keep registers, which holds only if the verifier inlines it; "
            "otherwise programs go on with overwritten ones",
        )
