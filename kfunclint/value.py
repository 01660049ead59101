"""Frozen values with named fields: what @dataclass(frozen=True, slots=True) makes, at a quarter of its price.

That compiles seven methods for every class, makes each class twice and loads `inspect`: a third of the start of the
command, which has a hundred of them. Here one method is compiled, and the others are shared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, NoReturn, dataclass_transform

if TYPE_CHECKING:
    from dataclasses import replace  # mypy checks the changes that it is given

__all__ = ("Value", "field", "replace")


class _Field(NamedTuple):
    default: Any
    default_factory: Callable[[], Any] | None = None
    compare: bool = True

    @property
    def is_required(self) -> bool:
        return self.default is _REQUIRED and self.default_factory is None


_REQUIRED: Any = object()


def field(*, default: Any = _REQUIRED, default_factory: Callable[[], Any] | None = None, compare: bool = True) -> Any:
    """A field of which there is more to say than a default: a function that makes one for each value, or that it does
    not `compare`, so that it is no part of what makes two values equal."""
    return _Field(default, default_factory, compare)


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class _ValueType(type):
    """Makes the classes of values."""

    def __new__(cls, name: str, bases: tuple[type, ...], members: dict[str, Any]) -> Any:
        """The class with the fields that its body annotates, behind those that it inherits."""
        defaults = {own: members.pop(own, _REQUIRED) for own in members.get("__annotations__", ())}
        has_cache = any(isinstance(member, cached_property) for member in members.values())
        members["__slots__"] = (*defaults, *["__dict__"] * has_cache)
        made: Any = super().__new__(cls, name, bases, members)
        own_fields = {own: of if isinstance(of, _Field) else _Field(of) for own, of in defaults.items()}
        made._fields = {**getattr(made, "_fields", {}), **own_fields}
        made.__match_args__ = tuple(made._fields)  # type: ignore[misc]
        if own_fields and "__eq__" not in members:
            made.__eq__, made.__hash__ = _comparison([name for name, of in made._fields.items() if of.compare])
        if own_fields:
            made.__init__ = _initialiser(made, made._fields)
        return made


def _initialiser(made: type, fields: Mapping[str, _Field]) -> Callable[..., None]:
    """The __init__ of a class; it fills the slots themselves, as instances are frozen."""
    known: dict[str, Any] = {"required": _REQUIRED}
    parameters, statements = "self", ""
    for name, of in fields.items():
        known |= {f"__set_{name}": getattr(made, name).__set__, f"__default_{name}": of.default}
        known[f"__make_{name}"] = of.default_factory
        parameters += f", {name}" if of.is_required else f", {name}=__default_{name}"
        value = f"__make_{name}() if {name} is required else {name}" if of.default_factory else name
        statements += f" __set_{name}(self, {value});"
    exec(f"def __init__({parameters}):{statements}", known)
    initialiser: Callable[..., None] = known["__init__"]
    return initialiser


def _comparison(compared: list[str]) -> tuple[Callable[..., bool], Callable[..., int]]:
    """The __eq__ and __hash__ of a class."""
    of = attrgetter(*compared)

    def equal(self: object, other: object) -> bool:
        return bool(of(self) == of(other)) if other.__class__ is self.__class__ else NotImplemented

    return equal, lambda self: hash(of(self))


class Value(metaclass=_ValueType):
    """The base of all values: a subclass has the fields that its body annotates, and its instances do not change. Two
    are equal if they are of one class and all fields that compare are."""

    if TYPE_CHECKING:
        _fields: ClassVar[Mapping[str, _Field]]

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be set: a value is frozen")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be deleted: a value is frozen")

    def __repr__(self) -> str:
        shown = (f"{name}={getattr(self, name)!r}" for name, of in self._fields.items() if of.compare)
        return f"{type(self).__qualname__}({', '.join(shown)})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(getattr(self, name) for name in self._fields)


if not TYPE_CHECKING:

    def replace(value, /, **changes):
        """A value with other values for some fields."""
        return type(value)(**{name: getattr(value, name) for name in value._fields} | changes)
