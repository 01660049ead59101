from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Level, Reason, Remark
from kfunclint.flow.questions import calls, outcomes
from kfunclint.flow.terms import Term
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.fixes import add_flag
from kfunclint.rule.rule import rule


@rule(
    Kfunc,
    Level.WARNING,
    needs_body=True,
    since="6.7",
    contract=("B19",),
    see="kernel/bpf/verifier.c: check_kfunc_call(), is_iter_new_kfunc()",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """An iterator keeps a pointer that is good for one call only.

    With KF_RCU the object lives as long as the RCU read section of the call. The constructor stores the pointer, and
    next reads through it later, when a sleepable program may have left the section. KF_RCU_PROTECTED binds the whole
    iteration to the section; a reference that destroy drops keeps the object.

    Bad:
        kit->foo = foo;       (bpf_iter_foo_new is registered KF_ITER_NEW | KF_RCU)
    Good:
        BTF_ID_FLAGS(func, bpf_iter_foo_new, KF_ITER_NEW | KF_RCU | KF_RCU_PROTECTED)
    """
    del kernel
    entries = [entry for entry in kfunc.entries if entry.has("KF_ITER_NEW", "KF_RCU")]
    if not entries or kfunc.has("KF_RCU_PROTECTED"):
        return
    handed = {part for call in calls(kfunc.account) for kid in call.term.kids for part in kid.parts}
    for parameter in kfunc.signature.parameters[1:]:
        term = Term("param", parameter.name)
        kept = any(term in outcome.path.deeds.kept for outcome in outcomes(kfunc.account))
        if parameter.is_struct_pointer and kept and term not in handed:
            for entry in entries:
                yield Remark(
                    entry.at,
                    f"{kfunc.name}() keeps {parameter.name} beyond the call without KF_RCU_PROTECTED or a reference, "
                    "so the object may be freed before next reads it",
                    (Reason(parameter.at or kfunc.at, "kept by the constructor"),),
                    add_flag(entry, "KF_RCU_PROTECTED"),
                    or_at=(kfunc.at,),
                )
            return
