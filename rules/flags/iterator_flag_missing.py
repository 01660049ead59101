import re
from collections.abc import Iterator

from kfunclint.facts.flag_names import FlagName
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Level, Reason, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.fixes import add_flag
from kfunclint.rule.rule import rule

_FLAGS: dict[str, FlagName] = {"new": "KF_ITER_NEW", "next": "KF_ITER_NEXT", "destroy": "KF_ITER_DESTROY"}
_METHOD = re.compile(r"(bpf_iter_\w+)_(new|next|destroy)")


@rule(Kfunc, Level.ERROR, contract=("F18",), flag="KF_ITER_NEW", see="kernel/bpf/verifier.c: is_kfunc_arg_iter()")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A method of an iterator is registered without its KF_ITER_ flag.

    By the flag alone the verifier knows that the first argument is the state of an iterator. Without it that is plain
    memory: new leaves no iterator behind, and next and destroy take any bytes for one that a program has made up, with
    the kernel's pointers in them.

    Bad:
        BTF_ID_FLAGS(func, bpf_iter_foo_next, KF_RET_NULL)
    Good:
        BTF_ID_FLAGS(func, bpf_iter_foo_next, KF_ITER_NEXT | KF_RET_NULL)
    """
    method = _METHOD.fullmatch(kfunc.name)
    first = kfunc.signature.parameters[0] if kfunc.signature.parameters else None
    if method is None or first is None or first.pointee != f"struct {method[1]}":
        return
    flag = _FLAGS[method[2]]
    for entry in kfunc.entries:
        is_known = entry.flags is not None and all(one.name in kernel.flags for one in entry.flags)
        if is_known and not any(one.name.startswith("KF_ITER_") for one in entry.flags or ()):
            yield Remark(
                entry.at,
                f"{kfunc.name}() is registered without {flag}, so to the verifier its first argument is no iterator "
                "but any memory",
                (Reason(first.at or kfunc.at, "its iterator"),),
                add_flag(entry, flag),
                or_at=(kfunc.at,),
            )
