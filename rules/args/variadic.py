from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule


@rule(Kfunc, Level.ERROR, contract=("S2",), see="kernel/bpf/btf.c: btf_distill_func_proto()")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc takes a variable number of arguments.

    The verifier must know the type of each argument, and refuses a prototype that ends in "...". Kfuncs that print
    take an array of u64 and its size instead.

    Bad:
        __bpf_kfunc int bpf_foo_print(const char *fmt__str, ...)
    Good:
        __bpf_kfunc int bpf_foo_print(const char *fmt__str, const void *args, u32 args__sz)
    """
    del kernel
    if kfunc.is_called and kfunc.signature.is_variadic:
        yield Remark(
            kfunc.at,
            f"{kfunc.name}() takes a variable number of arguments, which programs cannot pass: "
            "every program that calls it is rejected",
            fix=Fix("take an array and its size"),
            or_at=kfunc.alternate_places,
        )
