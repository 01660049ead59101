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
    contract=("F2",),
    see="kernel/bpf/verifier.c: is_kfunc_trusted_args()",
)
def check(entry: Entry, kernel: Kernel) -> Iterator[Remark]:
    """KF_TRUSTED_ARGS stands beside KF_RELEASE, which implies it.

    The verifier treats every kfunc with KF_RELEASE as one with trusted arguments, so the second flag says
    nothing. On 6.1 it did (there a release did not protect the other arguments), from 7.0 on it does not exist.

    Bad:
        BTF_ID_FLAGS(func, bpf_foo_put, KF_TRUSTED_ARGS | KF_RELEASE)
    Good:
        BTF_ID_FLAGS(func, bpf_foo_put, KF_RELEASE)
    """
    trusted = entry.flag("KF_TRUSTED_ARGS")
    if trusted and kernel.has_flag(trusted.name) and entry.flag("KF_RELEASE"):
        yield Remark(
            trusted.at,
            f"KF_TRUSTED_ARGS is redundant on {entry.name}(), KF_RELEASE implies it",
            fix=drop_flag(entry, trusted),
        )
