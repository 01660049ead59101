from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Edit, Fix, Level, Reason, Remark
from kfunclint.flow.account import Use
from kfunclint.flow.questions import uses
from kfunclint.kernel.kernel import Kernel
from kfunclint.resources import table
from kfunclint.rule.rule import rule

# words of functions and macros behind which a kfunc must not sleep
_ATOMIC = ("lock", "rcu", "preempt", "irq", "bh_", "guard", "migrate", "nmi", "get_cpu", "begin", "enter")


@rule(
    Kfunc,
    Level.CHECK,
    needs_body=True,
    since="6.1",
    contract=("B16",),
    see="include/linux/gfp_types.h: GFP_ATOMIC; kernel/bpf/verifier.c: check_kfunc_call()",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc that may sleep allocates as if it must not.

    KF_SLEEPABLE keeps the kfunc out of all programs and sections that must not sleep. An allocation with GFP_ATOMIC
    takes from the reserves there for no reason, and one with GFP_NOWAIT fails where it need not. A kfunc that takes any
    lock, or opens any section, is left alone.

    Bad:
        foo = kzalloc(sizeof(*foo), GFP_ATOMIC);      (bpf_foo_create is registered KF_SLEEPABLE)
    Good:
        foo = kzalloc(sizeof(*foo), GFP_KERNEL);
    """
    del kernel
    flag = next((flag for entry in kfunc.entries if (flag := entry.flag("KF_SLEEPABLE"))), None)
    if flag is None or not all(entry.flag("KF_SLEEPABLE") for entry in kfunc.entries):
        return
    made = list(uses(kfunc.account, "call"))
    if any(word in use.node.text for use in made for word in _ATOMIC):
        return
    for use in made:
        name = _atomic_flag(kfunc, use)
        if name:
            words = [node for node in use.node.walk() if node.text == name]
            yield Remark(
                kfunc.place(use.node),
                f"{kfunc.name}() may sleep, but gives {name} to {use.node.text}(), which can only fail more often",
                (Reason(flag.at, "it may sleep by this flag"),),
                Fix(f"write GFP_KERNEL for {name}", tuple(Edit(kfunc.place(one), "GFP_KERNEL") for one in words)),
                or_at=(flag.at,),
                here="allocated here",
            )
            return


def _atomic_flag(kfunc: Kfunc, use: Use) -> str:
    """The flag that keeps an allocation in the kfunc itself from sleeping; "" for other calls."""
    row = kfunc.behaviour(use.node.text)
    if use.calls or row.gfp is None or row.gfp >= len(use.term.kids):
        return ""
    names = {part.text for part in use.term.kids[row.gfp].parts if part.kind == "global"}
    return next((name for name in table("sleeping")["atomic"]["names"] if name in names), "")
