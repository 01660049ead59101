from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.kernel.suffixes import Suffix, suffix
from kfunclint.rule.rule import rule


@rule(
    Kfunc,
    Level.WARNING,
    contract=("4.2 __opt", "4.2 __prog", "4.2"),
    see="rules/tables/suffixes.toml",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A parameter has a suffix that this kernel does not read.

    The verifier of another release knows it: __opt is gone since 7.0, __nullable is not in 6.1. To this one it is a
    part of the name, and the argument is checked as if it were not there. A suffix that the series itself brings into
    kernel/bpf/verifier.c is left alone.

    Bad:
        __bpf_kfunc void *bpf_foo_slice(struct foo *foo, void *buf__opt, u32 buf__szk)           (for 7.0)
    Good:
        __bpf_kfunc void *bpf_foo_slice(struct foo *foo, void *buf__nullable, u32 buf__szk)
    """
    if not kfunc.is_called:
        return
    for parameter in kfunc.signature.parameters:
        named = suffix(parameter.name)
        if named is None or suffix(parameter.name, kernel) or f'"{named.name}"' in kfunc.series.verifier_words:
            continue
        if (when := _when(named, kernel)) is None:
            continue
        yield Remark(
            parameter.at or kfunc.at,
            f"{kfunc.name}() names a parameter {parameter.name}, but {named.name} {when}: "
            f"the verifier is not told that {named.meaning}",
            fix=Fix(f"use {named.instead}" if named.instead else f"do not rely on {named.name}"),
            or_at=kfunc.alternate_places,
        )


def _when(named: Suffix, kernel: Kernel) -> str | None:
    """Why that kernel does not read it; None if it may."""
    if kernel.tree is not None and kernel.tree.suffixes is not None:
        return f"is not read by {kernel.release}"
    if named.until is not None and (named.until < kernel.settled or named.name in kernel.gone):
        return f"is not read after {named.until}"
    return f"is not read by {kernel.release} yet" if kernel.newest < named.since else None
