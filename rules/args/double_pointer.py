from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.kernel.suffixes import suffix, unknown_ending
from kfunclint.rule.rule import rule


@rule(
    Kfunc,
    Level.ERROR,
    contract=("S8",),
    see="kernel/bpf/verifier.c: get_kfunc_ptr_arg_type(), since 7.3 get_kfunc_arg_type()",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc takes a pointer to a pointer.

    Program memory may only hold numbers for a kfunc, so an argument points to a number, to a struct of numbers or to an
    object of the kernel. (Up to 6.3 the first argument of a KF_KPTR_GET kfunc was a pointer to a pointer.)

    Bad:
        __bpf_kfunc int bpf_foo_find(u32 id, struct foo **found)
    Good:
        __bpf_kfunc struct foo *bpf_foo_find(u32 id)
    """
    if not kfunc.is_called:
        return
    for index, parameter in enumerate(kfunc.signature.parameters):
        points_to, named = parameter.pointee, suffix(parameter.name)
        if points_to is None or not points_to.endswith("*") or (named and named.takes_any_pointer(kernel)):
            continue
        if index == 0 and kernel.has_flag("KF_KPTR_GET"):
            continue
        if kfunc.taught_by_series(parameter.name) or unknown_ending(parameter.name, kernel):
            continue
        yield Remark(
            parameter.at or kfunc.at,
            f"{kfunc.name}() takes {parameter.name or 'a parameter'} as a pointer to a pointer, which programs cannot "
            "pass: every program that calls it is rejected",
            fix=Fix("return the pointer instead"),
            or_at=kfunc.alternate_places,
        )
