from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.kernel.release import Release
from kfunclint.rule.rule import rule

_REGISTERS = 5
_MOST = 12
_LAST_WITHOUT_STACK = Release(7, 0)


@rule(
    Kfunc,
    Level.ERROR,
    contract=("S1",),
    see="kernel/bpf/verifier.c: check_kfunc_args(), MAX_BPF_FUNC_REG_ARGS; since 7.3 gen_kfunc_arg_proto()",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc has more parameters than a program can pass.

    Programs pass arguments in the registers R1 to R5, and up to 7.0 the verifier refuses every call of a function that
    wants more. Later kernels take up to twelve, the others from the stack, where the JIT can do that (7.2 is the first
    that was read), so of six to twelve nothing is said there.

    Bad:
        __bpf_kfunc int bpf_foo_copy(struct foo *to, u64 to_off, struct foo *from, u64 from_off, u64 size, u64 flags)
    Good:
        __bpf_kfunc int bpf_foo_copy(struct foo *to, struct foo *from, struct bpf_foo_range *range, u64 flags)
    """
    most = _REGISTERS if kernel.newest <= _LAST_WITHOUT_STACK else _MOST
    count = len(kfunc.signature.parameters)
    if kfunc.is_called and count > most:
        yield Remark(
            kfunc.signature.parameters[most].at or kfunc.at,
            f"{kfunc.name}() has {count} parameters, but a program can pass {most}: "
            "every program that calls it is rejected",
            fix=Fix("put some of them into a struct"),
            or_at=kfunc.alternate_places,
        )
