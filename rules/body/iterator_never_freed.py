from collections.abc import Iterator

from kfunclint.c.syntax import Node
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Remark
from kfunclint.flow.account import Account, Outcome
from kfunclint.flow.questions import outcomes, uses
from kfunclint.flow.terms import Term, compound, member
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.reasons import seen
from kfunclint.rule.rule import rule


@rule(
    Kfunc,
    Level.WARNING,
    strict=True,
    needs_body=True,
    flag="KF_ITER_NEXT",
    see="kernel/bpf/helpers.c: bpf_iter_bits_next(), bpf_iter_bits_destroy()",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """An iterator's next clears the member by which destroy decides to free.

    Programs call destroy behind the last element, too. It then takes the iterator for one that never had any memory,
    and what the constructor allocated is lost.

    Bad:
        if (kit->pos >= kit->nr) {
                kit->nr = 0;
                return NULL;      (bpf_iter_foo_destroy() calls kfree(kit->foos) only where kit->nr is not 0)
    Good:
        if (kit->pos >= kit->nr)
                return NULL;
    """
    del kernel
    state = _state(kfunc.account) if kfunc.has("KF_ITER_NEXT") else None
    if state is None:
        return
    for destroy in _destructors(kfunc):
        for outcome in outcomes(kfunc.account):
            lost = _lost(outcome, state, destroy)
            at = _store(kfunc, lost[0]) if lost is not None else None
            if lost is None or at is None:
                continue
            yield Remark(
                kfunc.place(at),
                f"{kfunc.name}() sets {lost[0].text} to {outcome.path.memory[lost[0]].text}, by which "
                f"{destroy.function.name}() knows that there is nothing to free: the memory is lost",
                (seen(kfunc, lost[1], "freed here, on another path"),),
                Fix(f"leave {lost[0].text} as it is"),
                or_at=(kfunc.place(lost[1]),),
                here="set here",
            )
            return


def _destructors(kfunc: Kfunc) -> Iterator[Account]:
    """What the destructors of its sets do that take the same state."""
    accounts = kfunc.definition.accounts
    for entry in kfunc.entries:
        for other in entry.set.entries if entry.set is not None else ():
            function = accounts.functions.get(other.name) if other.flag("KF_ITER_DESTROY") else None
            types = [one.type for one in function.parameters[:1]] if function is not None else []
            account = accounts.of(other.name, function.body) if function is not None else None
            if account is not None and types == [one.type for one in kfunc.signature.parameters[:1]]:
                yield account


def _state(account: Account | None) -> Term | None:
    """The parameter that points to the state of an iterator."""
    parameters = account.function.parameters if account is not None else ()
    return Term("param", parameters[0].name) if parameters else None


def _lost(outcome: Outcome, state: Term, destroy: Account) -> tuple[Term, Node] | None:
    """A member that is set to a number on a path that frees nothing, so that the destructor never frees, and where that
    does it otherwise."""
    path, deeds = outcome.path, outcome.path.deeds
    there = _state(destroy)
    if there is None or state in deeds.given or any(state in term.parts for term, _ in deeds.released):
        return None
    for place, value in path.memory.items():
        if place.kind != "member" or place.kids[0] != state or value.number is None:
            continue
        field = member(there, place.text)
        ends = [(end, freed) for end in outcomes(destroy) if (freed := _freed(end, there, field)) is not None]
        before = [freed for end, freed in ends if end.path.known(field).meet(path.known(place)) is not None]
        if before and not any(_may_hold(end, field, value) for end, _ in ends):
            return place, before[0]
    return None


def _freed(end: Outcome, state: Term, field: Term) -> Node | None:
    """The call that frees what another member of a state points to, on one path."""
    for term, mark in end.path.deeds.released:
        if term.kind == "member" and term.kids[0] == state and term != field:
            return mark.node
    return None


def _may_hold(end: Outcome, field: Term, value: Term) -> bool:
    """May a member have had that value at the start of a path?"""
    return any(True for _ in end.path.assuming(compound("op", "==", (field, value)), holds=True))


def _store(kfunc: Kfunc, place: Term) -> Node | None:
    """The assignment to a member."""
    return next((use.node for use in uses(kfunc.account, "store") if use.term == place and not use.calls), None)
