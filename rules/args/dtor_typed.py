from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Reason, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.kernel.release import Release
from kfunclint.rule.rule import rule

_COMPARED = Release(7, 0)


@rule(
    Kfunc,
    Level.CHECK,
    since="6.1",
    contract=("4.3 CFI",),
    see="kernel/bpf/btf.c: btf_check_dtor_kfuncs(), CONFIG_CFI",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A destructor takes a typed pointer, which kernels with CFI refuse.

    The kernel calls destructors through a pointer to void (*)(void *). With CFI the type of the function must be that:
    otherwise the kernel panics when a map with such an object is freed, and since 7.0 all destructors are refused when
    they are registered. Kernels without CFI do not mind. Kfuncs have a wrapper that takes `void *` and calls the
    release kfunc.

    Bad:
        __bpf_kfunc void bpf_foo_release_dtor(struct foo *foo)
    Good:
        __bpf_kfunc void bpf_foo_release_dtor(void *foo)
    """
    if not kfunc.signature.is_exact or kfunc.destructor is None or len(kfunc.signature.parameters) != 1:
        return
    (parameter,) = kfunc.signature.parameters
    if parameter.pointee not in (None, "void"):
        yield Remark(
            parameter.at or kfunc.at,
            f"{kfunc.name}() destroys {kfunc.destructor.object} but does not take void *: {_consequence(kernel)}",
            (Reason(kfunc.destructor.at, "listed as a destructor here"),),
            Fix("take void *, in a wrapper if it is called otherwise too"),
            or_at=(kfunc.at, kfunc.destructor.at),
        )


def _consequence(kernel: Kernel) -> str:
    if kernel.release >= _COMPARED:
        return "the registration of all destructors fails on kernels with CFI"
    return "a kernel with CFI panics when it calls it"
