from collections.abc import Iterator

from kfunclint.facts.sets import Entry
from kfunclint.finding import Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule


@rule(Entry, Level.ERROR, contract=("F17",), see="kernel/bpf/btf.c: btf_check_iter_kfuncs()", flag="KF_ITER_NEW")
def check(entry: Entry, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc has more than one of the KF_ITER_ flags.

    It is the constructor of an iterator, its next or its destructor. At registration two of them are refused, and with
    the one kfunc the whole set.

    Bad:
        BTF_ID_FLAGS(func, bpf_iter_foo_next, KF_ITER_NEW | KF_ITER_NEXT | KF_RET_NULL)
    Good:
        BTF_ID_FLAGS(func, bpf_iter_foo_next, KF_ITER_NEXT | KF_RET_NULL)
    """
    del kernel
    found = [flag for flag in entry.flags or () if flag.name in ("KF_ITER_NEW", "KF_ITER_NEXT", "KF_ITER_DESTROY")]
    names = list(dict.fromkeys(flag.name for flag in found))
    if len(names) > 1:
        yield Remark(
            found[-1].at,
            f"{entry.name}() has {' and '.join(names)}, of which it can be only one, "
            "so the whole set fails to register",
        )
