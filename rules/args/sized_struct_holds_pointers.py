from collections.abc import Iterator

from kfunclint.c.syntax import Parameter, bare
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Reason, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.kernel.suffixes import SIZES, suffix
from kfunclint.resources import table
from kfunclint.rule.rule import rule


@rule(
    Kfunc,
    Level.ERROR,
    since="7.3",
    contract=("S9",),
    see="kernel/bpf/verifier.c: get_kfunc_arg_type(), __btf_type_is_scalar_struct()",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A struct with its size behind it holds more than numbers.

    With a size behind it an argument is memory of the program, which a program could fill as it likes. So the struct
    may hold numbers, arrays of them and, up to four deep, structs of these, but no pointer. Up to 7.2 a kernel object
    could be passed there, whose size nobody looked at; since 7.3 the verifier refuses the kfunc. What the struct holds
    is read from the headers of the tree, so without a tree nothing is said.

    Bad:
        __bpf_kfunc int bpf_foo_set(struct foo *foo, struct foo_opts *opts, u32 opts__sz)     (with: char *name;)
    Good:
        __bpf_kfunc int bpf_foo_set(struct foo *foo, struct foo_opts *opts, u32 opts__sz)     (with: char name[16];)
    """
    if not kfunc.is_called or kfunc.types is None:
        return
    for parameter, size in zip(kfunc.signature.parameters, kfunc.signature.parameters[1:], strict=False):
        pointer, named = kfunc.types.get(parameter.type), suffix(size.name, kernel)
        struct = pointer.target if pointer else None
        if named is None or named.name not in SIZES or not size.is_scalar or _is_no_memory(parameter, kernel):
            continue
        if struct is not None and struct.kind in ("struct", "union") and struct.scalars is False:
            yield Remark(
                parameter.at or kfunc.at,
                f"{kfunc.name}() takes {parameter.name or 'a struct'} as memory of the program, by its {size.name}, "
                f"but {bare(parameter.type).removesuffix(' *')} holds more than numbers: every program that calls "
                "it is rejected",
                (Reason(size.at, "its size"),) if size.at else (),
                Fix(f"put only numbers into it, or drop {size.name}"),
                or_at=kfunc.alternate_places,
            )


def _is_no_memory(parameter: Parameter, kernel: Kernel) -> bool:
    """Does the verifier make something else of it, by its type or its name, before it looks for a size?"""
    named = suffix(parameter.name, kernel)
    special = bare(parameter.type).removesuffix(" *") in table("special")["context"]["types"]
    return special or parameter.may_be_implicit or (named is not None and named.name != "__nullable")
