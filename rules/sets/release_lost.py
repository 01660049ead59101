from collections.abc import Iterator

from kfunclint.facts.losses import LostRelease
from kfunclint.finding import Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule


@rule(LostRelease, Level.WARNING, contract=("F25",), see="kernel/bpf/verifier.c: check_reference_leak()")
def check(release: LostRelease, kernel: Kernel) -> Iterator[Remark]:
    """What gives back a reference is taken away, and what acquires it stays.

    The verifier refuses every program that ends while it holds a reference. Where the last kfunc with KF_RELEASE for a
    struct goes, or only its flag, no program can call those any more that acquire one, and programs that worked are
    refused. It is said where the sets of the file are whole in view; with a tree all other kfuncs are asked, too.

    Bad:
        -BTF_ID_FLAGS(func, bpf_foo_put, KF_RELEASE)
         BTF_ID_FLAGS(func, bpf_foo_get, KF_ACQUIRE | KF_RET_NULL)
    Good:
        -BTF_ID_FLAGS(func, bpf_foo_put, KF_RELEASE)
        -BTF_ID_FLAGS(func, bpf_foo_get, KF_ACQUIRE | KF_RET_NULL)
    """
    del kernel
    if release.is_released_elsewhere:
        return
    loss = "loses KF_RELEASE" if release.keeps_entry else "stands in no set any more"
    view, end = ("", ", so") if release.is_released_elsewhere is False else (" in view", ": unless one elsewhere does,")
    yield Remark(
        release.at,
        f"{release.name}() {loss}, and no other kfunc{view} releases the struct {release.struct} that "
        f"{release.acquirer}() acquires{end} every program that calls that is rejected",
        fix=Fix(f"keep it, or take {release.acquirer}() away, too"),
    )
