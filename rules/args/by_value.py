from collections.abc import Iterator

from kfunclint.c.syntax import bare, is_aggregate
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule


@rule(
    Kfunc,
    Level.ERROR,
    contract=("S3", "S4"),
    see="kernel/bpf/btf.c: btf_distill_func_proto(); kernel/bpf/verifier.c: check_kfunc_args()",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc takes or returns a struct, union or float by value.

    An argument is one register, a number or a pointer, and so is the result. The verifier refuses the prototype, or the
    argument as one of an unrecognized type.

    Bad:
        __bpf_kfunc int bpf_foo_move(struct foo *foo, struct foo_pos pos)
    Good:
        __bpf_kfunc int bpf_foo_move(struct foo *foo, const struct foo_pos *pos)
    """
    del kernel
    if not kfunc.is_called:
        return
    if _is_by_value(kfunc, kfunc.signature.return_type):
        yield Remark(
            kfunc.signature.return_place or kfunc.at,
            f"{kfunc.name}() returns {kfunc.signature.return_type} by value, which fits no register: "
            "every program that calls it is rejected",
            fix=Fix("fill in a struct that the program passes a pointer to"),
            or_at=kfunc.alternate_places,
        )
    for parameter in kfunc.signature.parameters:
        if _is_by_value(kfunc, parameter.type) and not parameter.name.endswith("__ign"):
            yield Remark(
                parameter.at or kfunc.at,
                f"{kfunc.name}() takes {parameter.name} ({parameter.type}) by value, but an argument is a number or "
                "a pointer: every program that calls it is rejected",
                fix=Fix("take a pointer"),
                or_at=kfunc.alternate_places,
            )


def _is_by_value(kfunc: Kfunc, type_: str | None) -> bool:
    return is_aggregate(type_) or bare(type_) in kfunc.series.aggregates
