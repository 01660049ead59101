from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Edit, Fix, Level, Remark
from kfunclint.flow.account import Outcome
from kfunclint.flow.questions import outcomes
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.reasons import about_return, came_from
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
    said: set[int] = set()
    for outcome in outcomes(kfunc.account):
        note = _error(kfunc, outcome)
        if outcome.node is None or note is None or outcome.node.line in said:
            continue
        said.add(outcome.node.line)
        calls = (call for call in kfunc.definition.error_pointer_returns if call.line == outcome.node.line)
        origin = came_from(kfunc, outcome.value, note) if outcome.value is not None else None
        yield about_return(
            kfunc,
            outcome,
            f"{kfunc.name}() can return an error pointer, which programs cannot tell from a valid one: "
            "the verifier knows only NULL",
            Fix("return NULL instead", tuple(Edit(call, "NULL") for call in calls)),
            origin=origin,
            about=outcome.value,
            or_at=(origin.at,) if origin else (),
        )


def _error(kfunc: Kfunc, outcome: Outcome) -> str | None:
    """How what is returned is an error pointer; None if it is none for certain, or something asked."""
    if outcome.value is None:
        return None
    known = outcome.path.known(outcome.value)
    if known.error:
        return "made here" if outcome.value.text in ("ERR_PTR", "ERR_CAST") else "it comes from here"
    if outcome.value.kind != "call" or known.error is False or known.is_zero:
        return None
    row = kfunc.behaviour(outcome.value.text)
    tested = any(one.kind == "call" and one.text.startswith("IS_ERR") for one in outcome.path.asked)
    return f"an error pointer if {row.error}" if row.error and not tested else None
