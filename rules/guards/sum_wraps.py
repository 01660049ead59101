from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Reason, Remark
from kfunclint.flow.account import Use
from kfunclint.flow.bounds import is_bounded
from kfunclint.flow.integers import largest, width
from kfunclint.flow.path import Path
from kfunclint.flow.questions import scalar_of, uses
from kfunclint.flow.terms import Term
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.reasons import about_use
from kfunclint.rule.rule import rule

_BOUNDED = ("__sz", "__szk")
_LARGEST_SIZE = 1 << 29  # kernel/bpf/verifier.c: BPF_MAX_VAR_SIZ, below which the verifier keeps a size
_SMALLEST_ELEMENT = 2  # bytes, of what a number is multiplied with by its size


@rule(
    Kfunc,
    Level.WARNING,
    strict=True,
    needs_body=True,
    contract=("B14",),
    see="include/linux/overflow.h: check_add_overflow()",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc checks a sum or a product of arguments that may have wrapped.

    Programs can pass any value. The sum of two numbers, or a number times the size of something, wraps to a small one
    before it is compared with the bound, and passes; memory is then allocated for fewer elements than are written.

    Bad:
        if (off + size > foo->size)     (with: u32 off, u32 size)
                return -EINVAL;
    Good:
        if (size > foo->size || off > foo->size - size)
                return -EINVAL;
    """
    del kernel
    said: set[int] = set()
    for use in uses(kfunc.account, "compare"):
        one, other = use.term.kids
        pairs = ((one, other), (other, one))  # `a + b < a` is the test whether it wrapped
        wrapped = next((side for side, bound in pairs if bound not in side.parts and _wraps(side, use.path)), None)
        if wrapped is not None and use.node.line not in said:
            said.add(use.node.line)
            yield _compared(kfunc, use, wrapped)
    if not said:
        yield from _allocated(kfunc)


def _compared(kfunc: Kfunc, use: Use, wrapped: Term) -> Remark:
    names = _names(wrapped)
    is_sum = _computed(wrapped).text == "+"
    fix = "compare with a difference, or use check_add_overflow()" if is_sum else f"check the range of {names} first"
    return about_use(
        kfunc,
        use,
        f"{kfunc.name}() compares a {'sum' if is_sum else 'product'} of {names}, which programs can make wrap: "
        "any bound lets it pass then",
        Fix(fix),
        here="compared here",
        origin=Reason(kfunc.at, "the arguments come from the program"),
    )


def _allocated(kfunc: Kfunc) -> Iterator[Remark]:
    """A product that was cut down to a narrower type, and says how much memory is allocated or copied."""
    for use in uses(kfunc.account, "call"):
        row = kfunc.behaviour(use.node.text)
        if use.calls or (row.result != "new" and row.size is None):
            continue
        cut = [one for one in use.term.kids if one.kind == "cast" and _computed(one).text == "*"]
        for product in cut:
            if _wraps(product, use.path):
                names = _names(product)
                yield about_use(
                    kfunc,
                    use,
                    f"{kfunc.name}() gives {use.node.text}() a product of {names} that programs can make wrap",
                    Fix(f"check the range of {names} first"),
                    here="given here",
                    origin=Reason(kfunc.at, "the arguments come from the program"),
                )
                return


def _names(term: Term) -> str:
    return " and ".join(sorted({one.text for one in term.parts if one.kind == "param"}))


def _computed(term: Term) -> Term:
    return term.kids[0] if term.kind == "cast" else term


def _wraps(term: Term, path: Path) -> bool:
    """May a sum or product of arguments that nothing bounds be larger than its type?"""
    inner = _computed(term)
    if inner.kind != "op" or inner.text not in ("+", "*") or len(inner.kids) != 2 or not width(term.type):
        return False
    one, other = (_highest(kid, path) for kid in inner.kids)
    if inner.text == "*" and inner.kids[1].kind == "size" and one is not None:
        return one * _SMALLEST_ELEMENT > largest(term.type)
    if one is None or other is None:
        return False
    return (one + other if inner.text == "+" else one * other) > largest(term.type)


def _highest(term: Term, path: Path) -> int | None:
    """The largest value that a program can give a number of which nothing was asked; None for any other number."""
    own = scalar_of(term)
    if own is None or own != (term.kids[0] if term.kind == "cast" else term) or is_bounded(own, path):
        return None
    if own.text.endswith(_BOUNDED):
        return _LARGEST_SIZE
    return largest(own.type) if width(own.type) else None
