from collections.abc import Iterator

from kfunclint.c.syntax import Parameter
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Reason, Remark
from kfunclint.flow.account import Use
from kfunclint.flow.questions import parameter, uses
from kfunclint.flow.terms import base_pointer
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.reasons import about_use
from kfunclint.rule.rule import rule


@rule(Kfunc, Level.WARNING, needs_body=True, see="kernel/bpf/verifier.c: check_kfunc_args()")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc writes through an argument that it declares const.

    The verifier goes by the const: a program may pass a dynptr that is read-only, or whose state it relies on, and
    whoever reads the prototype takes it that the object stays as it is. The compiler is silent because of the cast.

    Bad:
        __bpf_kfunc int bpf_foo_grow(const struct foo *foo)
        {
                struct foo_kern *kern = (struct foo_kern *)foo;

                kern->size++;
    Good:
        __bpf_kfunc int bpf_foo_grow(struct foo *foo)
    """
    del kernel
    written = next(((use, own) for use in uses(kfunc.account, "store") if (own := _const(kfunc, use))), None)
    if written is None:
        return
    use, own = written
    declared = own.at or kfunc.at
    yield about_use(
        kfunc,
        use,
        f"{kfunc.name}() writes through {own.name}, which it declares const",
        Fix(f"drop the const of {own.name}"),
        here="written here",
        origin=Reason(declared, "declared here"),
        or_at=(declared,),
    )


def _const(kfunc: Kfunc, use: Use) -> Parameter | None:
    """The parameter through which a store writes, if it is a pointer to something const."""
    base = base_pointer(use.term.kids[0]) if use.term.kids else None
    own = parameter(kfunc.signature.parameters, base)
    return own if own is not None and own.is_pointer and "const" in own.type.partition("*")[0].split() else None
