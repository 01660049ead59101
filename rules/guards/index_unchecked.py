from collections.abc import Iterator

from kfunclint.c.syntax import Parameter
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Reason, Remark
from kfunclint.flow.account import Use
from kfunclint.flow.bounds import is_bounded, open_below
from kfunclint.flow.questions import parameter, scalar_of, uses, was_asked
from kfunclint.kernel.kernel import Kernel
from kfunclint.kernel.suffixes import SIZES
from kfunclint.rule.fixes import return_first
from kfunclint.rule.reasons import about_use, not_covering
from kfunclint.rule.rule import rule
from kfunclint.value import replace

_NARROW_CASTS = ("?", "_Bool", "char", "signed char", "unsigned char")
_TOO_NARROW = ("bool", "_Bool", "u8", "__u8", "char", "unsigned char")


@rule(
    Kfunc,
    Level.WARNING,
    needs_body=True,
    contract=("B14", "G8", "G9", "G10"),
    see="kernel/bpf/verifier.c: check_kfunc_args()",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc indexes an array by an argument that it does not check enough.

    The verifier checks that a scalar argument is a scalar, not what it is worth: every integer and every enum can have
    any value that its type can hold. Used as an index, as a CPU or as a node it reaches memory far from the array. A
    signed one needs both bounds, if C compares it with the upper one as signed numbers; an enum without negative values
    is unsigned.

    Bad:
        return foo->counts[item];
    Good:
        if (item < 0 || item >= NR_FOO_ITEMS)
                return -EINVAL;
        return foo->counts[item];
    """
    del kernel
    said: set[str] = set()
    for use in uses(kfunc.account, "index"):
        own = parameter(kfunc.signature.parameters, scalar_of(use.term))
        if own is None or own.name in said or not _any_value(own) or _is_narrow(use):
            continue
        if (remark := _judged(kfunc, own, use)) is not None:
            said.add(own.name)
            yield remark


def _judged(kfunc: Kfunc, own: Parameter, use: Use) -> Remark | None:
    """What is said of an index that comes from a parameter; None if it is checked."""
    term = scalar_of(use.term)
    assert term is not None
    what = "an index" if use.what == "index" else use.what
    asked = was_asked(term, use.path)
    if own.name.endswith(SIZES):
        is_less = use.term.kind == "op" and use.term.text == "-"
        return _empty(kfunc, own.name, use) if is_less and not asked else None
    if not asked or not is_bounded(term, use.path):
        return _remark(kfunc, own.name, use, f"{what} unchecked", not_covering(kfunc, use, (term,)))
    half = open_below(own, use.path, kfunc.types) if use.term == term else ()
    if not half:
        return None
    passed = tuple(Reason(kfunc.place(test), "negative values pass this test") for test in half)
    remark = _remark(kfunc, own.name, use, f"{what} though it may be negative", passed)
    return replace(remark, fix=return_first(kfunc, use, f"{own.name} < 0", f"test {own.name} < 0 as well"))


def _empty(kfunc: Kfunc, name: str, use: Use) -> Remark:
    return about_use(
        kfunc,
        use,
        f"{kfunc.name}() subtracts from its argument {name} for an index, and programs can pass 0: it reaches memory "
        "in front of the buffer",
        return_first(kfunc, use, f"!{name}", f"test {name} for 0 first"),
        here="the index is here",
        origin=Reason(kfunc.at, "the argument comes from the program"),
    )


def _remark(kfunc: Kfunc, name: str, use: Use, how: str, tests: tuple[Reason, ...]) -> Remark:
    return about_use(
        kfunc,
        use,
        f"{kfunc.name}() uses its argument {name} as {how}, "
        "and programs can pass any value: it reaches memory outside the array",
        Fix(f"check the range of {name} first"),
        here="the index is here",
        origin=Reason(kfunc.at, "the argument comes from the program"),
        tests=tests,
    )


def _any_value(parameter: Parameter) -> bool:
    """Is it an integer or enum that may be out of range? A type of unknown name may be anything."""
    return not parameter.type.endswith(("*", "]", ")")) and parameter.type not in _TOO_NARROW


def _is_narrow(use: Use) -> bool:
    return use.node.kind == "index" and use.node.kids[1].note in _NARROW_CASTS
