from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Remark
from kfunclint.flow.account import Outcome
from kfunclint.flow.deeds import Made
from kfunclint.flow.questions import fails, outcomes
from kfunclint.flow.terms import base_pointer
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.reasons import about_return, seen
from kfunclint.rule.rule import rule


@rule(Kfunc, Level.WARNING, needs_body=True, see="rules/tables/functions.toml")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc fails and loses a reference, or memory, that it took.

    On the path that is named it returns an error, or nothing, and neither gives back nor stores what it got before.
    Each program that provokes the failure leaks one.

    Bad:
        file = fget(fd);
        if (!file)
                return -EBADF;
        if (foo->size > FOO_MAX)
                return -E2BIG;
        fput(file);
    Good:
        if (foo->size > FOO_MAX) {
                fput(file);
                return -E2BIG;
        }
    """
    del kernel
    said: set[tuple[int, int]] = set()
    for outcome in outcomes(kfunc.account):
        for made in _lost(outcome):
            assert outcome.node is not None
            taken = made.call.node
            if (outcome.node.line, taken.line) in said:
                continue
            said.add((outcome.node.line, taken.line))
            row = made.row
            what = f"a reference of {made.name}()" if row.put else f"the memory of {made.name}()"
            yield about_return(
                kfunc,
                outcome,
                f"{kfunc.name}() returns here and loses {what}",
                Fix(f"call {row.put or 'kfree'}() first"),
                origin=seen(kfunc, taken, "taken here"),
                behind=taken,
                or_at=(kfunc.place(taken),),
            )


def _lost(outcome: Outcome) -> Iterator[Made]:
    """What was taken on a path that fails, and went nowhere."""
    if outcome.node is None or not fails(outcome):
        return
    path, deeds = outcome.path, outcome.path.deeds
    gone = {term for term, _ in deeds.released} | deeds.kept | deeds.given
    gone |= {base_pointer(term) for term in deeds.cleaned}
    for made in deeds.made:
        row = made.row
        if not row.result or (row.result == "reference" and not row.put) or made.result in gone:
            continue
        known = path.known(made.result)
        if known.is_nonzero and not known.error and (outcome.value is None or made.result not in outcome.value.parts):
            yield made
