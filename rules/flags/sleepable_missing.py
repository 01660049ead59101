from collections.abc import Iterator, Mapping
from typing import NamedTuple

from kfunclint.c.syntax import Node
from kfunclint.facts.kfunc import Kfunc
from kfunclint.facts.sets import Entry
from kfunclint.finding import Fix, Level, Reason, Remark
from kfunclint.flow.queries import Call, calls
from kfunclint.kernel.kernel import Kernel
from kfunclint.resources import table
from kfunclint.rule.fixes import add_flag
from kfunclint.rule.rule import rule

# a call under a condition that asks such a thing is made only where it may sleep
_ASKS_CONTEXT = ("sleep", "atomic", "preempt", "in_task", "in_nmi", "irqs", "blocking", "gfp", "lock_held")


@rule(
    Kfunc,
    Level.WARNING,
    needs_body=True,
    since="6.1",
    contract=("B8", "B16"),
    see="kernel/bpf/verifier.c: check_kfunc_call()",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc may sleep and is registered without KF_SLEEPABLE.

    The verifier keeps a kfunc out of programs that must not sleep, and out of RCU sections and locks, only for
    KF_SLEEPABLE. Without it a program that runs in an interrupt or under a spin lock calls a function that schedules.
    A set that is registered for BPF_PROG_TYPE_SYSCALL alone needs no flag: all such programs may sleep.

    Bad:
        BTF_ID_FLAGS(func, bpf_foo_flush)                 (bpf_foo_flush() takes a mutex)
    Good:
        BTF_ID_FLAGS(func, bpf_foo_flush, KF_SLEEPABLE)
    """
    del kernel
    entries = [entry for entry in kfunc.entries if _lets_others_call(entry)]
    if not entries:
        return
    assert kfunc.definition.body is not None
    why = next(
        (
            words
            for call in calls(kfunc.definition.body)
            if (words := _sleeps(call, kfunc.definition.helpers)) is not None
        ),
        None,
    )
    if why is None:
        return
    *callers, node = why.calls
    because = (
        *(Reason(kfunc.place(caller), f"{caller.text}() is called here") for caller in callers),
        Reason(kfunc.place(node), "it may sleep here"),
    )
    for entry in entries:
        yield Remark(
            entry.at,
            f"{kfunc.name}() {why.what}, which may sleep, but is registered without KF_SLEEPABLE, "
            "so programs that must not sleep can call it",
            because,
            Fix("add KF_SLEEPABLE", add_flag(entry, "KF_SLEEPABLE")),
            or_at=tuple(reason.at for reason in because),
        )


def _lets_others_call(entry: Entry) -> bool:
    """Lacks it the flag, in a set that is registered, as far as is in view, for programs that may not sleep?"""
    if entry.flags is None or entry.flag("KF_SLEEPABLE") or entry.set is None or entry.set.is_fmodret:
        return False
    always = table("sleeping")["always"]["types"]
    return any(registration.program_type not in always for registration in entry.set.registrations)


class _Sleep(NamedTuple):
    """The calls in one another, the last of which sleeps, and what that is in words."""

    calls: tuple[Node, ...]
    what: str


def _sleeps(call: Call, helpers: Mapping[str, Node]) -> _Sleep | None:
    """What a call, or a static function of the file that it calls, does that sleeps."""
    if any(word in condition.text for condition in call.known for word in _ASKS_CONTEXT):
        return None
    if call.node.text in helpers:
        inner = (_sleeps(other, {}) for other in calls(helpers[call.node.text]))
        found = next(filter(None, inner), None)
        return _Sleep((call.node, *found.calls), f"calls {call.node.text}(), which {found.what}") if found else None
    known = table("sleeping")
    if call.node.text in known["calls"]["names"]:
        return _Sleep((call.node,), f"calls {call.node.text}()")
    if known["defaulted"].get(call.node.text) == len(call.node.kids):
        return _Sleep((call.node,), f"calls {call.node.text}() with GFP_KERNEL, as it gives no flags")
    names = {node.text for argument in call.node.kids for node in argument.walk() if node.kind == "name"}
    flag = next((flag for flag in known["flags"]["names"] if flag in names), None)
    return _Sleep((call.node,), f"calls {call.node.text}() with {flag}") if flag and call.node.text else None
