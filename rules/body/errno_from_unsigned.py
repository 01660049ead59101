from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Reason, Remark
from kfunclint.flow.questions import outcomes
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule

# types for which C has one meaning everywhere in the kernel
_UNSIGNED = frozenset("bool _Bool u8 u16 u32 u64 __u8 __u16 __u32 __u64 size_t gfp_t".split())


@rule(Kfunc, Level.WARNING, needs_body=True, contract=("S15",), see="include/uapi/asm-generic/errno-base.h")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc returns a negative error code, but its return type is unsigned.

    A program that tests the result for being negative never sees the error: -EINVAL from an unsigned function is a
    large number of whatever the function counts, and from a bool one it is true.

    Bad:
        __bpf_kfunc u32 bpf_foo_count(struct foo *foo)    (with: return -EINVAL;)
    Good:
        __bpf_kfunc int bpf_foo_count(struct foo *foo)
    """
    del kernel
    return_type = kfunc.signature.return_type or ""
    words = [word for word in return_type.split() if word not in ("const", "volatile")]
    if not words or "*" in return_type or not (words[0] == "unsigned" or words[-1] in _UNSIGNED):
        return
    said: set[int] = set()
    for outcome in outcomes(kfunc.account):
        if outcome.node is None or outcome.value is None or outcome.value.kind != "errno" or outcome.node.line in said:
            continue
        said.add(outcome.node.line)
        seen = "true" if words[-1] in ("bool", "_Bool") else "a large positive number"
        yield Remark(
            kfunc.place(outcome.node),
            f"{kfunc.name}() returns -{outcome.value.text}, but its type {return_type} is unsigned: "
            f"programs see {seen}",
            (Reason(kfunc.signature.return_place or kfunc.at, "declared here"),),
            Fix("return a signed type"),
        )
