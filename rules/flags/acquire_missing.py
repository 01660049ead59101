from collections.abc import Iterator

from kfunclint.c.syntax import Node
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Level, Reason, Remark
from kfunclint.flow.account import Outcome
from kfunclint.flow.deeds import Made
from kfunclint.flow.path import Path
from kfunclint.flow.questions import outcomes
from kfunclint.flow.terms import Term, base_pointer
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.fixes import add_flag
from kfunclint.rule.reasons import seen
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
    taken = next(filter(None, map(_taken, outcomes(kfunc.account))), None)
    if taken is None:
        return
    what, call, returned = taken
    begun = seen(kfunc, call, "the reference is taken here" if "reference" in what else "it comes from here")
    for entry in entries:
        yield Remark(
            entry.at,
            f"{kfunc.name}() returns {what}, but is registered without KF_ACQUIRE, so no program has to give it back",
            (begun, Reason(kfunc.place(returned), "returned here")),
            add_flag(entry, "KF_ACQUIRE"),
            or_at=(begun.at,),
            here="registered here",
        )


def _taken(outcome: Outcome) -> tuple[str, Node, Node] | None:
    """What is returned with a reference, the call that took it, and the return; None if nothing is."""
    if outcome.value is None or outcome.node is None:
        return None
    term, path = base_pointer(outcome.value), outcome.path
    known = path.known(term)
    if known.is_zero or known.error or any(term == released for released, _ in path.deeds.released):
        return None
    for made in reversed(path.deeds.made):
        what = _what(made, term, path)
        if what:
            return what, made.call.node, outcome.node
    return None


def _what(made: Made, term: Term, path: Path) -> str:
    """What a call made of a term, in words; "" if it neither took a reference on it nor gave it."""
    row = made.row
    if row.takes is not None and row.takes < len(made.given) and base_pointer(made.given[row.takes]) == term:
        if row.tries and path.truth(made.result) is not True:
            return ""
        name = term.text if term.kind in ("param", "global", "member") else "an object"
        return f"{name} with a reference that it took"
    if row.result and made.result == term and term not in path.deeds.kept:
        what = "memory that it allocated" if row.result == "new" else "a reference that it was given"
        return f"{what} with {made.name}()"
    return ""
