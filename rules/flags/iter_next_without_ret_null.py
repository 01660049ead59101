from collections.abc import Iterator

from kfunclint.facts.sets import Entry
from kfunclint.finding import Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.fixes import add_flag
from kfunclint.rule.rule import rule


@rule(
    Entry,
    Level.CHECK,
    contract=("F22",),
    see="kernel/bpf/verifier.c: process_iter_next_call()",
    flag="KF_ITER_NEXT",
    strict=True,
)
def check(entry: Entry, kernel: Kernel) -> Iterator[Remark]:
    """KF_ITER_NEXT stands without KF_RET_NULL.

    The verifier follows a call of an iterator's next both ways, so nothing breaks. All iterators of the kernel say it
    nevertheless, for people to read.

    Bad:
        BTF_ID_FLAGS(func, bpf_iter_foo_next, KF_ITER_NEXT)
    Good:
        BTF_ID_FLAGS(func, bpf_iter_foo_next, KF_ITER_NEXT | KF_RET_NULL)
    """
    del kernel
    if entry.has("KF_ITER_NEXT") and not entry.has("KF_RET_NULL"):
        yield Remark(
            entry.at,
            f"{entry.name}() ends an iteration with NULL, as KF_RET_NULL says on all other iterators",
            fix=add_flag(entry, "KF_RET_NULL"),
        )
