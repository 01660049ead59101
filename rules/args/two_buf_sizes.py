from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Reason, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule

_SIZES = ("rdonly_buf_size", "rdwr_buf_size")


@rule(
    Kfunc,
    Level.ERROR,
    since="6.1",
    contract=("S17",),
    see="kernel/bpf/verifier.c: check_kfunc_args(), r0_size",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc has both rdonly_buf_size and rdwr_buf_size.

    A parameter of one of these names is the size of the memory that the kfunc returns, and says whether programs may
    write there. The verifier refuses the second one.

    Bad:
        __bpf_kfunc u8 *bpf_foo_data(struct foo *foo, u32 rdonly_buf_size, u32 rdwr_buf_size)
    Good:
        __bpf_kfunc u8 *bpf_foo_data(struct foo *foo, u32 rdwr_buf_size)
    """
    del kernel
    found = [parameter for parameter in kfunc.signature.parameters if parameter.name in _SIZES and parameter.is_scalar]
    if kfunc.is_called and len(found) > 1:
        yield Remark(
            found[1].at or kfunc.at,
            f"{kfunc.name}() has both {found[0].name} and {found[1].name}, but it returns one piece of memory: "
            "every program that calls it is rejected",
            (Reason(found[0].at, "the first one"),) if found[0].at else (),
            Fix("drop one of them"),
            or_at=kfunc.alternate_places,
        )
