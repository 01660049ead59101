from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from kfunclint.c.syntax import Node, Parameter
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Reason, Remark
from kfunclint.flow.queries import (
    Call,
    assigned,
    calls,
    conditions_on,
    indexings,
    names,
    open_below,
    other_tests,
    spelled,
)
from kfunclint.kernel.kernel import Kernel
from kfunclint.resources import table
from kfunclint.rule.rule import rule

_MOST_TESTS = 3  # that a finding points at
_MOST_PARAMETERS = 12  # more than a kfunc can have: each looks through the whole body
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
    assert kfunc.definition.body is not None
    changed = assigned(kfunc.definition.body)
    for parameter in kfunc.signature.parameters[:_MOST_PARAMETERS]:
        if parameter.name in changed or not _any_value(parameter):
            continue
        tests = conditions_on(kfunc.definition.body, parameter.name)
        if any(spelled(condition) is None for condition in tests):
            continue  # a check that cannot be followed is a check
        for call, what in _uses(kfunc.definition.body, parameter.name):
            if not any(parameter.name in names(condition.text) for condition in call.asked):
                others = other_tests(kfunc.definition.body, call.node, partial(_names, parameter.name))
                because = tuple(Reason(kfunc.place(test.node), test.note) for test in others)
                yield _remark(kfunc, parameter.name, call, f"{what} unchecked", because)
                break
            if half := open_below(parameter, call.asked, tests, kfunc.types):
                because = tuple(Reason(kfunc.place(test), "negative values pass this test") for test in half)
                said = _remark(kfunc, parameter.name, call, f"{what} though it may be negative", because)
                yield replace(said, fix=Fix(f"test {parameter.name} < 0 as well"))
                break


def _remark(kfunc: Kfunc, name: str, call: Call, how: str, tests: tuple[Reason, ...]) -> Remark:
    return Remark(
        kfunc.place(call.node),
        f"{kfunc.name}() uses its argument {name} as {how}, "
        "and programs can pass any value: it reaches memory outside the array",
        (Reason(kfunc.at, "the argument comes from the program"), *tests[:_MOST_TESTS]),
        Fix(f"check the range of {name} first"),
    )


def _any_value(parameter: Parameter) -> bool:
    """Is it an integer or enum that may be out of range? A type of unknown name may be anything."""
    return not parameter.type.endswith(("*", "]", ")")) and parameter.type not in _TOO_NARROW


def _uses(body: Node, name: str) -> Iterator[tuple[Call, str]]:
    """Where a variable, as it is, picks an element, and what it stands for there."""
    for found in indexings(body):
        if _is_name(found.node.kids[1], name) and found.node.kids[1].note not in _NARROW_CASTS:
            yield found, "an index"
    for found in calls(body):
        row = table("index_sinks").get(found.node.text)
        if row and len(found.node.kids) > row["argument"] and _is_name(found.node.kids[row["argument"]], name):
            yield found, f"a {row['what']}" if row["what"] != "event" else "an event"


def _is_name(node: Node, name: str) -> bool:
    return node.kind == "name" and node.text == name


def _names(name: str, condition: Node) -> bool:
    return any(node.kind == "name" and node.text == name for node in condition.walk())
