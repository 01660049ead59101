from collections.abc import Iterator

from kfunclint.c.syntax import Function, bare
from kfunclint.facts.kfunc import Kfunc
from kfunclint.facts.sets import Listing
from kfunclint.finding import Fix, Level, Reason, Remark
from kfunclint.flow.deeds import Made
from kfunclint.flow.questions import outcomes
from kfunclint.flow.terms import base_pointer
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.reasons import seen
from kfunclint.rule.rule import rule

# what others may get at once; a cache may be SLAB_TYPESAFE_BY_RCU, so kmem_cache_free() is not among them
_AT_ONCE = {
    "kfree": "kfree_rcu", "kvfree": "kvfree_rcu", "kfree_sensitive": "call_rcu", "bpf_mem_free": "bpf_mem_free_rcu",
    "bpf_mem_cache_free": "bpf_mem_cache_free_rcu",
}  # fmt: skip


@rule(
    Kfunc,
    Level.WARNING,
    strict=True,
    needs_body=True,
    since="6.2",
    see="kernel/bpf/verifier.c: check_kfunc_args(); kernel/bpf/cpumask.c: bpf_cpumask_release()",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc frees at once what another kfunc takes under RCU.

    KF_RCU lets a program pass an object of which the last reference may have gone in the same RCU section: its memory
    must be there until all such sections have ended.

    Bad:
        if (refcount_dec_and_test(&foo->refs))
                kfree(foo);                               (bpf_foo_acquire() is KF_RCU)
    Good:
        if (refcount_dec_and_test(&foo->refs))
                kfree_rcu(foo, rcu);
    """
    del kernel
    deeds = [outcome.path.deeds for outcome in outcomes(kfunc.account)]
    freed = next((made for one in deeds for made in one.made if _frees(kfunc, made)), None)
    sharer = next(_sharers(kfunc), None) if freed is not None else None
    if freed is None or sharer is None:
        return
    yield Remark(
        kfunc.place(freed.call.node),
        f"{kfunc.name}() frees with {freed.name}() at once what {sharer.name}() takes under RCU",
        (Reason(sharer.at, "programs may pass it an object that is only protected by RCU"),),
        Fix(f"free it with {_AT_ONCE[freed.name]}()"),
        or_at=(kfunc.at, sharer.at),
        here=seen(kfunc, freed.call.node, "freed here").note,
    )


def _frees(kfunc: Kfunc, made: Made) -> bool:
    """Does a call free the object that the kfunc is there to give back?"""
    parameters = kfunc.signature.parameters
    if not kfunc.has("KF_RELEASE") or not parameters or made.name not in _AT_ONCE:
        return False
    given = [base_pointer(made.given[at]) for at in made.row.frees if at < len(made.given)]
    return any(term.kind == "param" and term.text == parameters[0].name for term in given)


def _sharers(kfunc: Kfunc) -> Iterator[Listing]:
    """The kfuncs of its sets that take the same object, with KF_RCU."""
    functions = kfunc.definition.accounts.functions
    for entry in kfunc.entries:
        for other in entry.set.entries if entry.set is not None else ():
            if other.flag("KF_RCU") and other.name in functions and _takes(functions[other.name], kfunc):
                yield other


def _takes(function: Function, kfunc: Kfunc) -> bool:
    object_ = bare(kfunc.signature.parameters[0].type)
    return any(bare(one.type) == object_ for one in function.parameters)
