from collections.abc import Iterator

from kfunclint.c.syntax import Parameter
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Reason, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.kernel.release import Release
from kfunclint.kernel.suffixes import SIZES, suffix
from kfunclint.rule.rule import rule

_ALWAYS_PAIRED = Release(7, 3)


@rule(
    Kfunc,
    Level.WARNING,
    contract=("4.2 __sz", "4.2 __szk"),
    see="kernel/bpf/verifier.c: get_kfunc_ptr_arg_type(), is_kfunc_arg_mem_size(); since 7.3 check_kfunc_args()",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A parameter is a size by its suffix, and the one before it is no pointer.

    The verifier pairs a parameter that ends in __sz or __szk with the pointer right before it, by position and not by
    name. Without one it is up to 7.2 a plain number that bounds nothing, and the memory it was meant for is taken to
    have the size of its type; since 7.3 the number before it is taken for the pointer, and refused unless it is 0.

    Bad:
        __bpf_kfunc int bpf_foo_read(void *buf, u64 offset, u32 buf__sz)
    Good:
        __bpf_kfunc int bpf_foo_read(void *buf, u32 buf__sz, u64 offset)
    """
    if not kfunc.is_called:
        return
    for index, parameter in enumerate(kfunc.signature.parameters):
        named = suffix(parameter.name, kernel)
        before = kfunc.signature.parameters[index - 1] if index else None
        if named is None or named.name not in SIZES or not parameter.is_scalar:
            continue
        if before is None or before.is_scalar:
            yield Remark(
                parameter.at or kfunc.at,
                f"{kfunc.name}() names {parameter.name} a size, but no pointer stands right before it: "
                + _effect(before, kernel),
                (Reason(before.at, "this stands before it"),) if before and before.at else (),
                Fix("put it behind its buffer"),
                or_at=kfunc.alternate_places,
            )


def _effect(before: Parameter | None, kernel: Kernel) -> str:
    """What the verifier makes of it, given the parameter before."""
    if before is None or kernel.settled < _ALWAYS_PAIRED:
        return "the verifier does not check it against any memory"
    return f"the verifier takes {before.name or 'the number'} there for one, and rejects every value of it but 0"
