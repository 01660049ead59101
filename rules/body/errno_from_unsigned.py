from collections.abc import Iterator

from kfunclint.c.syntax import Node
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Reason, Remark
from kfunclint.flow.queries import returns
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
    words = [word for word in kfunc.signature.return_type.split() if word not in ("const", "volatile")]
    if not words or "*" in kfunc.signature.return_type or not (words[0] == "unsigned" or words[-1] in _UNSIGNED):
        return
    assert kfunc.definition.body is not None
    for found in returns(kfunc.definition.body):
        if (code := _error_code(found.value)) is not None:
            seen = "true" if words[-1] in ("bool", "_Bool") else "a large positive number"
            yield Remark(
                kfunc.place(found.node),
                f"{kfunc.name}() returns {code}, but its type {kfunc.signature.return_type} is unsigned: "
                f"programs see {seen}",
                (Reason(kfunc.signature.return_place or kfunc.at, "declared here"),),
                Fix("return a signed type"),
            )


def _error_code(value: Node) -> str | None:
    """-EINVAL and the like."""
    if value.kind != "unary" or value.text != "-" or value.kids[0].kind != "name":
        return None
    name = value.kids[0].text
    return f"-{name}" if name.startswith("E") and name.isupper() and name.isalnum() else None
