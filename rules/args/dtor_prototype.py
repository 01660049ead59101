from collections.abc import Iterator

from kfunclint.c.syntax import is_pointer, is_scalar
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Level, Place, Reason, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule


@rule(
    Kfunc,
    Level.ERROR,
    contract=("4.3 prototype",),
    see="kernel/bpf/btf.c: btf_check_dtor_kfuncs()",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A destructor is not a void function of one pointer.

    register_btf_id_dtor_kfuncs() compares the prototypes of all destructors that it is given, and registers none of
    them if one is wrong.

    Bad:
        __bpf_kfunc int bpf_foo_release_dtor(void *foo)
    Good:
        __bpf_kfunc void bpf_foo_release_dtor(void *foo)
    """
    del kernel
    if not kfunc.signature.is_exact or kfunc.destructor is None:
        return
    because = (Reason(kfunc.destructor.at, "listed as a destructor here"),)
    for at, problem in _problems(kfunc):
        yield Remark(
            at,
            f"{kfunc.name}() destroys {kfunc.destructor.object} but {problem}: "
            "the registration of all destructors fails",
            because,
            or_at=(kfunc.at, kfunc.destructor.at),
        )


def _problems(kfunc: Kfunc) -> Iterator[tuple[Place, str]]:
    if is_scalar(kfunc.signature.return_type) or is_pointer(kfunc.signature.return_type):
        yield kfunc.signature.return_place or kfunc.at, "does not return void"
    if len(kfunc.signature.parameters) != 1:
        yield kfunc.at, "does not take exactly one parameter"
    elif kfunc.signature.parameters[0].is_scalar:
        yield kfunc.signature.parameters[0].at or kfunc.at, "does not take a pointer"
