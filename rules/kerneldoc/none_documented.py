from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule


@rule(Kfunc, Level.CHECK, strict=True, contract=("M3",), see="Documentation/bpf/kfuncs.rst: Lifecycle expectations")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A series brings kfuncs and documents none of them.

    Kfuncs are an interface for programs outside the kernel, and their kernel-doc is what people read who write those.
    It is said of a series without a single kernel-doc for its kfuncs; a plain comment above one is enough for it, and
    iterators, destructors and kfuncs of selftests are left alone. It is strict, as reviewers asked for it in 4 of 37
    series of mail; kerneldoc/undocumented speaks of every kfunc.

    Bad:
        __bpf_kfunc int bpf_foo_size(struct foo *foo)
    Good:
        /**
         * bpf_foo_size - Tell how large a foo is
         * @foo: which
         *
         * Return: its size in bytes.
         */
        __bpf_kfunc int bpf_foo_size(struct foo *foo)
    """
    del kernel
    if (
        kfunc.series.documents_none
        and kfunc.definition.follows_code
        and kfunc.definition.is_new
        and kfunc.entries
        and not kfunc.definition.is_static
        and not _explains_itself(kfunc)
    ):
        yield Remark(kfunc.at, f"{kfunc.name}() has no kernel-doc", fix=Fix("say above it what it does"))


def _explains_itself(kfunc: Kfunc) -> bool:
    is_test = "selftests/" in (kfunc.at.path or "")
    return is_test or kfunc.name.startswith("bpf_iter_") or kfunc.name.endswith("_dtor")
