from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Edit, Fix, Level, Place, Reason, Remark
from kfunclint.flow.account import Outcome
from kfunclint.flow.questions import outcomes
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
    said: set[int] = set()
    for outcome in outcomes(kfunc.account):
        note = _error(kfunc, outcome)
        if outcome.node is None or note is None or outcome.node.line in said:
            continue
        said.add(outcome.node.line)
        calls = kfunc.definition.error_pointer_returns
        at, cause = kfunc.place(outcome.node), _cause(kfunc, outcome)
        yield Remark(
            at,
            f"{kfunc.name}() can return an error pointer, which programs cannot tell from a valid one: "
            "the verifier knows only NULL",
            (Reason(cause, note),) if cause.line != at.line else (),
            Fix("return NULL instead", tuple(Edit(call, "NULL") for call in calls if call.line == at.line)),
            or_at=(cause,),
        )


def _error(kfunc: Kfunc, outcome: Outcome) -> str | None:
    """How what is returned is an error pointer; None if it is none for certain, or something asked."""
    if outcome.value is None:
        return None
    known = outcome.path.known(outcome.value)
    if known.error:
        return "made here" if outcome.value.text in ("ERR_PTR", "ERR_CAST") else "an error pointer on this branch"
    if outcome.value.kind != "call" or known.error is False or known.is_zero:
        return None
    row = kfunc.behaviour(outcome.value.text)
    tested = any(one.kind == "call" and one.text.startswith("IS_ERR") for one in outcome.path.asked)
    return f"an error pointer if {row.error}" if row.error and not tested else None


def _cause(kfunc: Kfunc, outcome: Outcome) -> Place:
    """The test that says that it is an error pointer, or where it was made."""
    assert outcome.value is not None
    assert outcome.node is not None
    own = [one.node for one in outcome.path.decisions if outcome.value in one.term.parts and not one.foreign]
    if own and outcome.value.text not in ("ERR_PTR", "ERR_CAST"):
        return kfunc.place(own[-1])
    if outcome.value.site:
        line, column = outcome.value.site[-1]
        return Place(kfunc.at.path, line, column, column + max(len(outcome.value.text), 1))
    return kfunc.place(outcome.node)
