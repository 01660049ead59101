"""What the spelling of a type tells."""

from __future__ import annotations

import pytest

from kfunclint.c.syntax import Parameter, is_aggregate, is_function_pointer, is_pointer, is_scalar, pointee


@pytest.mark.parametrize(
    "type_",
    ["int", "const u32", "unsigned long long", "enum foo", "bool", "gfp_t", "__be32", "size_t", "long unsigned"],
)
def test_numbers(type_: str) -> None:
    assert is_scalar(type_)
    assert not is_pointer(type_)
    assert not is_aggregate(type_)


@pytest.mark.parametrize("type_", ["foo_t", "wait_queue_head_t", "u32_pair", "typeof(x)", "", "void"])
def test_what_may_be_anything_is_neither(type_: str) -> None:
    assert not is_scalar(type_)
    assert not is_pointer(type_)
    assert not is_aggregate(type_)
    assert pointee(type_) is None


@pytest.mark.parametrize("type_", ["struct foo", "const union foo", "float", "double", "sockptr_t"])
def test_what_fits_no_register(type_: str) -> None:
    assert is_aggregate(type_)
    assert not is_scalar(type_)


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        ("void *", "void"),
        ("const void *", "void"),
        ("const struct foo *const", "struct foo"),
        ("struct foo**", "struct foo *"),
        ("const char *const *", "char *"),
        ("foo_t *", "foo_t"),
        ("int (*)(void *)", None),
    ],
)
def test_what_a_pointer_points_to(type_: str, expected: str | None) -> None:
    assert is_pointer(type_)
    assert pointee(type_) == expected


def test_function_pointers() -> None:
    assert is_function_pointer("int (*)(struct foo *)")
    assert is_function_pointer("bpf_callback_t")
    assert not is_function_pointer("struct foo *")
    assert not is_function_pointer("foo_fn_t")


def test_a_parameter_speaks_of_its_type() -> None:
    number, pointer = Parameter("size", "u32"), Parameter("foo", "const struct foo *")
    assert (number.is_scalar, number.is_pointer, number.pointee) == (True, False, None)
    assert (pointer.is_scalar, pointer.is_pointer, pointer.pointee) == (False, True, "struct foo")
