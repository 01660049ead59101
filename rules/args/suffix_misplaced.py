from collections.abc import Iterator, Sequence

from kfunclint.c.syntax import Parameter, is_scalar
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.kernel.suffixes import SIZES, Suffix, suffix
from kfunclint.rule.rule import rule

_SORTS = {
    "number": "a number",
    "pointer": "a pointer",
    "dynptr": "a dynptr",
    "iterator": "an iterator",
    "map": "a map",
    "string": "a string",
}
_NOTHING = "it has no effect here"


@rule(
    Kfunc,
    Level.WARNING,
    contract=("4.2",),
    see="kernel/bpf/verifier.c: check_kfunc_args(); rules/tables/suffixes.toml",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A parameter has a suffix that is not for its type.

    Each suffix is for one sort of parameter: __k and __sz for numbers, __uninit for dynptrs (since 7.0 for whatever the
    kfunc overwrites), __iter for iterators, __nullable for pointers, __map for maps, __str for strings, __opt for a
    pointer that its size follows. On another one the verifier does not look for it; a few it believes, and what arrives
    is not what the type says.

    Bad:
        __bpf_kfunc int bpf_foo_set(struct foo *foo, u32 value__nullable)
    Good:
        __bpf_kfunc int bpf_foo_set(struct foo *foo, u32 value)
    """
    for index, parameter in enumerate(kfunc.signature.parameters if kfunc.is_called else ()):
        named = suffix(parameter.name, kernel)
        problem = (
            _problem(named, kernel, parameter, kfunc.signature.parameters[index + 1 : index + 2]) if named else None
        )
        if named and problem:
            wanted, effect = problem
            yield Remark(
                parameter.at or kfunc.at,
                f"{kfunc.name}() names a parameter {parameter.name}, but {named.name} is for {wanted}: {effect}",
                fix=Fix(f"drop {named.name}"),
                or_at=kfunc.alternate_places,
            )


def _problem(
    named: Suffix, kernel: Kernel, parameter: Parameter, following: Sequence[Parameter]
) -> tuple[str, str] | None:
    """What the suffix is for, if the parameter is surely something else, and what it then does."""
    on = named.sort(kernel)
    if on == "any" or not (parameter.is_pointer or parameter.is_scalar):
        return None
    if parameter.is_scalar and named.name.startswith("__arena"):
        return None  # flags/arena-without-pointer says it
    if parameter.is_scalar != (on == "number"):
        return _SORTS[on], _NOTHING
    points_to = parameter.pointee or ""
    known = points_to == "void" or is_scalar(points_to) or points_to.startswith(("struct ", "union "))
    if known and on == "dynptr" and not points_to.startswith("struct bpf_dynptr"):
        return _SORTS[on], _NOTHING
    if known and on == "iterator" and not points_to.startswith("struct bpf_iter_"):
        return _SORTS[on], "every program that calls it is rejected"
    if on in ("map", "string") and points_to.startswith(("struct ", "union ")) and points_to != "struct bpf_map":
        return _SORTS[on], f"programs pass {_SORTS[on]}, not a {points_to}"
    if named.name == "__opt" and not any((size := suffix(one.name)) and size.name in SIZES for one in following):
        return "a pointer with its __sz or __szk right behind it", _NOTHING
    return None
