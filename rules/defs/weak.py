from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.fixes import drop_word
from kfunclint.rule.rule import rule


@rule(Kfunc, Level.WARNING, contract=("R19",), see="tools/bpf/resolve_btfids/main.c: symbols_resolve()")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc is a weak function.

    Another definition may take its place when the kernel is linked, while BTF goes on describing this one: programs are
    then verified against a prototype and flags that are not those of what runs. Only hooks for fmod_ret programs are
    weak in the kernel.

    Bad:
        __weak __bpf_kfunc int bpf_foo(void)
    Good:
        __bpf_kfunc int bpf_foo(void)
    """
    del kernel
    weak = kfunc.definition.weak_at
    if weak is not None and (kfunc.definition.has_marker or not all(entry.may_be_hook for entry in kfunc.entries)):
        yield Remark(
            kfunc.at,
            f"{kfunc.name}() is weak, so what programs are verified against need not be what they call",
            fix=Fix("drop __weak", (drop_word(weak),)),
        )
