from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.kernel.release import Release
from kfunclint.rule.rule import rule

_LAST_OF_KERN = Release(6, 1)
_FIRST_WITHOUT_KERN = Release(6, 12)


@rule(
    Kfunc,
    Level.ERROR,
    contract=("S13",),
    see="kernel/bpf/verifier.c: kf_arg_btf_ids; 6.1: kernel/bpf/btf.c: btf_check_func_arg_match()",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc takes a dynptr by a type that this kernel does not take for one.

    The verifier knows a dynptr by the type of the parameter alone. That is struct bpf_dynptr today, as programs see it,
    and was struct bpf_dynptr_kern in 6.1. With the other one the argument is plain memory: of the first it is refused,
    and of the second a program may make up the content.

    Bad:
        __bpf_kfunc int bpf_foo_write(struct foo *foo, struct bpf_dynptr_kern *data)
    Good:
        __bpf_kfunc int bpf_foo_write(struct foo *foo, struct bpf_dynptr *data)
    """
    if not kfunc.is_called:
        return
    kern = kernel.newest <= _LAST_OF_KERN
    right, wrong = ("bpf_dynptr_kern", "bpf_dynptr") if kern else ("bpf_dynptr", "bpf_dynptr_kern")
    if not kern and kernel.settled < _FIRST_WITHOUT_KERN:
        return
    effect = "a program may make up its content" if kern else "every program that calls it is rejected"
    for parameter in kfunc.signature.parameters:
        if parameter.pointee == f"struct {wrong}" and not parameter.name.endswith("__ign"):
            yield Remark(
                parameter.at or kfunc.at,
                f"{kfunc.name}() takes {parameter.name or 'a parameter'} as struct {wrong} *, which {kernel.release} "
                f"does not take for a dynptr: {effect}",
                fix=Fix(f"take struct {right} *"),
                or_at=kfunc.alternate_places,
            )
