from collections.abc import Iterator

from kfunclint.c.syntax import Parameter
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.kernel.suffixes import suffix
from kfunclint.rule.rule import rule

_REGISTERS = 5


@rule(
    Kfunc,
    Level.ERROR,
    since="7.2",
    contract=("S1",),
    see="kernel/bpf/verifier.c: check_kfunc_args(); since 7.3 get_kfunc_arg_type()",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """An argument that needs a register is behind the fifth.

    From the sixth on arguments lie on the stack. The verifier puts the program's bpf_prog_aux, and the JIT the address
    of an __arena argument, into a register, and into nothing else: behind the fifth parameter they refuse the call.

    Bad:
        __bpf_kfunc int bpf_foo_copy(struct foo *to, u64 to_off, struct foo *from, u64 from_off, u64 size,
                                     struct bpf_prog_aux *aux)     with KF_IMPLICIT_ARGS
    Good:
        __bpf_kfunc int bpf_foo_copy(struct foo *to, struct foo *from, struct bpf_foo_range *range,
                                     struct bpf_prog_aux *aux)
    """
    if not kfunc.is_called:
        return
    for parameter in kfunc.signature.parameters[_REGISTERS:]:
        if what := _kind(parameter, kernel):
            yield Remark(
                parameter.at or kfunc.at,
                f"{kfunc.name}() takes {parameter.name or 'a parameter'}, {what}, behind its fifth parameter, where it "
                "gets no register: every program that calls it is rejected",
                fix=Fix("leave at most four parameters before it"),
                or_at=kfunc.alternate_places,
            )


def _kind(parameter: Parameter, kernel: Kernel) -> str | None:
    """What it is that needs a register, in words."""
    if parameter.pointee == "struct bpf_prog_aux":
        return "the program's bpf_prog_aux"
    named = suffix(parameter.name, kernel)
    in_arena = named is not None and named.name.startswith("__arena") and not parameter.is_scalar
    return "a pointer into an arena" if in_arena else None
