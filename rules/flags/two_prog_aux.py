from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule


@rule(Kfunc, Level.ERROR, contract=("F34",), see="kernel/bpf/verifier.c: check_kfunc_args()", since="7.0")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc has two parameters of type `struct bpf_prog_aux *`.

    The verifier passes the program's own to the one of that type, and stops with an error at a second one.

    Bad:
        __bpf_kfunc int bpf_foo_start(struct bpf_prog_aux *aux, struct bpf_prog_aux *other)
    Good:
        __bpf_kfunc int bpf_foo_start(struct bpf_prog_aux *aux)
    """
    del kernel
    if (
        kfunc.entries
        and [parameter.pointee for parameter in kfunc.signature.parameters].count("struct bpf_prog_aux") > 1
    ):
        yield Remark(
            kfunc.at,
            f"{kfunc.name}() takes two struct bpf_prog_aux *, so every program that calls it is rejected",
        )
