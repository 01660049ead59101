from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Remark
from kfunclint.flow.account import Use
from kfunclint.flow.integers import is_unsigned, width
from kfunclint.flow.questions import uses
from kfunclint.flow.terms import ZERO, Term
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.fixes import return_first
from kfunclint.rule.reasons import about_use, came_from, seen
from kfunclint.rule.rule import rule

_INT = 4  # bytes; what is narrower is made an int, which is signed


@rule(Kfunc, Level.WARNING, needs_body=True, see="C11 6.3.1.8; scripts/Makefile.extrawarn: -Wno-sign-compare")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc compares a negative number with an unsigned one.

    C compares the two as unsigned numbers, so a negative one is larger than any bound. A test of the sign that comes
    behind is too late: what was cut down to the bound is positive.

    Bad:
        if (len > buf__sz)      (with: int len, u32 buf__sz)
                len = buf__sz;
        if (len > 0)
    Good:
        if (len < 0)
                return len;
        if (len > buf__sz)
                len = buf__sz;
    """
    del kernel
    compared = list(uses(kfunc.account, "compare"))
    said: set[int] = set()
    for use in compared:
        signed = _negative(use)
        if signed is None or use.calls or use.node.line in said:
            continue
        late = next((other for other in compared if _asks_sign(other, signed, use)), None)
        if late is not None:
            said.add(use.node.line)
            sign = seen(kfunc, late.node, "its sign is asked for only here")
            yield about_use(
                kfunc,
                use,
                f"{kfunc.name}() compares a number that may be negative with an unsigned one: it counts as a large one",
                _fix(kfunc, use, signed),
                here="compared here",
                origin=came_from(kfunc, signed, "the number comes from here"),
                tests=(sign,),
                or_at=(sign.at,),
            )


def _fix(kfunc: Kfunc, use: Use, signed: Term) -> Fix:
    """Return first if the number is negative, where it has a name; callers may want the number itself, or 0."""
    words = "test that it is not negative first"
    side = use.node.kids[use.term.kids.index(signed)] if len(use.node.kids) == len(use.term.kids) else None
    if side is None or side.kind != "name":
        return Fix(words)
    return return_first(kfunc, use, f"{side.text} < 0", words, unsure=True)


def _negative(use: Use) -> Term | None:
    """The side that is signed and may be negative where the other one makes the comparison unsigned."""
    types = use.term.type.split("/")
    if len(types) != 2 or not all(map(width, types)):
        return None
    for term, own, other in zip(use.term.kids, types, types[::-1], strict=True):
        if is_unsigned(own) or not is_unsigned(other) or width(other) < max(width(own), _INT):
            continue
        if term.kind in ("call", "param") and not use.path.known(term).is_natural:
            return term
    return None


def _asks_sign(other: Use, signed: Term, first: Use) -> bool:
    is_behind = any(one.node is first.node for one in other.path.decisions)
    return is_behind and signed in other.term.kids and ZERO in other.term.kids
