from collections.abc import Iterator

from kfunclint.c.syntax import Node
from kfunclint.facts.flag_names import FlagName
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Reason, Remark
from kfunclint.flow.account import Outcome
from kfunclint.flow.questions import calls, outcomes
from kfunclint.flow.terms import base_pointer
from kfunclint.kernel.kernel import Kernel
from kfunclint.kernel.program_types import sleepers_may_call
from kfunclint.kernel.release import Release
from kfunclint.resources import table
from kfunclint.rule.reasons import seen
from kfunclint.rule.rule import rule

_CHECKED_SINCE = Release(6, 18)
_KEPT: tuple[FlagName, ...] = ("KF_ACQUIRE", "KF_RCU_PROTECTED", "KF_ITER_NEXT")


@rule(
    Kfunc,
    Level.WARNING,
    needs_body=True,
    contract=("B10",),
    see="kernel/bpf/verifier.c: check_kfunc_call(); Documentation/RCU/whatisRCU.rst: rcu_dereference()",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc returns an RCU pointer behind the end of its own section.

    What rcu_dereference() gives is valid up to the end of the read section. A sleepable program runs outside of any
    other section, so the object may be freed before it looks at it. A reference that KF_ACQUIRE makes the program give
    back keeps the object; or else KF_RCU_PROTECTED keeps the call inside of a section of the program's own.

    It is said only of sets that are registered for programs that may sleep, and not where the kfunc takes a reference.

    Bad:
        rcu_read_lock();
        foo = rcu_dereference(head->foo);
        rcu_read_unlock();
        return foo;
    Good:
        BTF_ID_FLAGS(func, bpf_foo_get, KF_RCU_PROTECTED | KF_RET_NULL)
    """
    entries = [one for one in kfunc.entries if sleepers_may_call(one) and not any(map(one.flag, _KEPT))]
    if not entries or not kfunc.signature.returns_struct_pointer:
        return
    if any(_takes_reference(use.node) for use in calls(kfunc.account)):
        return
    for outcome in outcomes(kfunc.account):
        ended = _ended(outcome)
        if outcome.node is None or ended is None:
            continue
        scope = "guard" in ended[1].text
        given = seen(kfunc, ended[0], "the pointer comes from here")
        end = seen(kfunc, ended[1], "the section ends with the scope of this" if scope else "the section ends here")
        yield Remark(
            kfunc.place(outcome.node),
            f"{kfunc.name}() returns a pointer that only RCU protects, and its own read section ends before: "
            "a sleepable program may find the object freed",
            (given, end, Reason(entries[0].at, "registered here")),
            _fix(kernel),
            or_at=(given.at, end.at, *(entry.at for entry in entries)),
            here="returned here",
        )
        return


def _ended(outcome: Outcome) -> tuple[Node, Node] | None:
    """What gave the pointer that is returned, and what ended its section; None if nothing did."""
    if outcome.value is None or outcome.path.known(outcome.value).is_zero:
        return None
    term, deeds = base_pointer(outcome.value), outcome.path.deeds
    over = [(lease.source.node, end.node) for lease, end in deeds.over if lease.term == term]
    if deeds.guard is not None:
        over += [(lease.source.node, deeds.guard.node) for lease in deeds.leases if lease.term == term]
    return min(over, key=lambda pair: (pair[0].line, pair[0].column)) if over else None


def _takes_reference(call: Node) -> bool:
    return any(word in table("rcu")["references"]["names"] for word in call.text.split("_"))


def _fix(kernel: Kernel) -> Fix:
    reference = "take a reference on it and add KF_ACQUIRE"
    return Fix(f"{reference}, or add KF_RCU_PROTECTED" if kernel.settled >= _CHECKED_SINCE else reference)
