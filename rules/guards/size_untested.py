from collections.abc import Iterator
from itertools import pairwise

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Level, Reason, Remark
from kfunclint.flow.path import UNEQUAL, Path
from kfunclint.flow.questions import uses
from kfunclint.flow.terms import Term
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.fixes import return_first
from kfunclint.rule.reasons import about_use, not_covering
from kfunclint.rule.rule import rule


@rule(Kfunc, Level.WARNING, needs_body=True, contract=("B13",), see="kernel/bpf/verifier.c: check_kfunc_mem_size_reg()")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc reaches into a struct before it tests its size.

    The verifier proves that as many bytes are there as the program says, not as many as the struct has. A program that
    says fewer makes the kfunc reach beyond what it passed.

    Bad:
        if (opts->reserved)
                return -EINVAL;
    Good:
        if (opts__sz != sizeof(*opts) || opts->reserved)
                return -EINVAL;
    """
    del kernel
    sized = {
        one.name: size.name
        for one, size in pairwise(kfunc.signature.parameters)
        if one.is_struct_pointer and size.name in (f"{one.name}__sz", f"{one.name}__szk")
    }
    for use in uses(kfunc.account, "read") if sized else ():
        size = sized.get(use.term.text) if use.term.kind == "param" else None
        if size is None or use.node.kind == "call":  # a call is given the size, too
            continue
        asked = next((one for one in use.path.asked if one.kind == "param" and one.text == size), None)
        if asked is not None and not _is_wrong(asked, use.path):
            continue
        when = f"before it tests {size}" if asked is None else f"where {size} is known to be wrong"
        yield about_use(
            kfunc,
            use,
            f"{kfunc.name}() reaches into {use.term.text} {when}: a program may have passed fewer bytes than the "
            "struct has",
            return_first(kfunc, use, f"{size} < sizeof(*{use.term.text})", f"test {size} first", unsure=True),
            here="used here",
            origin=Reason(kfunc.at, "the size comes from the program"),
            tests=not_covering(kfunc, use, () if asked is None else (asked,)),
        )
        return


def _is_wrong(size: Term, path: Path) -> bool:
    """Is it only known what the size is not?"""
    orders = [order for (one, _), order in path.orders.items() if one == size]
    known = path.known(size)
    return bool(orders) and all(order == UNEQUAL for order in orders) and not known.low and known.high is None
