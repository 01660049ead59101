import re
from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule

_ITERATOR = re.compile(r"bpf_iter_\w+_(?:new|next|destroy)")  # sets/iterator-incomplete says it


@rule(
    Kfunc,
    Level.CHECK,
    since="6.3",
    contract=("D1",),
    see="Documentation/bpf/kfuncs.rst; include/linux/btf.h: __bpf_kfunc",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A function is marked as a kfunc and stands in no set.

    Programs can call what a set lists, and nothing else. A helper that kfuncs share needs no __bpf_kfunc, which only
    keeps the compiler from inlining it. If it was to be a kfunc, its entry was forgotten.

    It is said of a new function, or a new name of one, beside a new kfunc with an entry or in a file whose sets are all
    in view, if nothing else names it.

    Bad:
        __bpf_kfunc int __bpf_foo_find(struct foo *foo, u32 id)
    Good:
        static int __bpf_foo_find(struct foo *foo, u32 id)
    """
    del kernel
    if kfunc.entry_missing and not _ITERATOR.fullmatch(kfunc.name):
        yield Remark(
            kfunc.at,
            f"{kfunc.name}() carries __bpf_kfunc but stands in no set, so no program can call it",
            fix=Fix("drop __bpf_kfunc and make it static, or add a BTF_ID_FLAGS() entry"),
        )
