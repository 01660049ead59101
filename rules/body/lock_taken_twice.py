from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Remark
from kfunclint.flow.questions import uses
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.reasons import about_use, seen
from kfunclint.rule.rule import rule

_EXCLUSIVE = (
    "mutex_unlock", "spin_unlock", "raw_spin_unlock", "up_write", "write_unlock", "mmap_write_unlock", "unguard(mutex)",
    "unguard(spinlock", "unguard(raw_spinlock", "unguard(rwsem_write)",
)  # fmt: skip


_OF_GUARDS = {
    "unguard(mutex)": "mutex_unlock", "unguard(spinlock)": "spin_unlock", "unguard(raw_spinlock)": "raw_spin_unlock",
    "unguard(rwsem_write)": "up_write",
}  # fmt: skip


@rule(Kfunc, Level.WARNING, needs_body=True, see="Documentation/locking/mutex-design.rst")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc takes a lock that it holds already.

    Mutexes and spin locks are not recursive: whoever takes one twice waits for itself for ever.

    Bad:
        mutex_lock(&foo->lock);
        foo_sync(foo);                  (foo_sync() takes foo->lock, too)
    Good:
        mutex_lock(&foo->lock);
        __foo_sync(foo);
    """
    del kernel
    for use in uses(kfunc.account, "lock"):
        row = kfunc.behaviour(use.node.text)
        wanted = use.term, _plain(row.lock)
        held = next((one for one in use.path.deeds.held if (one.what, _plain(one.unlock)) == wanted), None)
        if held is not None and held.taken.node is use.node:
            continue  # in the next round of a loop: what gave it back may be out of view
        if held is None or row.tries or not row.lock.startswith(_EXCLUSIVE) or use.term.kind == "any":
            continue
        first = seen(kfunc, held.taken.node, "first taken here")
        yield about_use(
            kfunc,
            use,
            f"{kfunc.name}() takes a lock with {use.node.text}() that it holds already",
            Fix("take it once"),
            here="taken again here",
            origin=first,
            or_at=(first.at,),
        )
        return


def _plain(unlock: str) -> str:
    """What gives a lock back that a guard took."""
    return _OF_GUARDS.get(unlock, unlock)
