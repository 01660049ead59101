from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule


@rule(
    Kfunc,
    Level.WARNING,
    since="6.7",
    contract=("D3",),
    see="include/linux/btf.h: __bpf_kfunc_start_defs()",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc is defined outside of __bpf_kfunc_start_defs() and _end_defs().

    Between the two the compiler does not warn that a global function has no prototype, and a kfunc has none. A function
    that is declared in a header needs neither: it is said of new functions that no other line of the series, or of the
    whole file, names, and of those with "bpf" in their names. No such region reaches over the start of a set.

    Bad:
        __bpf_kfunc_end_defs();

        __bpf_kfunc int bpf_foo_size(struct foo *foo)
    Good:
        __bpf_kfunc int bpf_foo_size(struct foo *foo)
        ...
        __bpf_kfunc_end_defs();
    """
    if (
        not kfunc.is_called
        or not kfunc.definition.is_new
        or kfunc.definition.is_static
        or kfunc.defs_region.has_prototype
        or ("bpf" not in kfunc.name and kfunc.definition.is_used is not False)
    ):
        return
    if (
        kfunc.definition.has_marker
        and kfunc.defs_region.inside is False
        and kernel.has_macro("__bpf_kfunc_start_defs") is not False
    ):
        yield Remark(
            kfunc.at,
            f"{kfunc.name}() is defined outside of __bpf_kfunc_start_defs() and __bpf_kfunc_end_defs(), "
            "so the compiler warns that it has no prototype",
            fix=Fix("move it between them"),
            or_at=kfunc.alternate_places,
        )
