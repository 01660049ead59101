from collections.abc import Iterator

from kfunclint.facts.prototypes import MarkedPrototype
from kfunclint.finding import Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.fixes import drop_word
from kfunclint.rule.rule import rule


@rule(MarkedPrototype, Level.CHECK, since="6.3", contract=("D1",), see="include/linux/btf.h: __bpf_kfunc")
def check(prototype: MarkedPrototype, kernel: Kernel) -> Iterator[Remark]:
    """A declaration of a kfunc carries __bpf_kfunc.

    The macro tells the compiler how to build the definition: to keep it, and not to inline or clone it. On a prototype
    it reaches the definition only where that sees it, and who reads the definition does not see it. In a .c file it is
    said between __bpf_kfunc_start_defs() and its end, where no kfunc needs a prototype: the warning is off there.

    Bad:
        __bpf_kfunc int bpf_foo_size(struct foo *foo);
    Good:
        int bpf_foo_size(struct foo *foo);
    """
    del kernel
    if prototype.region:
        yield Remark(
            prototype.at,
            f"{prototype.name}() needs no prototype here: {prototype.region}() turns off the warning that it has none",
            fix=Fix("drop it"),
        )
        return
    yield Remark(
        prototype.at,
        f"__bpf_kfunc stands on a prototype of {prototype.name}(): it belongs on the definition",
        fix=Fix("drop it here", (drop_word(prototype.at),)),
    )
