"""The worker's answer made into a Unit; nothing in it is taken on trust, the worker may have been taken over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from kfunclint.c.failure import Failure, FailureKind
from kfunclint.c.kinds import NodeKind, TypeKind
from kfunclint.c.syntax import Function, Node, Parameter, Type, Unit
from kfunclint.clang.limits import MAX_DEPTH

_NODE_KINDS, _TYPE_KINDS = frozenset(get_args(NodeKind)), frozenset(get_args(TypeKind))

_MOST_LINES = 1_000_000  # of a function; a file has at most as many

_Row = list[Any]  # kind, line, column, text, number of kids, note, type


def unit(path: str, answer: Any) -> Unit:
    """The Unit for a path; an answer of the wrong form gives one with a failure."""
    try:
        failure = answer.get("failure")
        if failure is not None:
            kind, reason, line = failure
            return Unit(path, failure=Failure(FailureKind(kind), _text(reason), line and _number(line)))
        functions = tuple(_function(one) for one in answer["functions"])
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        return Unit(path, failure=Failure(FailureKind.STOPPED, "answer not understood"))
    return Unit(path, functions)


def types(answer: Any) -> dict[str, Type] | None:
    """The types by name, None if the answer has none or is of the wrong form."""
    try:
        return {_text(name): _type(row) for name, row in answer["types"].items()}
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
        return None


def _type(row: Any) -> Type:
    kind, size, signed, length, scalars, target = row
    if not all(one is None or isinstance(one, int) for one in (size, signed, length, scalars)):
        raise TypeError
    if kind not in _TYPE_KINDS:
        raise ValueError
    return Type(kind, size, signed, length, scalars, None if target is None else _type(target))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _number(value: Any) -> int:
    if not isinstance(value, int) or value < 1:
        raise TypeError
    return value


def _function(value: dict[str, Any]) -> Function:
    if _number(value["end_line"]) - _number(value["first_line"]) > _MOST_LINES:
        raise ValueError
    return Function(
        name=_text(value["name"]),
        line=_number(value["line"]),
        column=_number(value["column"]),
        first_line=_number(value["first_line"]),
        end_line=_number(value["end_line"]),
        returns=_text(value["returns"]),
        parameters=tuple(Parameter(_text(name), _text(type_)) for name, type_ in value["parameters"]),
        marker=bool(value["marker"]),
        static=bool(value["static"]),
        variadic=bool(value["variadic"]),
        complete=bool(value["complete"]),
        misread=None if value["misread"] is None else _number(value["misread"]),
        body=_body(value["body"]),
    )


def _body(rows: list[_Row]) -> Node:
    """The tree of nodes that the rows spell in preorder."""
    left = iter(rows)
    body = _node(left, 0)
    if next(left, None) is not None:
        raise ValueError
    return body


def _node(rows: Iterator[_Row], depth: int) -> Node:
    row = next(rows, None)
    if row is None or depth > MAX_DEPTH:
        raise ValueError
    kind, line, column, text, count, note, type_ = row
    kids = tuple([_node(rows, depth + 1) for _ in range(count)]) if count else ()
    if kind not in _NODE_KINDS:
        raise ValueError
    return Node(kind, _number(line), _number(column), _text(text), kids, _text(note), _text(type_))
