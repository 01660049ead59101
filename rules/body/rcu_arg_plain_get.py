from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Reason, Remark
from kfunclint.flow.questions import calls, parameter
from kfunclint.flow.terms import base_pointer
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule


@rule(
    Kfunc,
    Level.WARNING,
    needs_body=True,
    since="6.2",
    contract=("B7",),
    see="kernel/bpf/verifier.c: check_kfunc_args(); Documentation/bpf/kfuncs.rst: KF_RCU",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A KF_RCU kfunc takes a reference on its argument without a try.

    KF_RCU lets programs pass an object that is only protected by RCU: its memory is there, its reference count may
    already be zero. A plain get then revives an object that is being freed.

    Bad:
        refcount_inc(&foo->refs);
        return foo;
    Good:
        if (!refcount_inc_not_zero(&foo->refs))
                return NULL;
        return foo;
    """
    del kernel
    flag = next((flag for entry in kfunc.entries if (flag := entry.flag("KF_RCU"))), None)
    if flag is None:
        return
    said: set[int] = set()
    for use in calls(kfunc.account):
        row = kfunc.behaviour(use.node.text)
        if not row.instead or row.takes is None or len(use.term.kids) <= row.takes or id(use.node) in said:
            continue
        own = parameter(kfunc.signature.parameters, base_pointer(use.term.kids[row.takes]))
        if own is not None:
            said.add(id(use.node))
            yield Remark(
                kfunc.place(use.node),
                f"{kfunc.name}() takes a reference with {use.node.text}(), but with KF_RCU the count of {own.name} "
                "may be zero already: the object is used after it is freed",
                (Reason(flag.at, "registered here"),),
                Fix(f"use {row.instead}() and return NULL if it fails", needs="KF_RET_NULL"),
                or_at=(flag.at,),
                here="taken here",
            )
