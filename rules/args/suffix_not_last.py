from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.kernel.suffixes import suffix
from kfunclint.rule.rule import rule


@rule(
    Kfunc,
    Level.WARNING,
    contract=("4.2 last suffix",),
    see="kernel/bpf/btf.c: btf_param_match_suffix()",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A parameter has two suffixes, of which only the last one counts.

    The verifier looks at the end of the name alone, so p__nullable__map is a map that must not be NULL.

    Bad:
        __bpf_kfunc int bpf_foo_count(void *p__nullable__map)
    Good:
        __bpf_kfunc int bpf_foo_count(void *p__map)
    """
    if not kfunc.is_called:
        return
    for parameter in kfunc.signature.parameters:
        last = suffix(parameter.name, kernel)
        first = suffix(parameter.name.removesuffix(last.name), kernel) if last else None
        if last and first:
            yield Remark(
                parameter.at or kfunc.at,
                f"{kfunc.name}() names a parameter {parameter.name}, but only the last suffix counts: "
                f"{first.name} has no effect",
                fix=Fix(f"drop {first.name}, or {last.name}"),
                or_at=kfunc.alternate_places,
            )
