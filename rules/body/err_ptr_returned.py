from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Reason, Remark
from kfunclint.flow.queries import returns
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule


@rule(
    Kfunc,
    Level.WARNING,
    error_since="7.0",
    needs_body=True,
    contract=("B2",),
    see="kernel/bpf/verifier.c: check_kfunc_call()",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc returns an error pointer, and programs can only test for NULL.

    The verifier knows NULL and nothing else: KF_RET_NULL makes a program test for NULL, and an error pointer passes
    that test. The program then reads through it, or hands it to other kfuncs; since 7.0 a returned pointer is trusted
    and such a read crashes the kernel. Kfuncs turn an error pointer into NULL before they return.

    Bad:
        return ERR_PTR(-ENOENT);
    Good:
        return NULL;
    """
    del kernel
    if not kfunc.signature.returns_pointer:
        return
    assert kfunc.definition.body is not None
    for found in returns(kfunc.definition.body):
        if found.errors:
            at, cause = kfunc.place(found.node), kfunc.place(found.errors[0])
            note = "an error pointer on this branch" if found.errors[0].text == "IS_ERR" else "made here"
            yield Remark(
                at,
                f"{kfunc.name}() can return an error pointer, which programs cannot tell from a valid one: "
                "the verifier knows only NULL",
                (Reason(cause, note),) if cause.line != at.line else (),
                Fix("return NULL instead"),
                or_at=(cause,),
            )
