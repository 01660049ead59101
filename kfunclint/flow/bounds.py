"""Whether the tests of a number leave negative values through."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from kfunclint.c.syntax import Function, Node, Parameter, Type, is_signed
from kfunclint.flow.dataflow import Condition, names, spelled
from kfunclint.resources import table

_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_INT = 4  # bytes; what is narrower is made an int before it is compared
_SIZES = {"char": 1, "short": 2, "int": 4, "long": 8, "long long": 8}  # 64-bit


def open_below(
    parameter: Parameter, asked: Collection[Condition], tests: Collection[Node], types: Mapping[str, Type] | None
) -> tuple[Node, ...]:
    """The tests of a signed parameter of which all that were `asked` about it let every negative value through, in the
    order of the source: each says that it is below a bound, and C compares the two as signed numbers.

    `tests` are the conditions of the body that name it, `types` what a tree tells of types and names. None are given
    where one of those asked says anything else, or may.
    """
    known = dict(types or {})
    own = known.get(parameter.type)
    if own is not None:
        known[parameter.name] = own
    if not (is_signed(parameter.type) if own is None else own.signed):
        return ()
    found: list[Node] = []
    for condition in asked:
        if parameter.name in names(condition.text):
            same = [node for node in tests if spelled(node) == condition.text]
            if not same or not all(_lets_pass(node, parameter.name, condition.holds, known) for node in same):
                return ()
            found += same
    return tuple(sorted(found, key=lambda node: (node.line, node.column)))


def needs_types(function: Function) -> bool:
    """Does only a tree tell whether a parameter that picks an element or counts bits may be negative? Its type is an
    enum, or it is compared with a name that is declared out of view."""
    nodes = list(function.body.walk())
    picking = {kid.text for node in nodes for kid in _picking(node) if kid.kind == "name"}
    own = {one.name: one.type for one in function.parameters if one.name in picking}
    sides = (node.kids for node in nodes if node.kind == "binary" and node.text in _MIRRORED)
    return any(
        any(one.text in own and _depends(own[one.text], other) for one, other in (pair, pair[::-1])) for pair in sides
    )


def _picking(node: Node) -> Sequence[Node]:
    """The index of an array, the count of a shift, or what a function takes for an index."""
    if node.kind == "index" or (node.kind == "binary" and node.text in ("<<", ">>")):
        return node.kids[1:]
    sink = table("index_sinks").get(node.text) if node.kind == "call" else None
    return node.kids[sink["argument"] :][:1] if sink else ()


def _depends(type_: str, bound: Node) -> bool:
    return type_.startswith("enum ") or (is_signed(type_) and bound.kind == "name" and not bound.note)


def _lets_pass(test: Node, name: str, holds: bool, types: Mapping[str, Type]) -> bool:
    return _is_below(test, name, holds) and _is_signed(test, types)


def _is_below(test: Node, name: str, holds: bool) -> bool:
    """Does the test, as it came out, say that the variable is smaller than something?"""
    if test.kind != "binary" or test.text not in _MIRRORED:
        return False
    sides = [side.kind == "name" and side.text == name for side in test.kids]
    if sides.count(True) != 1:
        return False
    operator = test.text if sides[0] else _MIRRORED[test.text]
    return operator.startswith("<") is holds


def _is_signed(test: Node, types: Mapping[str, Type]) -> bool:
    """Are its sides surely compared as signed numbers? (C11 6.3.1.8)"""
    sides = list(_integers(test, types))
    if len(sides) != len(test.kids):
        return False
    largest = max(size for size, _ in sides)
    return all(signed for size, signed in sides if size == largest)


def _integers(test: Node, types: Mapping[str, Type]) -> Iterator[tuple[int, bool]]:
    """Size in bytes and signedness of those sides that are known, as they are compared."""
    for side in test.kids:
        known = types.get(side.text) if side.kind == "name" and not side.note else None
        size, signed = (known.size, known.signed) if known is not None else _spelled(side.note)
        if size is not None and signed is not None:
            yield (size, signed) if size >= _INT else (_INT, True)


def _spelled(type_: str) -> tuple[int | None, bool | None]:
    """Size and signedness of an integer type by its name in C; a char alone is unsigned in the kernel."""
    words = type_.split()
    signed = type_ != "char" and "unsigned" not in words
    return _SIZES.get(" ".join(word for word in words if word not in ("signed", "unsigned"))), signed
