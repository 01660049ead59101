from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Reason, Remark
from kfunclint.flow.queries import calls, counted, returns
from kfunclint.kernel.kernel import Kernel
from kfunclint.resources import table
from kfunclint.rule.fixes import add_flag
from kfunclint.rule.rule import rule


@rule(Kfunc, Level.WARNING, needs_body=True, contract=("B6",), see="kernel/bpf/verifier.c: check_kfunc_call()")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc returns what it took a reference on and lacks KF_ACQUIRE.

    Only KF_ACQUIRE makes the verifier insist that the program gives the reference back. Without it every call leaks
    one, and the object is never freed.

    Bad:
        BTF_ID_FLAGS(func, bpf_foo_get, KF_RET_NULL)      (bpf_foo_get() returns foo after refcount_inc(&foo->refs))
    Good:
        BTF_ID_FLAGS(func, bpf_foo_get, KF_ACQUIRE | KF_RET_NULL)
    """
    del kernel
    entries = [entry for entry in kfunc.entries if entry.flags is not None and not entry.flag("KF_ACQUIRE")]
    entries = [entry for entry in entries if not entry.flag("KF_ITER_NEXT") and entry.set and not entry.set.is_fmodret]
    if not kfunc.signature.returns_pointer or not entries:
        return
    assert kfunc.definition.body is not None
    made = calls(kfunc.definition.body)
    returned = {found.value.text: found.node for found in returns(kfunc.definition.body) if found.value.kind == "name"}
    for call in made:
        name = counted(call.node) if call.node.text in table("plain_gets") else None
        if name is None or name not in returned or any(_gives_back(other.node.text) for other in made):
            continue
        at = kfunc.place(call.node)
        for entry in entries:
            yield Remark(
                entry.at,
                f"{kfunc.name}() returns {name} with a reference that it took, but is registered without KF_ACQUIRE, "
                "so no program has to give it back",
                (Reason(at, "the reference is taken here"), Reason(kfunc.place(returned[name]), "returned here")),
                Fix("add KF_ACQUIRE", add_flag(entry, "KF_ACQUIRE")),
                or_at=(at,),
            )
        return


def _gives_back(function: str) -> bool:
    return function.endswith(("_put", "_release", "_dec", "_free")) or function.startswith(("put_", "kref_put"))
