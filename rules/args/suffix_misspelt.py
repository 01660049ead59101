from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.kernel.suffixes import near_suffix, of_tree
from kfunclint.rule.rule import rule


@rule(
    Kfunc,
    Level.WARNING,
    contract=("4.2 unknown",),
    see="kernel/bpf/btf.c: btf_param_match_suffix()",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A parameter has an ending that is nearly a suffix.

    The verifier compares the end of the name with the suffixes it knows, and says nothing about one it does not know:
    the argument is checked as if the name ended without it. Nothing is said where the series may build on another one,
    which may bring the suffix.

    Bad:
        __bpf_kfunc int bpf_foo_read(struct foo *foo, void *buf, u32 buf__size)
    Good:
        __bpf_kfunc int bpf_foo_read(struct foo *foo, void *buf, u32 buf__sz)
    """
    if not kfunc.is_called or kernel.builds_on:
        return
    for parameter in kfunc.signature.parameters:
        meant = near_suffix(parameter.name, kernel)
        if meant is None or kfunc.taught_by_series(parameter.name) or of_tree(parameter.name, kernel):
            continue
        ending = parameter.name[parameter.name.rindex("__") :]
        yield Remark(
            parameter.at or kfunc.at,
            f"{kfunc.name}() names a parameter {parameter.name}, but {ending} is no suffix that the verifier knows: "
            "it has no effect",
            fix=Fix(f"end the name in {meant}"),
            or_at=kfunc.alternate_places,
        )
