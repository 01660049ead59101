from collections.abc import Iterator

from kfunclint.c.syntax import is_scalar, pointee
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule

_SIZES = ("rdonly_buf_size", "rdwr_buf_size")


@rule(
    Kfunc,
    Level.ERROR,
    until="6.1",
    contract=("S5", "S6"),
    see='kernel/bpf/verifier.c: check_kfunc_call(), "needs either rdonly or rdwr buf size" in 6.1',
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc returns a pointer that is to no struct, without a size.

    Up to 6.1 the verifier accepts a pointer to a number or to void as a result only if a parameter is named
    rdonly_buf_size or rdwr_buf_size, and is the size of what it points to. Later kernels take the size from the type,
    and `void *` for a number.

    Bad:
        __bpf_kfunc u8 *bpf_foo_data(struct foo *foo)
    Good:
        __bpf_kfunc u8 *bpf_foo_data(struct foo *foo, u32 rdonly_buf_size)
    """
    del kernel
    points_to = pointee(kfunc.signature.return_type)
    if not kfunc.is_called or points_to is None or not (points_to == "void" or is_scalar(points_to)):
        return
    if any(parameter.name in _SIZES for parameter in kfunc.signature.parameters):
        return
    if any(entry.flags is None or entry.flag("KF_ACQUIRE") for entry in kfunc.entries):
        return
    yield Remark(
        kfunc.signature.return_place or kfunc.at,
        f"{kfunc.name}() returns {kfunc.signature.return_type} and no parameter is its size: "
        "every program that calls it is rejected",
        fix=Fix("add a parameter rdonly_buf_size or rdwr_buf_size"),
        or_at=kfunc.alternate_places,
    )
