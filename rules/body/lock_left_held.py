from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Remark
from kfunclint.flow.deeds import Lock
from kfunclint.flow.questions import calls, fails, outcomes
from kfunclint.flow.terms import ZERO
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.reasons import about_return, seen
from kfunclint.rule.rule import rule

# such a kfunc may hand the lock on to its caller
_HANDS_ON = ("lock", "disable", "save", "enter", "begin", "start")
_MAY_HOLD = ("acquire", "get", "hold", "grab", "pin", "freeze", "stop")


@rule(Kfunc, Level.WARNING, needs_body=True, see="rules/tables/functions.toml")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc leaves a lock held.

    On one path the lock, or the RCU read section, is given back, and on the one that is named the kfunc returns an
    error, or nothing, without; or no path gives it back. Programs cannot do it: the next one who wants the lock waits
    for ever, and an RCU grace period never ends.

    A kfunc is left alone if locking is what it is for, by its name or as the constructor of an iterator.

    Bad:
        rcu_read_lock();
        foo = rcu_dereference(head->foo);
        if (!foo)
                return -ENOENT;
        id = foo->id;
        rcu_read_unlock();
    Good:
        if (!foo) {
                rcu_read_unlock();
                return -ENOENT;
        }
    """
    del kernel
    if kfunc.has("KF_ITER_NEW") or kfunc.has("KF_ITER_NEXT") or any(word in kfunc.name for word in _HANDS_ON):
        return
    yield from _never_given_back(kfunc)
    given_back = {(use.node.text, use.term.kids[0] if use.term.kids else ZERO) for use in calls(kfunc.account)}
    said: set[tuple[int, int]] = set()
    for outcome in outcomes(kfunc.account):
        if outcome.node is None or not fails(outcome):
            continue
        for lock in outcome.path.deeds.held:
            taken = lock.taken.node
            key = (outcome.node.line, taken.line)
            if (lock.unlock, lock.what) not in given_back or key in said or lock.unlock.startswith("unguard"):
                continue
            said.add(key)
            yield about_return(
                kfunc,
                outcome,
                f"{kfunc.name}() returns here without {lock.unlock}(), which it calls on other paths",
                Fix(f"call {lock.unlock}() first"),
                origin=seen(kfunc, taken, "taken here"),
                behind=taken,
                or_at=(kfunc.place(taken),),
            )


def _never_given_back(kfunc: Kfunc) -> Iterator[Remark]:
    """The locks that are held wherever the kfunc returns, and that neither it nor a function beside it gives back."""
    ends = [outcome.path.deeds for outcome in outcomes(kfunc.account)]
    may_hold = any(word in kfunc.name for word in _MAY_HOLD)
    if not ends or may_hold or any(deeds.loosed or deeds.unlocked for deeds in ends):
        return
    called = {use.node.text for use in calls(kfunc.account)}
    for lock in ends[0].held:
        is_held = all(_holds(deeds.held, lock) for deeds in ends)
        if lock.unlock in called or lock.unlock.startswith("unguard") or not is_held or _is_handed_on(kfunc, lock):
            continue
        taken = lock.taken.node
        yield Remark(
            kfunc.place(taken),
            f"{kfunc.name}() calls {taken.text}() and on no path {lock.unlock}()",
            fix=Fix(f"call {lock.unlock}() before it returns"),
            or_at=(kfunc.at,),
        )


def _holds(held: tuple[Lock, ...], lock: Lock) -> bool:
    return any((one.unlock, one.what) == (lock.unlock, lock.what) for one in held)


def _is_handed_on(kfunc: Kfunc, lock: Lock) -> bool:
    """Does a function of the file give back such a lock that it has not taken?"""
    accounts = kfunc.definition.accounts
    others = (accounts.of(name, function.body) for name, function in accounts.functions.items())
    return any(
        other is None or any(unlock == lock.unlock for end in outcomes(other) for unlock, _ in end.path.deeds.unlocked)
        for other in others
    )
