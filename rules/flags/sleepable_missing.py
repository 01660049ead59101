from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.facts.sets import Entry
from kfunclint.finding import Level, Remark
from kfunclint.flow.account import Use
from kfunclint.flow.questions import uses
from kfunclint.flow.terms import Term
from kfunclint.kernel.kernel import Kernel
from kfunclint.resources import table
from kfunclint.rule.fixes import add_flag
from kfunclint.rule.reasons import way_to
from kfunclint.rule.rule import rule

# a call under a condition that asks such a thing is made only where it may sleep
_ASKS_CONTEXT = ("sleep", "atomic", "preempt", "in_task", "in_nmi", "irqs", "blocking", "gfp", "lock_held")

# sets for syscall programs alone, and for what these set up for others
_NAMES_OF_SYSCALL_SETS = ("syscall", "init")


@rule(
    Kfunc,
    Level.WARNING,
    needs_body=True,
    in_tests=True,
    since="6.1",
    contract=("B8", "B16"),
    see="kernel/bpf/verifier.c: check_kfunc_call()",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc may sleep and is registered without KF_SLEEPABLE.

    The verifier keeps a kfunc out of programs that must not sleep, and out of RCU sections and locks, only for
    KF_SLEEPABLE. Without it a program that runs in an interrupt or under a spin lock calls a function that schedules.
    A set that is registered for BPF_PROG_TYPE_SYSCALL alone needs no flag: all such programs may sleep. Where the
    registration is out of view, that is told by the name of the set.

    Bad:
        BTF_ID_FLAGS(func, bpf_foo_flush)                 (bpf_foo_flush() takes a mutex)
    Good:
        BTF_ID_FLAGS(func, bpf_foo_flush, KF_SLEEPABLE)
    """
    del kernel
    entries = [entry for entry in kfunc.entries if _lets_others_call(entry)]
    if not entries:
        return
    why = next(((use, words) for use in uses(kfunc.account, "call") if (words := _sleeps(kfunc, use))), None)
    if why is None:
        return
    use, words = why
    inside = "".join(f"calls {caller.text}(), which " for caller in use.calls)
    because = way_to(kfunc, use, "it may sleep here")
    for entry in entries:
        yield Remark(
            entry.at,
            f"{kfunc.name}() {inside}{words}, which may sleep, but is registered without KF_SLEEPABLE, "
            "so programs that must not sleep can call it",
            because,
            add_flag(entry, "KF_SLEEPABLE"),
            or_at=(*map(kfunc.place, use.calls), kfunc.place(use.node)),
            here="registered here",
        )


def _lets_others_call(entry: Entry) -> bool:
    """Lacks it the flag, in a set that is registered, as far as is in view, for programs that may not sleep?"""
    if entry.flags is None or entry.flag("KF_SLEEPABLE") or entry.set is None or entry.set.is_fmodret:
        return False
    if not entry.set.registrations:
        return entry.set.is_kfuncs and not any(word in entry.set.name for word in _NAMES_OF_SYSCALL_SETS)
    always = table("sleeping")["always"]["types"]
    return any(registration.program_type not in always for registration in entry.set.registrations)


def _sleeps(kfunc: Kfunc, use: Use) -> str:
    """What a call does that sleeps, in words; "" if it does not, or the kfunc asked whether it may."""
    if any(word in one.text for one in use.path.asked for word in _ASKS_CONTEXT):
        return ""
    name, given = use.node.text, use.term.kids
    row = kfunc.behaviour(name)
    if row.always:
        faults_only = any(lock.unlock == "pagefault_enable" for lock in use.path.deeds.held)
        return "" if faults_only else f"calls {name}()"
    if row.without_flags is not None and row.without_flags == len(given):
        return f"calls {name}() with GFP_KERNEL, as it gives no flags"
    names = {flag for term in given for flag in _flags(term)}
    flag = next((flag for flag in table("sleeping")["flags"]["names"] if flag in names), "")
    return f"calls {name}() with {flag}" if flag and name else ""


def _flags(term: Term) -> Iterator[str]:
    """The names that a value is made of; none where ~ takes away what lets it sleep."""
    masks = [part for part in term.parts if part.kind == "op" and part.text == "~"]
    if not any(one.kind == "global" and "RECLAIM" in one.text for mask in masks for one in mask.parts):
        yield from (part.text for part in term.parts if part.kind == "global")
