from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Reason, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.kernel.suffixes import suffix
from kfunclint.rule.rule import rule

_CONSTANTS = ("__k", "__szk")


@rule(
    Kfunc,
    Level.ERROR,
    since="6.12",
    contract=("S16",),
    see="kernel/bpf/verifier.c: check_kfunc_args(), arg_constant",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc has two parameters that must be known constants.

    The verifier keeps one constant for each call, and refuses a second parameter that ends in __k or __szk.

    Bad:
        __bpf_kfunc void *bpf_foo_new(u64 type__k, u64 flags__k)
    Good:
        __bpf_kfunc void *bpf_foo_new(u64 type__k, u64 flags)
    """
    if not kfunc.is_called:
        return
    found = [
        parameter
        for parameter in kfunc.signature.parameters
        if (named := suffix(parameter.name, kernel)) and named.name in _CONSTANTS and parameter.is_scalar
    ]
    if len(found) > 1:
        first, second = found[:2]
        yield Remark(
            second.at or kfunc.at,
            f"{kfunc.name}() wants both {first.name} and {second.name} to be constants, but the verifier keeps one: "
            "every program that calls it is rejected",
            (Reason(first.at, "the first one"),) if first.at else (),
            Fix("drop one of the suffixes"),
            or_at=kfunc.alternate_places,
        )
