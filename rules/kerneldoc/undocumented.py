from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule


@rule(Kfunc, Level.CHECK, contract=("M3",), strict=True, see="Documentation/doc-guide/kernel-doc.rst")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A new kfunc has no documentation at all.

    A kfunc is an interface for programs outside the kernel, so its kernel-doc is what their authors read, and reviewers
    ask for it. It is strict as a third of the merged ones have none. A plain comment is enough for it; iterators, whose
    three functions always do the same, destructors of kptrs and kfuncs of selftests are left alone.

    Bad:
        __bpf_kfunc void bpf_foo_release(struct foo *foo)
    Good:
        /**
         * bpf_foo_release - Drop a reference
         * @foo: what to drop it of
         */
        __bpf_kfunc void bpf_foo_release(struct foo *foo)
    """
    del kernel
    if (
        kfunc.definition.follows_code
        and kfunc.definition.is_new
        and kfunc.doc is None
        and not kfunc.definition.is_static
        and not _explains_itself(kfunc)
    ):
        yield Remark(kfunc.at, f"{kfunc.name}() has no kernel-doc", fix=Fix("say above it what it does"))


def _explains_itself(kfunc: Kfunc) -> bool:
    path = kfunc.at.path or ""
    return kfunc.name.startswith("bpf_iter_") or kfunc.name.endswith("_dtor") or "selftests/" in path
