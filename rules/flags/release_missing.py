from collections.abc import Iterator

from kfunclint.c.syntax import Parameter
from kfunclint.facts.kfunc import Kfunc
from kfunclint.facts.sets import Entry
from kfunclint.finding import Level, Remark
from kfunclint.flow.account import Outcome
from kfunclint.flow.deeds import Made
from kfunclint.flow.questions import outcomes, parameter
from kfunclint.flow.terms import Term, base_pointer
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.fixes import add_flag
from kfunclint.rule.reasons import seen
from kfunclint.rule.rule import rule

# what says that the last reference is gone, of a count that need not be that of the object
_COUNTS = ("refcount_", "atomic_", "percpu_ref_")
# whoever adds such a node to a list or tree gives it away: kernel/bpf/verifier.c: check_kfunc_args()
_GIVEN_AWAY = ("struct bpf_list_node", "struct bpf_rb_node")


@rule(Kfunc, Level.WARNING, needs_body=True, contract=("B5",), see="kernel/bpf/verifier.c: check_kfunc_call()")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc frees or puts what it takes and is registered without KF_RELEASE.

    Only KF_RELEASE tells the verifier that the object is gone behind the call. Without it a program may go on to use
    it, or release it again: both are a use after free.

    Bad:
        BTF_ID_FLAGS(func, bpf_foo_put)                   (bpf_foo_put() calls kfree(foo))
    Good:
        BTF_ID_FLAGS(func, bpf_foo_put, KF_RELEASE)
    """
    del kernel
    entries = [entry for entry in kfunc.entries if _lacks_flag(entry)]
    if not entries:
        return
    gone = next((gone for outcome in outcomes(kfunc.account) for gone in _gone(kfunc, outcome)), None)
    if gone is None:
        return
    made, own = gone
    given_back = seen(kfunc, made.call.node, "it is given back here")
    for entry in entries:
        yield Remark(
            entry.at,
            f"{kfunc.name}() gives {own.name} back with {made.name}(), but is registered without KF_RELEASE, "
            "so programs may go on to use it",
            (given_back,),
            add_flag(entry, "KF_RELEASE"),
            or_at=(given_back.at,),
            here="registered here",
        )


def _lacks_flag(entry: Entry) -> bool:
    """May programs call it for anything but to end an iterator, without the flag?"""
    if entry.flags is None or entry.set is None or entry.set.is_fmodret or entry.flag("KF_RELEASE"):
        return False
    return not any(flag.name.startswith("KF_ITER_") for flag in entry.flags)


def _gone(kfunc: Kfunc, outcome: Outcome) -> Iterator[tuple[Made, Parameter]]:
    """The calls that free a parameter, or give back a reference on it that the kfunc has not taken."""
    taken: set[Term] = set()
    for made in outcome.path.deeds.made:
        row = made.row
        if row.takes is not None and row.takes < len(made.given):
            taken.add(base_pointer(made.given[row.takes]))
        for at in (*row.puts, *row.frees):
            term = base_pointer(made.given[at]) if at < len(made.given) else None
            own = parameter(kfunc.signature.parameters, term)
            if own is None or term in taken or term in outcome.path.deeds.kept or made.name.startswith(_COUNTS):
                continue
            if not own.type.startswith(_GIVEN_AWAY):
                yield made, own
