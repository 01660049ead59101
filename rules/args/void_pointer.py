from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.kernel.suffixes import SIZES, of_tree, suffix, unknown_ending
from kfunclint.resources import table
from kfunclint.rule.rule import rule


@rule(
    Kfunc,
    Level.ERROR,
    contract=("S7",),
    see="kernel/bpf/verifier.c: get_kfunc_ptr_arg_type(), since 7.3 get_kfunc_arg_type()",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc takes a void pointer, and nothing says what it points to.

    The verifier accepts `void *` only if the next parameter is its size (__sz or __szk), or if the name ends in a
    suffix that gives it a meaning (__map, __str, __ign and others). Up to 7.2 __nullable is one, as NULL is all that
    programs can pass.

    Bad:
        __bpf_kfunc int bpf_foo_read(struct foo *foo, void *buf, u32 size)
    Good:
        __bpf_kfunc int bpf_foo_read(struct foo *foo, void *buf, u32 buf__sz)
    """
    if not kfunc.is_called or kfunc.name in table("special")["void_pointer"]["names"] or _may_be_dtor(kfunc):
        return
    for index, parameter in enumerate(kfunc.signature.parameters):
        named = suffix(parameter.name)
        if parameter.pointee != "void" or _has_size(kfunc, index) or (named and named.takes_any_pointer(kernel)):
            continue
        if named is None and (kfunc.taught_by_series(parameter.name) or _may_be_suffix(parameter.name, kernel)):
            continue
        yield Remark(
            parameter.at or kfunc.at,
            f"{kfunc.name}() takes {parameter.name or 'a parameter'} as void *, and nothing tells the verifier what it "
            "points to: every program that calls it is rejected",
            fix=Fix("name its type, or end the name of the size that follows it in __sz"),
            or_at=kfunc.alternate_places,
        )


def _may_be_suffix(name: str, kernel: Kernel) -> bool:
    """Does the name end in a suffix of the tree, or maybe of another series? args/suffix-unknown asks about that."""
    return of_tree(name, kernel) or unknown_ending(name, kernel) is not None


def _has_size(kfunc: Kfunc, index: int) -> bool:
    following = kfunc.signature.parameters[index + 1 : index + 2]
    return any((found := suffix(one.name)) is not None and found.name in SIZES for one in following)


def _may_be_dtor(kfunc: Kfunc) -> bool:
    """Destructors take `void *`, and only the kernel calls them."""
    shape = len(kfunc.signature.parameters) == 1 and kfunc.signature.return_type == "void"
    return kfunc.destructor is not None or (shape and not kfunc.entries)
