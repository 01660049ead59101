from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.facts.sets import Entry
from kfunclint.finding import Level, Reason, Remark
from kfunclint.flow.questions import NullReturn, null_returns
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.fixes import add_flag
from kfunclint.rule.rule import rule

# the verifier makes this one's result untrusted by name, so reading through NULL only faults softly
_UNTRUSTED_BY_NAME = frozenset({"bpf_get_kmem_cache"})
_MOST_PLACES = 3  # where it becomes NULL or is returned
_NOTES = {"literal": "the NULL comes from here", "test": "it is NULL on a branch of this test"}


@rule(
    Kfunc,
    Level.WARNING,
    error_since="7.0",
    needs_body=True,
    contract=("B1",),
    see="kernel/bpf/verifier.c: check_kfunc_call()",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc can return NULL and is registered without KF_RET_NULL.

    The verifier adds PTR_MAYBE_NULL to the result only for KF_RET_NULL. Without it a program may use the pointer
    unchecked. Up to 6.19 a load through such a struct pointer reads zeros, yet the pointer can be handed to other
    kfuncs; since 7.0 it is trusted, the load is a plain one, and NULL crashes the kernel.

    A `void *` result is a number to the verifier, and an iterator's next is known to end in NULL: both are left alone.

    Bad:
        BTF_ID_FLAGS(func, bpf_foo_get, KF_ACQUIRE)
    Good:
        BTF_ID_FLAGS(func, bpf_foo_get, KF_ACQUIRE | KF_RET_NULL)
    """
    del kernel
    signature = kfunc.signature
    if not signature.returns_pointer or signature.returns_void_pointer or kfunc.name in _UNTRUSTED_BY_NAME:
        return
    nulls = null_returns(kfunc.account)
    entries = [entry for entry in kfunc.entries if _lacks_flag(entry)]
    if not nulls or not entries:
        return
    origin = _origin(kfunc, nulls[0])
    because = (*origin, *(_returned(kfunc, null) for null in nulls[: _MOST_PLACES - len(origin)]))
    for entry in entries:
        yield Remark(
            entry.at,
            f"{kfunc.name}() can return NULL but is registered without KF_RET_NULL, "
            "so the verifier lets programs use the result unchecked",
            because,
            add_flag(entry, "KF_RET_NULL"),
            or_at=tuple(kfunc.place(null.node) for null in nulls[:_MOST_PLACES]),
            here="registered here",
        )


def _origin(kfunc: Kfunc, null: NullReturn) -> tuple[Reason, ...]:
    """Where what is returned becomes NULL, if not in the return statement itself."""
    if null.source.line == null.node.line or null.kind not in _NOTES:
        return ()
    return (Reason(kfunc.place(null.source), _NOTES[null.kind]),)


def _returned(kfunc: Kfunc, null: NullReturn) -> Reason:
    return Reason(
        kfunc.place(null.node), f"NULL is returned here if {null.when}" if null.when else "NULL is returned here"
    )


def _lacks_flag(entry: Entry) -> bool:
    if entry.flags is None or (entry.set is not None and entry.set.is_fmodret):
        return False
    return entry.flag("KF_RET_NULL") is None and entry.flag("KF_ITER_NEXT") is None
