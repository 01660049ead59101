"""What the tests of a number leave through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from kfunclint.c.syntax import Function, Node, Parameter, Type, is_signed
from kfunclint.flow.behaviour import Behaviours
from kfunclint.flow.integers import width
from kfunclint.flow.path import EQUAL, Decision, Path
from kfunclint.flow.terms import Term

_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_INT = 4  # bytes; what is narrower is made an int before it is compared


def open_below(parameter: Parameter, path: Path, types: Mapping[str, Type] | None) -> tuple[Node, ...]:
    """The tests of a signed parameter on a path of which all let every negative value through, in the order of the
    source: each says that it is below a bound, and C compares the two as signed numbers.

    `types` is what a tree tells of types and names. None are given where a test says anything else, or may.
    """
    known = dict(types or {})
    own = known.get(parameter.type)
    if own is not None:
        known[parameter.name] = own
    if not (is_signed(parameter.type) if own is None else own.signed):
        return ()
    tests = [one for one in path.decisions if _is_about(one, parameter.name)]
    if not all(_lets_pass(test, parameter.name, known) for test in tests):
        return ()
    return tuple(sorted((test.node for test in tests), key=lambda node: (node.line, node.column)))


def is_bounded(own: Term, path: Path) -> bool:
    """Did anything on the way ask more about a parameter than whether it is one value or another?"""
    tests = [one for one in path.decisions if own in one.term.parts]
    if not tests:
        return own in path.asked
    if path.known(own).high is not None or any(path.orders[pair] == EQUAL for pair in path.orders if pair[0] == own):
        return True
    return any(one.foreign or one.partial or _bounds(one, own) for one in tests)


def _bounds(test: Decision, own: Term) -> bool:
    """Does a test say more than that something is not one value?"""
    term, holds = test.term, test.holds
    while term.kind == "op" and term.text == "!":
        term, holds = term.kids[0], not holds
    if term == own:
        return not holds or test.node.kind != "name"  # a case may be a range
    if term.kind != "op" or term.text not in ("==", "!=") or own not in term.kids:
        return True
    return holds is (term.text == "==")


def needs_types(function: Function, behaviours: Behaviours) -> bool:
    """Does only a tree tell whether a parameter that picks an element or counts bits may be negative? Its type is an
    enum, or it is compared with a name that is declared out of view."""
    nodes = list(function.body.walk())
    picking = {kid.text for node in nodes for kid in _picking(node, behaviours) if kid.kind == "name"}
    own = {one.name: one.type for one in function.parameters if one.name in picking}
    sides = (node.kids for node in nodes if node.kind == "binary" and node.text in _MIRRORED)
    return any(
        any(one.text in own and _depends(own[one.text], other) for one, other in (pair, pair[::-1])) for pair in sides
    )


def _picking(node: Node, behaviours: Behaviours) -> Sequence[Node]:
    """The index of an array, the count of a shift, or what a function takes for an index."""
    if node.kind == "index" or (node.kind == "binary" and node.text in ("<<", ">>")):
        return node.kids[1:]
    at = behaviours.of(node.text).index if node.kind == "call" else None
    return () if at is None else node.kids[at:][:1]


def _depends(type_: str, bound: Node) -> bool:
    return type_.startswith("enum ") or (is_signed(type_) and bound.kind == "name" and not bound.note)


def _is_about(test: Decision, name: str) -> bool:
    return any(part.kind == "param" and part.text == name for part in test.term.parts)


def _lets_pass(test: Decision, name: str, types: Mapping[str, Type]) -> bool:
    return not test.foreign and _is_below(test.node, name, test.holds) and _is_signed(test.node, types)


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


def _spelled(type_: str) -> tuple[int | None, bool]:
    """Size and signedness of an integer type by its name in C; a char alone is unsigned in the kernel."""
    return width(type_) or None, type_ != "char" and "unsigned" not in type_.split()
