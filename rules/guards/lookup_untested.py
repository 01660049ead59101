from collections.abc import Collection, Iterator
from functools import partial

from kfunclint.c.syntax import Node
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Reason, Remark
from kfunclint.flow.queries import dereferences, other_tests
from kfunclint.kernel.kernel import Kernel
from kfunclint.resources import table
from kfunclint.rule.rule import rule

_MOST_TESTS = 3  # that a finding points at
_MOST_SHOWN = 10  # findings in one kfunc that do so: each looks through the whole body


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
    assert kfunc.definition.body is not None
    tasks = {parameter.name for parameter in kfunc.signature.parameters if parameter.type == "struct task_struct *"}
    seen: set[str] = set()
    for found in dereferences(kfunc.definition.body):
        for source in found.sources:
            why = _may_be_null(source, tasks)
            if why is None or found.node.text in seen:
                continue
            seen.add(found.node.text)
            at, given = kfunc.place(found.node), kfunc.place(source)
            few = len(seen) <= _MOST_SHOWN
            tests = other_tests(kfunc.definition.body, found.node, partial(_tests, found.node.text)) if few else ()
            yield Remark(
                at,
                f"{kfunc.name}() reads through {found.node.text} without a test, but it is NULL if {why}",
                (
                    Reason(given, "it comes from here"),
                    *(Reason(kfunc.place(test.node), test.note) for test in tests[:_MOST_TESTS]),
                ),
                Fix(f"test {found.node.text} for NULL first"),
                or_at=(given,),
            )


def _tests(name: str, node: Node) -> bool:
    return node.kind == "name" and node.text == name


def _may_be_null(source: Node, tasks: Collection[str]) -> str | None:
    """When an expression gives NULL, in words; None for one that is not known to. `tasks` are variables."""
    known = table("may_be_null")
    words: str | None = None
    if source.kind == "member":
        of_task = source.kids[0].text == "current" or source.kids[0].text in tasks
        words = known["task"].get(source.text.removeprefix("->")) if of_task else None
    else:
        words = known["variable" if source.kind == "name" else "call"].get(source.text)
    return words
