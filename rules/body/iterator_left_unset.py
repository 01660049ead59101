from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Reason, Remark
from kfunclint.flow.questions import outcomes, returns_error
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.reasons import about_return
from kfunclint.rule.rule import rule


@rule(
    Kfunc,
    Level.WARNING,
    needs_body=True,
    flag="KF_ITER_NEW",
    contract=("B18",),
    see="kernel/bpf/verifier.c: process_iter_arg(); kernel/bpf/task_iter.c: bpf_iter_task_vma_new()",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """An iterator's constructor fails before it has set the iterator's state.

    The verifier takes the iterator as made whatever the constructor returns: the program goes on to call next, which
    must then give NULL, and destroy, which must then do nothing. On the path that is named both find what happened
    to lie on the program's stack.

    Bad:
        if (flags)
                return -EINVAL;
        kit->pos = NULL;
    Good:
        kit->pos = NULL;
        if (flags)
                return -EINVAL;
    """
    del kernel
    flag = next((flag for entry in kfunc.entries if (flag := entry.flag("KF_ITER_NEW"))), None)
    if flag is None or not kfunc.signature.parameters:
        return
    state = kfunc.signature.parameters[0].name
    for outcome in outcomes(kfunc.account):
        written = outcome.path.deeds.written
        if outcome.node is None or not returns_error(outcome):
            continue
        if any(term.kind == "param" and term.text == state for term in written):
            continue
        yield about_return(
            kfunc,
            outcome,
            f"{kfunc.name}() returns an error before it has set the iterator's state, "
            "and programs still call its next and destroy, which then read garbage",
            Fix("set the state to an empty one first"),
            origin=Reason(flag.at, "the constructor"),
        )
        return
