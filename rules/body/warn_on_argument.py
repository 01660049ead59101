from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Reason, Remark
from kfunclint.flow.account import Use
from kfunclint.flow.questions import uses
from kfunclint.flow.terms import Term
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.reasons import about_use
from kfunclint.rule.rule import rule

# variables that are set at boot and never again: include/linux/cpumask.h, lib/nodemask.c
_CONSTANT = frozenset({"nr_cpu_ids", "nr_node_ids"})


@rule(Kfunc, Level.WARNING, needs_body=True, contract=("B15",), see="kernel/panic.c: __warn()")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc warns about a number that programs choose.

    A WARN() is for what cannot happen. What is asked here is an argument and nothing else, so any program can set it
    off: the log fills, and a kernel with panic_on_warn stops, as it does at once where it is a BUG().

    Bad:
        if (WARN_ON_ONCE(kind >= FOO_KINDS))
                return -EINVAL;
    Good:
        if (kind >= FOO_KINDS)
                return -EINVAL;
    """
    del kernel
    said: set[int] = set()
    for use in _alarms(kfunc):
        names = _arguments(kfunc, use)
        if not names or id(use.node) in said:
            continue
        said.add(id(use.node))
        comes = "the argument comes" if len(names) == 1 else "the arguments come"
        yield about_use(
            kfunc,
            use,
            f"{kfunc.name}() calls {use.node.text}() for what a program passes as {' and '.join(names)}, "
            "so any program can set it off",
            Fix("return an error without it"),
            here="the warning is here",
            origin=Reason(kfunc.at, f"{comes} from the program"),
        )


def _alarms(kfunc: Kfunc) -> Iterator[Use]:
    yield from uses(kfunc.account, "warn")
    yield from (use for use in uses(kfunc.account, "call") if use.node.text == "BUG")


def _arguments(kfunc: Kfunc, use: Use) -> tuple[str, ...]:
    """The numbers among the parameters that alone decide on it; none where anything else does, or may have."""
    conditions = use.term.kids if use.kind == "warn" else ()
    before = use.path.decisions
    if not any(part.kind == "param" for one in conditions for part in one.parts):
        conditions, before = tuple(one.term for one in before[-1:]), before[:-1]
    parts = {part for one in conditions for part in one.parts if not part.kids}
    own = {part for part in parts if part.kind == "param"}
    asked = any(one.term.parts & own for one in before)
    if not own or asked or not all(_is_certain(part) for part in parts - own) or _calls(conditions):
        return ()
    scalars = {one.name for one in kfunc.signature.parameters if one.is_scalar}
    return tuple(sorted(one.text for one in own)) if {one.text for one in own} <= scalars else ()


def _is_certain(part: Term) -> bool:
    """Is it the same each time?"""
    return part.kind in ("const", "size") or (part.kind == "global" and (part.text.isupper() or part.text in _CONSTANT))


def _calls(conditions: tuple[Term, ...]) -> bool:
    return any(part.kind not in ("op", "cast") for one in conditions for part in one.parts if part.kids)
