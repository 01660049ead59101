from collections.abc import Iterator

from kfunclint.c.syntax import Node
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Reason, Remark
from kfunclint.flow.queries import held_at_return
from kfunclint.kernel.kernel import Kernel
from kfunclint.resources import table
from kfunclint.rule.rule import rule

# such a kfunc may hand the lock on to its caller
_HANDS_ON = ("lock", "disable", "save", "enter", "begin", "start")


@rule(Kfunc, Level.WARNING, needs_body=True, see="rules/tables/locks.toml")
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
    assert kfunc.definition.body is not None
    pairs = table("locks")["pairs"]
    for found in held_at_return(kfunc.definition.body, pairs, kfunc.definition.helpers):
        if not _fails(found.value):
            continue
        at, taken = kfunc.place(found.node), kfunc.place(found.lock)
        yield Remark(
            at,
            f"{kfunc.name}() returns here without {pairs[found.lock.text]}(), which it calls on other paths",
            (Reason(taken, "taken here"),),
            Fix(f"call {pairs[found.lock.text]}() first"),
            or_at=(taken,),
        )


def _fails(value: Node | None) -> bool:
    """Is it nothing, NULL or an error? A kfunc that succeeds may leave the lock to a caller."""
    if value is None:
        return True
    if value.kind == "unary" and value.text == "-":
        return value.kids[0].kind == "name"
    return (value.kind == "call" and value.text in ("PTR_ERR", "ERR_PTR", "ERR_CAST")) or value.text == "0"
