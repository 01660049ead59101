from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Level, Reason, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.kernel.suffixes import suffix
from kfunclint.rule.rule import rule

_SUFFIXES = ("__arena", "__arena__nullable")


@rule(
    Kfunc,
    Level.WARNING,
    contract=("F30",),
    see="tools/bpf/resolve_btfids/main.c: is_arena_arg(), arena_tag_ptr()",
    flag="KF_ARENA_ARG1",
    error_since="7.3",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """KF_ARENA_RET, _ARG1, _ARG2 or __arena about something that is no pointer.

    The flag marks the result, the first or the second parameter as a pointer into an arena when BTF is made, and since
    7.3 the suffixes __arena and __arena__nullable mark any parameter. There is nothing to mark on a number; since 7.3
    that stops the build.

    Bad:
        __bpf_kfunc int bpf_foo_fill(u32 size)     with KF_ARENA_ARG1
    Good:
        __bpf_kfunc int bpf_foo_fill(void *page, u32 size)
    """
    if not kfunc.shows_all_parameters:
        return
    numbers = {"KF_ARENA_RET": kfunc.signature.returns_no_pointer}
    numbers |= {f"KF_ARENA_ARG{index}": one.is_scalar for index, one in enumerate(kfunc.signature.parameters[:2], 1)}
    for entry in kfunc.entries:
        for flag in entry.flags or ():
            if numbers.get(flag.name):
                what = "result" if flag.name == "KF_ARENA_RET" else f"argument {flag.name[-1]}"
                yield Remark(
                    flag.at,
                    f"{flag.name} marks the {what} of {kfunc.name}(), which is no pointer into an arena",
                    (Reason(kfunc.at, "its prototype"),),
                    or_at=(kfunc.at,),
                )
    for parameter in kfunc.signature.parameters if kfunc.is_called else ():
        named = suffix(parameter.name, kernel)
        if named and named.name in _SUFFIXES and parameter.is_scalar:
            yield Remark(
                parameter.at or kfunc.at,
                f"{named.name} marks {parameter.name} of {kfunc.name}(), which is no pointer into an arena",
                or_at=kfunc.alternate_places,
            )
