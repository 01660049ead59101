import re
from collections.abc import Iterator

from kfunclint.facts.doc_check import own_doc
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Place, Reason, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule

# types for which C has one meaning everywhere in the kernel
_UNSIGNED = frozenset("bool _Bool u8 u16 u32 u64 __u8 __u16 __u32 __u64 size_t void".split())
_NEGATIVE = re.compile(r"(?<![\w-])-%?E[A-Z0-9]{2,}\b|%-E[A-Z0-9]{2,}\b|\bnegative (?:errno|error|value)\b")


@rule(Kfunc, Level.WARNING, contract=("S15",), see="include/uapi/asm-generic/errno-base.h")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """The kernel-doc promises an error code that the type cannot hold.

    An unsigned result is never negative, a bool one is true then, and a void one is nothing. One of the two is wrong,
    and programs are written by the kernel-doc.

    Bad:
        * Return: the number of pages, or -EINVAL       (of: __bpf_kfunc unsigned long bpf_foo(...))
    Good:
        __bpf_kfunc long bpf_foo(...)
    """
    del kernel
    return_type = kfunc.signature.return_type or ""
    words = [word for word in return_type.split() if word not in ("const", "volatile")]
    doc = own_doc(kfunc)
    if doc is None or "*" in return_type or not words:
        return
    if not (words[0] == "unsigned" or words[-1] in _UNSIGNED):
        return
    for at, text in doc.result:
        if match := _NEGATIVE.search(text):
            yield Remark(
                Place(at.path, at.line, at.column + match.start(), at.column + match.end()),
                f"the kernel-doc of {kfunc.name}() promises {match[0]}, which its type {return_type} cannot hold",
                (Reason(kfunc.at, "defined here"),),
                Fix("return a signed type, or say what is returned instead"),
                or_at=(kfunc.at,),
            )
            return
