from collections.abc import Iterator
from itertools import zip_longest

from kfunclint.c.syntax import Parameter
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.kernel.suffixes import SIZES, near_suffix, suffix, unknown_ending
from kfunclint.rule.rule import rule


@rule(
    Kfunc,
    Level.WARNING,
    contract=("4.2 unknown", "S7", "S8"),
    see="kernel/bpf/verifier.c: get_kfunc_ptr_arg_type(), since 7.3 get_kfunc_arg_type()",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A pointer that needs a suffix has one that no kernel reads.

    The verifier takes a `void *`, or a pointer to a pointer, only by a suffix that it knows. Who ends the name of one
    in another `__word` has most likely a suffix in mind that a further series brings. A series that names such a one,
    or of which a mail is missing, is not asked about it.

    Bad:
        __bpf_kfunc int bpf_foo_attach(u32 id, void *prog__caller)
    Good:
        __bpf_kfunc int bpf_foo_attach(u32 id, struct bpf_prog_aux *aux)     (with KF_IMPLICIT_ARGS)
    """
    if not kfunc.is_called or kernel.builds_on or kfunc.destructor is not None:
        return
    parameters = kfunc.signature.parameters
    for parameter, behind in zip_longest(parameters, parameters[1:]):
        ending = unknown_ending(parameter.name, kernel)
        if ending is None or not _needs_suffix(parameter, behind) or near_suffix(parameter.name, kernel):
            continue
        if not kfunc.taught_by_series(parameter.name):
            yield Remark(
                parameter.at or kfunc.at,
                f"{kfunc.name}() takes {parameter.name} as {parameter.pointee} *, but {ending} is no suffix of "
                f"{kernel.release}: does the series build on one that brings it?",
                or_at=kfunc.alternate_places,
            )


def _needs_suffix(parameter: Parameter, behind: Parameter | None) -> bool:
    pointee = parameter.pointee or ""
    size = suffix(behind.name) if behind is not None else None
    is_sized = size is not None and size.name in SIZES
    return (pointee == "void" and not is_sized) or pointee.endswith("*")
