from collections.abc import Iterator, Sequence

from kfunclint.c.syntax import Node
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Reason, Remark
from kfunclint.flow.queries import assigned, conditions_on, names, open_below, shifts, spelled
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule

_MOST_TESTS = 3  # that a finding points at
_MOST_PARAMETERS = 12  # more than a kfunc can have: each looks through the whole body
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
    assert kfunc.definition.body is not None
    made, changed = shifts(kfunc.definition.body), assigned(kfunc.definition.body)
    own = [one for one in kfunc.signature.parameters if one.is_scalar and one.type not in _TOO_NARROW]
    for parameter in own[:_MOST_PARAMETERS]:
        tests = conditions_on(kfunc.definition.body, parameter.name)
        if parameter.name in changed or any(spelled(condition) is None for condition in tests):
            continue  # a check that cannot be followed is a check
        for found in made:
            count = found.node.kids[1]
            if count.kind != "name" or count.text != parameter.name:
                continue
            if not any(parameter.name in names(condition.text) for condition in found.asked):
                yield _remark(kfunc, parameter.name, count, ())
                break
            if half := open_below(parameter, found.asked, tests, kfunc.types):
                yield _remark(kfunc, parameter.name, count, half)
                break


def _remark(kfunc: Kfunc, name: str, count: Node, tests: Sequence[Node]) -> Remark:
    """What is said of a shift whose count has had no test, or only those that negative values pass."""
    how, what = (
        ("though it may be negative", "a negative number") if tests else ("unchecked", "more bits than there are")
    )
    return Remark(
        kfunc.place(count),
        f"{kfunc.name}() shifts by its argument {name} {how}, and programs can pass any value: a shift by {what} is "
        "undefined",
        (
            Reason(kfunc.at, "the argument comes from the program"),
            *(Reason(kfunc.place(test), "negative values pass this test") for test in tests[:_MOST_TESTS]),
        ),
        Fix(f"test {name} < 0 as well" if tests else f"check the range of {name} first"),
    )
