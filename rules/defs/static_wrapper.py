from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule


@rule(
    Kfunc,
    Level.CHECK,
    contract=("D5",),
    see="Documentation/bpf/kfuncs.rst: Creating a wrapper kfunc",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc that is there for programs alone is static.

    Nothing in the kernel calls it, so its linkage should be external, as the documentation asks. Functions that the
    kernel uses too, such as the callbacks of congestion control, may well be static; only names that begin with "bpf_"
    are taken to be there for programs alone.

    Bad:
        __bpf_kfunc static int bpf_foo_size(struct foo *foo)
    Good:
        __bpf_kfunc int bpf_foo_size(struct foo *foo)
    """
    del kernel
    if kfunc.is_called and kfunc.definition.is_static and kfunc.name.startswith("bpf_"):
        yield Remark(
            kfunc.at,
            f"{kfunc.name}() is static, but nothing in the kernel calls a kfunc: kfuncs have external linkage",
            fix=Fix("drop static"),
            or_at=kfunc.alternate_places,
        )
