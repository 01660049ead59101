from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Remark
from kfunclint.flow.questions import calls, fails, outcomes
from kfunclint.flow.terms import ZERO
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.reasons import about_return, seen
from kfunclint.rule.rule import rule

# such a kfunc may hand the lock on to its caller
_HANDS_ON = ("lock", "disable", "save", "enter", "begin", "start")


@rule(Kfunc, Level.WARNING, needs_body=True, see="rules/tables/functions.toml")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc fails and leaves a lock held that it gives back elsewhere.

    On one path the lock, or the RCU read section, is given back, and on the one that is named the kfunc returns an
    error, or nothing, without. Programs cannot give it back: the next one who wants the lock waits for ever, and an RCU
    grace period never ends.

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
