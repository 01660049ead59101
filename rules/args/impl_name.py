from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.resources import table
from kfunclint.rule.rule import rule


@rule(
    Kfunc,
    Level.CHECK,
    strict=True,
    since="7.0",
    contract=("4.2 _impl", "F31"),
    see="tools/bpf/resolve_btfids/main.c: process_kfunc_with_implicit_args()",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A new kfunc has a name that ends in _impl.

    Since 7.0 NAME_impl is what the build calls the whole prototype of a kfunc with KF_IMPLICIT_ARGS. A function of that
    name in the source is taken for the older convention, in which the arguments that programs do not pass were written
    out by hand.

    Bad:
        __bpf_kfunc int bpf_foo_start_impl(struct foo *foo, void *aux__ign)
    Good:
        __bpf_kfunc int bpf_foo_start(struct foo *foo, struct bpf_prog_aux *aux)     (with KF_IMPLICIT_ARGS)
    """
    del kernel
    if kfunc.is_called and kfunc.name.endswith("_impl") and kfunc.name not in table("special")["legacy_impl"]["names"]:
        yield Remark(
            kfunc.at,
            f"{kfunc.name}() ends in _impl, a name that since 7.0 belongs to the prototypes that the build makes for "
            "kfuncs with implicit arguments",
            fix=Fix("use KF_IMPLICIT_ARGS, or another name"),
            or_at=kfunc.alternate_places,
        )
