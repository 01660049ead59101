from collections.abc import Iterator

from kfunclint.facts.kfunc import DefsRegion, Kfunc
from kfunclint.finding import Edit, Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.fixes import drop_line
from kfunclint.rule.rule import rule


@rule(Kfunc, Level.CHECK, since="6.7", contract=("D3",), see="include/linux/btf.h: __bpf_kfunc_start_defs()")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """Kfuncs stand between __diag_push() and __diag_pop(), written by hand.

    Since 6.7 __bpf_kfunc_start_defs() and __bpf_kfunc_end_defs() stand for that, and silence all warnings that a
    compiler has about kfuncs; what is written by hand tends to know only some of them.

    Bad:
        __diag_push();
        __diag_ignore_all("-Wmissing-prototypes", "kfuncs which will be used in BPF programs");
    Good:
        __bpf_kfunc_start_defs();
    """
    if kfunc.is_called and kfunc.defs_region.diag_push and kernel.has_macro("__bpf_kfunc_start_defs") is not False:
        yield Remark(
            kfunc.defs_region.diag_push,
            "kfuncs stand between __diag_push() and __diag_pop() written by hand, which may not silence "
            "what the compiler says of them",
            fix=_fix(kfunc.defs_region),
        )


def _fix(region: DefsRegion) -> Fix:
    words = "use __bpf_kfunc_start_defs() and __bpf_kfunc_end_defs()"
    if region.diag_push is None or region.diag_pop is None:
        return Fix(words)
    start, end = Edit(region.diag_push, "__bpf_kfunc_start_defs"), Edit(region.diag_pop, "__bpf_kfunc_end_defs")
    return Fix(words, (start, *map(drop_line, region.diag_ignores), end))
