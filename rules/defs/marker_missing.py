from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Reason, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.fixes import put_before
from kfunclint.rule.rule import rule


@rule(
    Kfunc,
    Level.WARNING,
    since="6.3",
    contract=("D1", "D2"),
    see="include/linux/btf.h: __bpf_kfunc; Documentation/bpf/kfuncs.rst",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc is defined without __bpf_kfunc.

    The macro keeps the compiler from inlining the function, cloning it with other arguments or dropping it. Without it
    the function may have no BTF, or no symbol, and its entry in the set is left without an id.

    Bad:
        int bpf_foo_size(struct foo *foo)
    Good:
        __bpf_kfunc int bpf_foo_size(struct foo *foo)
    """
    if kfunc.definition.has_marker or not kfunc.is_called or kernel.has_macro("__bpf_kfunc") is False:
        return
    header = kfunc.signature.return_place
    yield Remark(
        kfunc.at,
        f"{kfunc.name}() is registered as a kfunc but defined without __bpf_kfunc, "
        "so the compiler may inline or change it and its entry loses its function",
        tuple(Reason(entry.at, "registered here") for entry in kfunc.entries[:1]),
        Fix("add __bpf_kfunc", (put_before(header, "__bpf_kfunc "),) if header else ()),
        or_at=kfunc.alternate_places,
    )
