from collections.abc import Iterator

from kfunclint.facts import Kfunc
from kfunclint.finding import Fix, Level, Remark
from kfunclint.kernel import Kernel
from kfunclint.rule import rule

_REGISTERS = 5


@rule(
    Kfunc,
    Level.ERROR,
    until="7.0",
    contract=("S1",),
    see="kernel/bpf/verifier.c: check_kfunc_args(), MAX_BPF_FUNC_REG_ARGS",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc has more than five parameters.

    Programs pass arguments in the registers R1 to R5, and the verifier refuses every call of a function that wants
    more. Later kernels let some JITs pass more on the stack, so this is said of releases up to 7.0.

    Bad:
        __bpf_kfunc int bpf_foo_copy(struct foo *to, u64 to_off, struct foo *from, u64 from_off, u64 size, u64 flags)
    Good:
        __bpf_kfunc int bpf_foo_copy(struct foo *to, struct foo *from, struct bpf_foo_range *range, u64 flags)
    """
    del kernel
    count = len(kfunc.parameters)
    if kfunc.is_called and count > _REGISTERS:
        yield Remark(
            kfunc.parameters[_REGISTERS].at or kfunc.at,
            f"{kfunc.name}() has {count} parameters, but a program can pass {_REGISTERS}: "
            "every program that calls it is rejected",
            fix=Fix("put some of them into a struct"),
            or_at=kfunc.also,
        )
