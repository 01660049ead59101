"""Integer types as C spells them without typedefs, and what arithmetic makes of them (C11 6.3.1.8), on LP64."""

from __future__ import annotations

_SIZES = {"char": 1, "short": 2, "int": 4, "long": 8, "long long": 8, "_Bool": 1}
_INT = 4  # bytes; what is narrower is made an int before it is computed with
_TYPEDEFS = {
    "bool": "_Bool", "u8": "unsigned char", "u16": "unsigned short", "u32": "unsigned int", "u64": "unsigned long long",
    "s8": "signed char", "s16": "short", "s32": "int", "s64": "long long", "uint8_t": "unsigned char",
    "uint16_t": "unsigned short", "uint32_t": "unsigned int", "uint64_t": "unsigned long long",
    "size_t": "unsigned long", "ssize_t": "long", "gfp_t": "unsigned int", "uint": "unsigned int",
    "ulong": "unsigned long", "loff_t": "long long", "pid_t": "int", "pgoff_t": "unsigned long",
    "uintptr_t": "unsigned long", "unsigned": "unsigned int", "signed": "int",
}  # fmt: skip


def canonical(spelled: str) -> str:
    """An integer type without typedefs and qualifiers; "" for what is none, or not surely one."""
    words = [word for word in spelled.split() if word not in ("const", "volatile")]
    text = " ".join(words)
    text = _TYPEDEFS.get(text.removeprefix("__"), text)
    words = text.split()
    if "int" in words and len(words) > 1 and words != ["unsigned", "int"]:
        words.remove("int")
    text = " ".join(words)
    return text if width(text) else ""


def width(type_: str) -> int:
    """In bytes, 0 for what is no integer type of a known size."""
    return _SIZES.get(" ".join(word for word in type_.split() if word not in ("signed", "unsigned")), 0)


def is_unsigned(type_: str) -> bool:
    """Is it surely unsigned? A plain char is, in the kernel (Makefile: -funsigned-char)."""
    return type_.startswith("unsigned") or type_ in ("_Bool", "char")


def common(one: str, other: str) -> str:
    """The type in which two operands are computed or compared; "" if one of them is not known."""
    if not width(one) or not width(other):
        return ""
    one, other = (type_ if width(type_) >= _INT else "int" for type_ in (one, other))
    if width(one) != width(other):
        return one if width(one) > width(other) else other
    return one if is_unsigned(one) else other


def largest(type_: str) -> int:
    """The largest value of a type of known width."""
    return (1 << (width(type_) * 8 - (not is_unsigned(type_)))) - 1
