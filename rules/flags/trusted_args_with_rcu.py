from collections.abc import Iterator

from kfunclint.facts.sets import Entry
from kfunclint.finding import Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.fixes import drop_flag
from kfunclint.rule.rule import rule


@rule(
    Entry,
    Level.WARNING,
    since="6.2",
    flag="KF_TRUSTED_ARGS",
    contract=("F3",),
    see="kernel/bpf/verifier.c: check_kfunc_args()",
)
def check(entry: Entry, kernel: Kernel) -> Iterator[Remark]:
    """KF_TRUSTED_ARGS stands beside KF_RCU, which makes it ineffective.

    The verifier accepts an RCU protected pointer as soon as KF_RCU is there, whatever else is: the arguments are
    then not trusted, their reference count may be zero. KF_RCU alone says what really holds. From 7.0 on
    KF_TRUSTED_ARGS does not exist any more.

    Bad:
        BTF_ID_FLAGS(func, bpf_foo_get, KF_TRUSTED_ARGS | KF_ACQUIRE | KF_RCU | KF_RET_NULL)
    Good:
        BTF_ID_FLAGS(func, bpf_foo_get, KF_ACQUIRE | KF_RCU | KF_RET_NULL)
    """
    trusted = entry.flag("KF_TRUSTED_ARGS")
    if trusted and kernel.has_flag(trusted.name) and entry.flag("KF_RCU"):
        yield Remark(
            trusted.at,
            f"KF_TRUSTED_ARGS has no effect on {entry.name}() beside KF_RCU, the weaker of the two, which wins",
            fix=drop_flag(entry, trusted),
        )
