from collections.abc import Iterator

from kfunclint.facts.kfunc import DiagRegion, Kfunc
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
    by_hand = kfunc.defs_region.by_hand
    if kfunc.is_called and by_hand and kernel.has_macro("__bpf_kfunc_start_defs") is not False:
        yield Remark(
            by_hand.push,
            "kfuncs stand between __diag_push() and __diag_pop() written by hand, which may not silence "
            "what the compiler says of them",
            fix=_fix(by_hand),
        )


def _fix(region: DiagRegion) -> Fix:
    words = "use __bpf_kfunc_start_defs() and __bpf_kfunc_end_defs()"
    if region.pop is None:
        return Fix(words)
    start, end = Edit(region.push, "__bpf_kfunc_start_defs"), Edit(region.pop, "__bpf_kfunc_end_defs")
    return Fix(words, (start, *map(drop_line, region.ignores), end))
