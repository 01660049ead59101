"""A Value is what a frozen dataclass with slots would be."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections.abc import Callable
from functools import cached_property

import pytest

from kfunclint.value import Value, field, replace


class Point(Value):
    """A point."""

    x: int
    y: int = 2
    notes: list[str] = field(default_factory=list, compare=False)

    @property
    def total(self) -> int:
        return self.x + self.y


class Named(Point):
    name: str = ""

    @cached_property
    def shout(self) -> str:
        return self.name.upper()


class Itself(Value):
    x: int

    __eq__ = object.__eq__
    __hash__ = object.__hash__


def test_it_is_made_by_position_and_by_name() -> None:
    assert (Point(1).x, Point(1).y, Point(1, 3).total, Named(1, name="a").shout) == (1, 2, 4, "A")
    with pytest.raises(TypeError, match="'x'"):
        Point()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="'z'"):
        Point(1, z=2)  # type: ignore[call-arg]


def test_a_default_that_changes_is_made_anew() -> None:
    first, second = Point(1), Point(1)
    first.notes.append("mine")
    assert (first.notes, second.notes) == (["mine"], [])


@pytest.mark.parametrize(
    "change",
    [
        lambda point: setattr(point, "x", 2),
        lambda point: setattr(point, "more", 2),
        lambda point: delattr(point, "x"),
    ],
)
def test_it_is_frozen(change: Callable[[Point], None]) -> None:
    point = Point(1)
    with pytest.raises(AttributeError, match="frozen"):
        change(point)
    assert point == Point(1)


def test_it_is_equal_by_its_class_and_the_fields_that_compare() -> None:
    assert Point(1, notes=["a"]) == Point(1, notes=["b"])
    assert hash(Point(1)) == hash(Point(1, 2))
    assert len({Point(1), Point(1), Point(2)}) == 2
    assert Point(1) != Point(2)
    assert Point(1) != Named(1)
    assert Itself(1) != Itself(1)


def test_a_change_gives_another_one_of_its_class() -> None:
    named = Named(1, name="a")
    assert replace(named, y=5) == Named(1, 5, name="a")
    assert named == Named(1, name="a")
    with pytest.raises(TypeError):
        replace(named, z=1)  # type: ignore[call-arg]


@pytest.mark.parametrize("made", [lambda value: pickle.loads(pickle.dumps(value)), copy.copy, copy.deepcopy])
def test_it_is_copied_with_all_fields(made: Callable[[Named], Named]) -> None:
    value = Named(1, 3, ["a"], "b")
    copied = made(value)
    assert (copied, copied.notes, type(copied)) == (value, ["a"], Named)


def test_it_shows_what_makes_it_equal() -> None:
    assert repr(Named(1, name="a")) == "Named(x=1, y=2, name='a')"


def test_it_can_be_matched() -> None:
    match Point(1, 3):
        case Point(x, y):
            assert (x, y) == (1, 3)


def test_it_has_slots() -> None:
    assert not hasattr(Point(1), "__dict__")


def test_its_start_is_cheap() -> None:
    code = "import sys, kfunclint.value; print({'dataclasses', 'inspect'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_fields_may_be_named_like_what_sets_them() -> None:
    class Placed(Value):
        at: int
        set_at: int
        default_at: int = 3

    assert (Placed(1, 2).at, Placed(1, 2).set_at, Placed(1, 2).default_at) == (1, 2, 3)
