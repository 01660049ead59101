from collections.abc import Iterator

from kfunclint.facts.regions import OpenRegion
from kfunclint.finding import Fix, Level, Reason, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.fixes import put_before
from kfunclint.rule.rule import rule


@rule(OpenRegion, Level.WARNING, since="6.7", contract=("D3",), see="include/linux/btf.h: __bpf_kfunc_end_defs()")
def check(region: OpenRegion, kernel: Kernel) -> Iterator[Remark]:
    """Nothing closes what __bpf_kfunc_start_defs() opens.

    It turns off the warnings about functions that have no prototype, and __bpf_kfunc_end_defs() turns them on again.
    Where that is missing, they are off for the rest of the file, kfunc or not. Of a file that is not whole in view it
    is said where the series opens more regions than it closes.

    Bad:
        __bpf_kfunc_start_defs();

        __bpf_kfunc int bpf_foo_size(struct foo *foo)
        ...
        BTF_KFUNCS_START(foo_kfunc_ids)
    Good:
        __bpf_kfunc_start_defs();

        __bpf_kfunc int bpf_foo_size(struct foo *foo)
        ...
        __bpf_kfunc_end_defs();

        BTF_KFUNCS_START(foo_kfunc_ids)
    """
    del kernel
    end_before = region.end_before
    yield Remark(
        region.at,
        f"no {region.closer}() follows {region.name}(), so the warnings about missing prototypes are off for the "
        "rest of the file",
        (Reason(end_before, "it belongs above this"),) if end_before else (),
        Fix(
            f"put {region.closer}() behind the last kfunc",
            (put_before(end_before, f"{region.closer}();\n\n"),) if end_before else (),
        ),
    )
