from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Level, Remark
from kfunclint.flow.account import Use
from kfunclint.flow.questions import null_when, nullness, uses
from kfunclint.flow.terms import Term
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.fixes import test_first
from kfunclint.rule.reasons import about_use, came_from, null_tests
from kfunclint.rule.rule import rule

_MOST_SHOWN = 10  # findings in one kfunc that do so: each looks through all paths


@rule(
    Kfunc,
    Level.WARNING,
    needs_body=True,
    contract=("B20", "G2", "G3", "G4", "G5", "G11", "G16"),
    see="rules/tables/may_be_null.toml",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc reads through the result of a lookup without a test for NULL.

    An allocation, the search for a task, a file or a device, the mm of a task, or a pointer that RCU hands out gives
    NULL in the normal course of things. On the path that is named nothing has tested it when it is read through, so a
    program can crash the kernel.

    Bad:
        task = find_task_by_vpid(pid);
        return task->tgid;
    Good:
        task = find_task_by_vpid(pid);
        if (!task)
                return -ESRCH;
        return task->tgid;
    """
    del kernel
    tasks = {one.name for one in kfunc.signature.parameters if one.type == "struct task_struct *"}
    seen: set[Term] = set()
    for use in uses(kfunc.account, "read"):
        why = null_when(use.term, tasks, kfunc.definition.accounts.behaviours)
        null = nullness(use.term, use.path) if why and use.term not in seen else None
        if null is None:
            continue
        seen.add(use.term)
        name = _name(use)
        tests = null_tests(kfunc, use, null) if null == "null" or len(seen) <= _MOST_SHOWN else ()
        how = "where a test says that it is NULL" if null == "null" and tests else "without a test"
        origin = came_from(kfunc, use.term, "it comes from here")
        yield about_use(
            kfunc,
            use,
            f"{kfunc.name}() reads through {name} {how}, but it is NULL if {why}",
            test_first(kfunc, use, name, null),
            here="read here",
            origin=origin,
            tests=tests,
            or_at=(origin.at,) if origin else (),
        )


def _name(use: Use) -> str:
    """The variable that is read through, or where the pointer comes from."""
    base = use.node.kids[0] if use.node.kids else use.node
    if base.kind == "name" and not use.calls and use.node.kind != "call":
        return base.text
    term = use.term
    if term.kind == "call":
        return "the pointer that RCU protects" if term.text == "rcu_dereference" else f"the result of {term.text}()"
    if term.kind == "member":
        inner = term.kids[0]
        return (
            f"{inner.text}->{term.text}" if inner.kind in ("param", "global") or inner.text == "current" else term.text
        )
    return term.text
