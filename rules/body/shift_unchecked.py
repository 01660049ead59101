from collections.abc import Iterator, Sequence

from kfunclint.c.syntax import Node
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Reason, Remark
from kfunclint.flow.account import Use
from kfunclint.flow.bounds import open_below
from kfunclint.flow.questions import parameter, uses, was_asked
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.fixes import return_first
from kfunclint.rule.reasons import about_use, not_covering
from kfunclint.rule.rule import rule
from kfunclint.value import replace

_TOO_NARROW = ("bool", "_Bool")


@rule(
    Kfunc,
    Level.WARNING,
    needs_body=True,
    contract=("B14",),
    see="kernel/bpf/verifier.c: check_kfunc_args(); lib/ubsan.c: __ubsan_handle_shift_out_of_bounds()",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc shifts by an argument that it does not check enough.

    The verifier checks that a scalar argument is a scalar, not what it is worth. A shift by as many bits as the type
    has, or more, or by a negative number, is undefined: what comes out depends on the compiler and the machine, and a
    kernel with UBSAN warns each time a program wants it to.

    Bad:
        return foo->mask & BIT(nr);
    Good:
        if (nr >= BITS_PER_LONG)
                return 0;
        return foo->mask & BIT(nr);
    """
    del kernel
    said: set[str] = set()
    for use in uses(kfunc.account, "shift"):
        own = parameter(kfunc.signature.parameters, use.term)
        if own is None or own.name in said or not own.is_scalar or own.type in _TOO_NARROW:
            continue
        asked = was_asked(use.term, use.path)
        half = open_below(own, use.path, kfunc.types) if asked else ()
        if half or not asked:
            said.add(own.name)
            yield _remark(kfunc, own.name, use, half)


def _remark(kfunc: Kfunc, name: str, use: Use, tests: Sequence[Node]) -> Remark:
    """What is said of a shift whose count has had no test, or only those that negative values pass."""
    how, what = (
        ("though it may be negative", "a negative number") if tests else ("unchecked", "more bits than there are")
    )
    passed = tuple(Reason(kfunc.place(test), "negative values pass this test") for test in tests)
    remark = about_use(
        kfunc,
        use,
        f"{kfunc.name}() shifts by its argument {name} {how}, and programs can pass any value: a shift by {what} is "
        "undefined",
        return_first(kfunc, use, f"{name} < 0", f"test {name} < 0 as well")
        if tests
        else Fix(f"check the range of {name} first"),
        here="the shift is here",
        origin=Reason(kfunc.at, "the argument comes from the program"),
        tests=passed or not_covering(kfunc, use, (use.term,)),
    )
    return remark if use.node.kind == "call" else replace(remark, at=kfunc.place(use.node.kids[1]))
