from collections.abc import Iterator

from kfunclint.facts.sets import Entry
from kfunclint.finding import Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule


@rule(Entry, Level.ERROR, contract=("F23",), see="kernel/bpf/verifier.c: check_reference_leak()", flag="KF_ITER_NEW")
def check(entry: Entry, kernel: Kernel) -> Iterator[Remark]:
    """An iterator's new stands in a set without its next or destroy.

    A program that makes an iterator must destroy it before it ends, or the verifier refuses the program; without next
    there is nothing to iterate. It is said only where the whole set is in view.

    Bad:
        BTF_ID_FLAGS(func, bpf_iter_foo_new, KF_ITER_NEW)
        BTF_ID_FLAGS(func, bpf_iter_foo_next, KF_ITER_NEXT | KF_RET_NULL)
    Good:
        ...
        BTF_ID_FLAGS(func, bpf_iter_foo_destroy, KF_ITER_DESTROY)
    """
    del kernel
    new = entry.flag("KF_ITER_NEW")
    if (
        new is None
        or entry.set is None
        or not entry.set.is_complete
        or entry.other_entries
        or not entry.name.endswith("_new")
    ):
        return
    base = entry.name.removesuffix("new")
    missing = [f"{base}{method}()" for method in ("next", "destroy") if entry.set.entry(base + method) is None]
    if missing:
        yield Remark(
            entry.at,
            f"{entry.name}() makes an iterator, but {entry.set.name} has no {' and no '.join(missing)}, "
            "so no program can use it",
        )
