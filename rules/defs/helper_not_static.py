from collections.abc import Iterator

from kfunclint.facts.kfunc import Helper
from kfunclint.finding import Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.fixes import put_before
from kfunclint.rule.rule import rule


@rule(
    Helper,
    Level.CHECK,
    since="6.7",
    contract=("D3",),
    see="include/linux/btf.h: __bpf_kfunc_start_defs()",
)
def check(helper: Helper, kernel: Kernel) -> Iterator[Remark]:
    """A helper of kfuncs is global, though only its own file calls it.

    Elsewhere the compiler says so (-Wmissing-prototypes), but among kfuncs that warning is off for their sake. The name
    is taken for the whole kernel, and the compiler cannot drop or inline the function as it likes.

    Bad:
        int __bpf_foo_find(struct foo *foo, u32 id)
    Good:
        static int __bpf_foo_find(struct foo *foo, u32 id)
    """
    del kernel
    yield Remark(
        helper.at,
        f"{helper.name}() is no kfunc and nothing outside of its file calls it, but it is global",
        fix=Fix("make it static", (put_before(helper.returns_at, "static "),)),
    )
